"""Creating a Tryton database and activating modules, as `trytond-admin -u` does."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from trytond import __series__, backend, config
from trytond.modules import get_modules
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError, inactive_records

from sichern.hosts.tryton.demo.errors import DatabaseExists, ModuleMissing

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Session:
    """Transactions on one database in which nobody else works, as one user in one context.

    Tryton asks for a lock by ending the transaction, to be run again with it: a locked
    table stays on the list, whole, so that the next batch does not run in vain first.
    """

    def __init__(self, database: str, *, user: int = 0, **context: object) -> None:
        self.database = database
        self._user = user
        self._context = context
        self._tables: list[str] = []

    def acting(self, user: int, **context: object) -> "Session":
        """Give the same session as another user; the locks are the same ones."""
        other = Session(self.database, user=user, **context)
        other._tables = self._tables
        return other

    def run(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Call `work` in one transaction without access checks and warnings, and commit."""
        context = {"_check_access": False, "_skip_warnings": True, **self._context}
        while True:
            with Transaction().start(
                self.database, self._user, context=context, _lock_tables=list(self._tables)
            ) as transaction:
                try:
                    return work(*args, **kwargs)
                except TransactionError as error:
                    transaction.rollback()
                    self._remember(error)
                finally:
                    # What `ir.queue` should run is for a worker, not for the next transaction.
                    transaction.tasks.clear()

    def _remember(self, error: TransactionError) -> None:
        extras: dict[str, Iterable[str]] = {}
        error.fix(extras)
        wanted = {table for tables in extras.values() for table in tables}
        if not wanted - set(self._tables):
            raise error
        self._tables += sorted(wanted - set(self._tables))


def check_modules(modules: Sequence[str]) -> None:
    """Raise ModuleMissing where one of the modules is not installed."""
    if missing := sorted(set(modules) - set(get_modules())):
        raise ModuleMissing(modules=", ".join(missing))


def create(database: str) -> None:
    """Create an empty database of Tryton's own tables.

    Raises DatabaseExists.
    """
    with Transaction().start(None, 0, autocommit=True) as transaction:
        if _exists(transaction.connection, database):
            raise DatabaseExists(database=database)
        transaction.database.create(transaction.connection, database)
    opened = backend.Database(database)
    opened.connect()
    opened.init()


def copy(database: str, name: str) -> None:
    """Copy a database on SQLite beside itself.

    Raises DatabaseExists.
    """
    path = Path(config.get("database", "path"))
    if (path / f"{name}.sqlite").exists():
        raise DatabaseExists(database=name)
    # The backup API, since a file in WAL mode is not the whole database.
    with (
        closing(sqlite3.connect(path / f"{database}.sqlite")) as source,
        closing(sqlite3.connect(path / f"{name}.sqlite")) as target,
    ):
        source.backup(target)


def _exists(connection: Any, database: str) -> bool:
    if backend.name == "sqlite":
        return Path(config.get("database", "path"), f"{database}.sqlite").exists()
    # Opening it would tell as well, but the pool tries for half a minute first.
    cursor = connection.cursor()
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
    return cursor.fetchone() is not None


def activate(
    session: Session, modules: Sequence[str], languages: Sequence[str], password: str
) -> None:
    """Activate the modules and what they depend on, load the languages, let the admin in."""
    main = config.get("database", "language")
    codes = {main, *languages}
    pool = Pool(session.database)
    pool.init(update=list(modules), lang=list(codes), activatedeps=True)
    session.run(lambda: pool.get("ir.module").update_list())
    session.run(_open, codes, main, password)


def _open(codes: set[str], main: str, password: str) -> None:
    pool = Pool()
    language = pool.get("ir.lang")
    language.write(language.search([("code", "in", list(codes))]), {"translatable": True})
    with inactive_records():
        (admin,) = pool.get("res.user").search([("login", "=", "admin")])
    admin.password = password
    admin.save()
    configuration = pool.get("ir.configuration")(1)
    configuration.series = __series__
    configuration.language = main
    configuration.save()
    items = pool.get("ir.module.config_wizard.item")
    items.write(items.search([]), {"state": "done"})
