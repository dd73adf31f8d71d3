"""PostgreSQL: a session that no setting of a role, database or server can bend, and COPY."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from sichern.source.errors import (
    DatabaseUnavailable,
    TemporaryTablesDenied,
    UnsupportedDatabase,
    reason_of,
    translate,
    translated,
)

PINNED: Mapping[str, str] = {
    # These can end the session's statements, so they come first.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    # These change the text of values.
    "client_encoding": "UTF8",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    # These change which rows are read, in which order, and what a statement means.
    "row_security": "off",
    "search_path": "",
    "synchronize_seqscans": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    # Compiling a statement of a hundred parts takes seconds, running it takes milliseconds.
    "jit": "off",
    # A login that may only read often has this; temporary tables are made outside the snapshot.
    "default_transaction_read_only": "off",
}
"""Settings of every session; those that a server does not know are left out."""
ATTEMPTS = 20
"""How often a statement is tried until it is faster than the statement timeout of the login."""
KEEPALIVE = {
    "connect_timeout": "30",
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
"""A server that vanished without a word is noticed after two minutes, not two hours."""
BLOCK = 1 << 18
"""Bytes that a block of lines has at least, but the last."""


def connect(
    url: sa.URL, temporary: Sequence[sa.Table]
) -> tuple[sa.Connection, sa.RootTransaction]:
    """Open the connection and its snapshot, as `open_snapshot` says."""
    connection = open_connection(url, temporary)
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


def open_connection(
    url: sa.URL, temporary: Sequence[sa.Table], settings: Mapping[str, str] | None = None
) -> sa.Connection:
    """Open a connection with the pinned settings, and others, and make its temporary tables.

    Raises DatabaseUnavailable, UnsupportedDatabase, TemporaryTablesDenied.
    """
    url = url.set(drivername="postgresql+psycopg", query={**KEEPALIVE, **url.query})
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    pinned = {**PINNED, **(settings or {})}
    sa.event.listen(engine, "do_connect", partial(_connect, pinned))
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
    pinned: Mapping[str, str],
    _dialect: sa.Dialect,
    _record: object,
    arguments: list[Any],
    keywords: dict[str, Any],
) -> psycopg.Connection[Any]:
    """Connect and pin the settings before anything else is asked."""
    connection = psycopg.connect(*arguments, **keywords, autocommit=True)
    try:
        for name, value in pinned.items():
            _pin(connection, name, value)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _pin(connection: psycopg.Connection[Any], name: str, value: str) -> None:
    for attempt in range(ATTEMPTS):
        try:
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
        except psycopg.errors.QueryCanceled:
            if attempt + 1 == ATTEMPTS:
                raise
        except psycopg.errors.UndefinedObject:
            return
        else:
            return


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
    except sa.exc.DBAPIError as error:
        if isinstance(
            error.orig,
            psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction,
        ):
            raise TemporaryTablesDenied(reason=_reason(error)) from error
        raise cast(Exception, translate(error)) from error


def _reason(error: Exception) -> str:
    return reason_of(getattr(error, "orig", None) or error)


def copy(
    connection: sa.Connection, statement: sa.Select[Any]
) -> Generator[bytes, None, None]:
    """Stream a statement with COPY in blocks of complete lines.

    No other statement can run on the connection until the iterator is exhausted or closed.
    """
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    # The driver's marks for parameters made SQLAlchemy double every percent sign; there are
    # no parameters left, so the driver does not take that back.
    query = str(compiled).replace("%%", "%")
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    # Closing the iterator early cancels the COPY, which would end the snapshot's transaction.
    held = not driver.autocommit
    with translated():
        if held:
            driver.execute("SAVEPOINT sichern_copy")
        finished = False
        try:
            command = f"COPY ({query}) TO STDOUT".encode()
            with driver.cursor() as cursor, cursor.copy(command) as out:
                lines: list[bytes] = []
                size = 0
                for line in out:
                    lines.append(bytes(line))
                    size += len(line)
                    if size >= BLOCK:
                        yield b"".join(lines)
                        lines, size = [], 0
                if lines:
                    yield b"".join(lines)
            finished = True
        finally:
            if held and not driver.closed and not driver.broken:
                if not finished:
                    driver.execute("ROLLBACK TO SAVEPOINT sichern_copy")
                driver.execute("RELEASE SAVEPOINT sichern_copy")
