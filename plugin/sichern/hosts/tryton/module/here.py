"""The database of the transaction that goes on, asked in the words of the command line's host."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import trytond.config as config
from trytond import backend
from trytond.transaction import Transaction

from sichern.hosts.tryton.host import TrytonHost
from sichern.hosts.tryton.installation import Installation

_NAMED = re.compile(r"(?<!:):(\w+)")


class Here:
    """What `users` asks of an installation, answered inside the current transaction.

    So a right that was just given or taken counts, and there is one rule for who may do what.
    """

    @property
    def database(self) -> str:
        """The database's name."""
        return str(Transaction().database.name)

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[Any]]:
        """Ask one question with `:name` parameters, and give all its rows."""
        if backend.name != "sqlite":
            sql = _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))
        cursor = Transaction().connection.cursor()
        cursor.execute(sql, dict(parameters or {}))
        return iter(cursor.fetchall())

    def has_table(self, name: str) -> bool:
        """Whether a module with this table was ever active."""
        return bool(backend.TableHandler.table_exist(name))

    def configured(self, section: str, option: str) -> bool:
        """Whether the configuration of this process says something."""
        return bool(config.get(section, option))


def host_here(kind: type[TrytonHost]) -> TrytonHost:
    """Build a host that asks the current transaction for rights and companies.

    It opens no source and no target: that is for a run's own process.
    """
    return kind(cast(Installation, Here()))
