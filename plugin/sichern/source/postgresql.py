"""PostgreSQL: the snapshot of a session, and COPY."""

from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from sichern.source.errors import DatabaseUnavailable, TemporaryTablesDenied, UnsupportedDatabase
from sichern.source.lines import gathered
from sichern.source.login import Login
from sichern.source.reason import reason_of
from sichern.source.session import open_session
from sichern.source.settings import KEEPALIVE
from sichern.source.translation import translate, translated
from sichern_hooks import SichernError

ENGINES = 4
"""Databases whose engine is kept for their next snapshot."""
LARGEST = """
SELECT coalesce(max(relpages), 0) * current_setting('block_size')::bigint
FROM pg_catalog.pg_class WHERE relkind = 'r' AND oid >= 16384
"""
"""The bytes of the largest table but the server's own, as its statistics have them."""
_PLAIN = frozenset((
    "host", "hostaddr", "port", "user", "password", "passfile", "dbname", "options",
    "application_name", "fallback_application_name", "client_encoding", "tcp_user_timeout",
    "sslcertmode",  # libpq names it always, and the run's own session holds to it
))  # fmt: skip
_SECURED = frozenset((
    "sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version",
))  # fmt: skip
"""What both drivers call the same."""


def connect(
    url: sa.URL, temporary: Sequence[sa.Table]
) -> tuple[sa.Connection, sa.RootTransaction]:
    """Open the connection and its snapshot, as `open_snapshot` says."""
    connection = open_connection(_kept_engine(url), temporary)
    try:
        with translated():
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            transaction = connection.begin()
            connection.execute(sa.select(1))  # the first query takes the snapshot, not BEGIN
    except BaseException:
        connection.close()
        raise
    return connection, transaction


def make_engine(url: sa.URL, settings: Mapping[str, str] | None = None) -> sa.Engine:
    """Make what opens connections with the pinned settings, and others; it keeps none open."""
    url = url.set(drivername="postgresql+psycopg", query={**KEEPALIVE, **url.query})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    sa.event.listen(engine, "do_connect", partial(_connect, settings or {}))
    return engine


@lru_cache(ENGINES)
def _kept_engine(url: sa.URL) -> sa.Engine:
    """The engine of one database for all its tenants, with the statements it has compiled."""
    return make_engine(url)


def open_connection(engine: sa.Engine, temporary: Sequence[sa.Table]) -> sa.Connection:
    """Open a connection, and make its temporary tables.

    Raises DatabaseUnavailable, UnsupportedDatabase, TemporaryTablesDenied.
    """
    try:
        connection = engine.connect()
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        raise DatabaseUnavailable(reason=_reason(error)) from error
    try:
        _check_encoding(connection)
        _make(connection, temporary)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(
    settings: Mapping[str, str],
    _dialect: sa.Dialect,
    _record: object,
    arguments: list[Any],
    keywords: dict[str, Any],
) -> psycopg.Connection[Any]:
    return open_session(*arguments, settings=settings, **keywords)


def _check_encoding(connection: sa.Connection) -> None:
    with translated():
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding == "SQL_ASCII":
        raise UnsupportedDatabase(kind=f"PostgreSQL {encoding}")


def _make(connection: sa.Connection, temporary: Sequence[sa.Table]) -> None:
    try:
        for table in temporary:
            connection.execute(sa.schema.CreateTable(table))
        connection.commit()
    except (sa.exc.DBAPIError, SichernError) as error:
        # Translated already where the engine is one that is kept.
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error.__cause__
        if isinstance(
            cause, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction
        ):
            raise TemporaryTablesDenied(reason=reason_of(cause)) from error
        if isinstance(error, SichernError):
            raise
        raise cast(Exception, translate(error)) from error


def _reason(error: Exception) -> str:
    return reason_of(getattr(error, "orig", None) or error)


def export_snapshot(connection: sa.Connection) -> Login | None:
    """Let other sessions into the snapshot, until its transaction ends.

    None where the way to the server is one that only this driver knows.
    """
    reached = _driver(connection).info
    parameters = reached.get_parameters()
    if not parameters.keys() <= _PLAIN | _SECURED | KEEPALIVE.keys():
        return None
    secured = {name: value for name, value in parameters.items() if name in _SECURED}
    options = parameters.get("options")
    with translated():
        name = connection.exec_driver_sql("SELECT pg_catalog.pg_export_snapshot()").scalar_one()
    return Login(
        host=reached.host or reached.hostaddr,
        port=reached.port,
        user=reached.user,
        password=reached.password,
        database=reached.dbname,
        secured=secured,
        options={"options": options} if options else {},
        snapshot=str(name),
    )


def copied(connection: sa.Connection, statement: sa.Select[Any]) -> str:
    """The text of a statement, to be copied."""
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    # The driver's marks for parameters made SQLAlchemy double every percent sign; there are
    # no parameters left, so the driver does not take that back.
    return str(compiled).replace("%%", "%")


def copy(
    connection: sa.Connection, statement: sa.Select[Any]
) -> Generator[bytes, None, None]:
    """Stream a statement with COPY in blocks of complete lines.

    No other statement can run on the connection until the iterator is exhausted or closed.
    """
    command = f"COPY ({copied(connection, statement)}) TO STDOUT".encode()
    driver = _driver(connection)
    # Closing the iterator early cancels the COPY, which would end the snapshot's transaction.
    held = not driver.autocommit
    with translated():
        if held:
            driver.execute("SAVEPOINT sichern_copy")
        finished = False
        try:
            with driver.cursor() as cursor, cursor.copy(command) as out:
                yield from gathered(map(bytes, out))
            finished = True
        finally:
            if held and not driver.closed and not driver.broken:
                if not finished:
                    driver.execute("ROLLBACK TO SAVEPOINT sichern_copy")
                driver.execute("RELEASE SAVEPOINT sichern_copy")


def _driver(connection: sa.Connection) -> "psycopg.Connection[Any]":
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
