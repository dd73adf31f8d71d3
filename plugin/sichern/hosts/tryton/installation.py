"""A Tryton system by its configuration: the database's URL, and short questions to it."""

import configparser
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from sichern.hosts.tryton.errors import (
    BackendLoaded,
    BackendUnknown,
    ConfigUnreadable,
    DatabaseMissing,
    DatabaseUnavailable,
    VersionDiffers,
    one_line,
)
from sichern.hosts.tryton.settings import Settings

_SERIES = "SELECT series FROM ir_configuration"
CONNECT_TIMEOUT = 10
"""Seconds until a database server that does not answer counts as not there."""


class Installation:
    """One database of one Tryton system.

    trytond is imported here and no earlier: it sets the process's time zone to UTC, and has one
    configuration and one kind of database per process.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the configuration and ask the database for its version.

        Raises HostUnavailable.
        """
        self.settings = settings
        self.database = settings.database
        self._parsed = _parse(settings.config)
        from trytond import __series__, config

        config.update_etc(str(settings.config))
        self.url = database_url(
            str(config.get("database", "uri")), str(config.get("database", "path")), self.database
        )
        self._check_backend()
        self._engine = sa.create_engine(self.url, poolclass=NullPool)
        series = next((str(row[0]) for row in self.rows(_SERIES) if row[0]), __series__)
        if series != __series__:
            raise VersionDiffers(database=self.database, found=series, installed=__series__)

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the database: with `rows` a `sichern_hooks.Reader`."""
        return self.url.get_backend_name()

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[Any]]:
        """Ask the database one question, outside of any snapshot, and give all its rows.

        Raises DatabaseUnavailable.
        """
        try:
            with self._engine.connect() as connection:
                return iter(connection.execute(sa.text(sql), parameters or {}).all())
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise DatabaseUnavailable(database=self.database, reason=one_line(cause)) from error

    def has_table(self, name: str) -> bool:
        """Whether a module with this table was ever active."""
        try:
            return sa.inspect(self._engine).has_table(name)
        except SQLAlchemyError as error:
            raise DatabaseUnavailable(database=self.database, reason=one_line(error)) from error

    def configured(self, section: str, option: str) -> bool:
        """Whether Tryton's configuration says something itself, beside trytond's own defaults."""
        variable = f"TRYTOND_{section}__{option}".upper()
        return self._parsed.has_option(section, option) or variable in os.environ

    def _check_backend(self) -> None:
        from trytond import backend

        if backend.name != self.dialect:
            raise BackendLoaded(loaded=backend.name, wanted=self.dialect)


def _parse(path: Path) -> configparser.RawConfigParser:
    """Read the file once more than trytond does, which goes on without it where it cannot."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise ConfigUnreadable(path=str(path), reason=str(reason)) from error
    except configparser.Error as error:
        raise ConfigUnreadable(path=str(path), reason=one_line(error)) from error
    return parser


def database_url(uri: str, folder: str, database: str) -> sa.URL:
    """Say in SQLAlchemy's words what trytond connects to.

    Raises BackendUnknown, DatabaseMissing, DatabaseUnavailable.
    """
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    if scheme == "sqlite":
        return sa.URL.create("sqlite", database=str(_file(Path(folder), database)))
    if scheme != "postgresql":
        raise BackendUnknown(scheme=parts.scheme or uri.partition(":")[0])
    try:
        port = parts.port
    except ValueError as error:
        raise DatabaseUnavailable(database=database, reason=one_line(error)) from error
    query = {"connect_timeout": str(CONNECT_TIMEOUT), **dict(parse_qsl(parts.query))}
    return sa.URL.create(
        "postgresql+psycopg",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        host=_host(parts.netloc),
        port=port,
        database=database,
        query=query,
    )


def _host(netloc: str) -> str | None:
    """The host as it is spelled: a socket's folder may have capitals, which `hostname` loses."""
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return unquote(host.partition(":")[0]) or None


def _file(folder: Path, database: str) -> Path:
    """The file of a database on SQLite; one that is not there would be made by opening it."""
    path = folder / f"{database}.sqlite"
    # trytond, too, refuses a name that leads to another folder.
    if Path(database).name == database:
        with suppress(OSError):
            if path.is_file():
                return path.resolve()
    raise DatabaseMissing(database=database, path=str(path))
