"""Fill temporary tables with the lines of an archive, before anything is written."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import cast

import psycopg

from sichern.schema.errors import MalformedRow, MalformedText, UnreadableValue
from sichern.schema.table import TableSchema, WireColumn, table_schema
from sichern.schema.tsv import lines
from sichern.schema.wire import Raw, Wire
from sichern.source.errors import reason_of
from sichern.target.errors import RowRefused, translate
from sichern.target.session import TargetSession
from sichern.tenancy.sql import name as quoted

EXTERNAL = "external:"
"""What the names of columns with external identities begin with."""


def stage(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    *,
    table: str,
    like: str | None,
    numeric_as_bytes: bool = False,
) -> int:
    """Make the temporary table `name` with the columns, fill it; give the number of rows.

    `blocks` are complete lines of the archive, cut anywhere. `table` names the rows in errors.
    On PostgreSQL the columns have the types of the table `like` (quoted, with its schema), on
    SQLite none: values are as the host's own programs store them, numbers as bytes of their
    digits where `numeric_as_bytes` says so.

    Raises RowRefused, MalformedRow, MalformedText, and what the database may raise.
    """
    if session.dialect == "postgresql":
        return _copy(session, name, columns, blocks, table, like)
    return _insert(session, name, columns, blocks, table, numeric_as_bytes)


def _copy(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    table: str,
    like: str | None,
) -> int:
    selected = ", ".join(_typed(column, like) for column in columns)
    origin = f" FROM {like}" if like is not None else ""
    session.ask(f"CREATE TEMPORARY TABLE {quoted(name)} AS SELECT {selected}{origin} WITH NO DATA")
    driver = cast("psycopg.Connection[object]", session.connection.connection.driver_connection)
    count = _Count(table)
    command = f"COPY pg_temp.{quoted(name)} FROM STDIN".encode()
    try:
        with driver.cursor() as cursor:
            with cursor.copy(command) as copy:
                for block in count.seen(blocks):
                    copy.write(block)
            copied = cursor.rowcount
    except psycopg.Error as error:
        raise _refused(error, table, name) or translate(error) or error from error
    if copied != count.lines:
        # A line of `\.` ends the data for COPY, and it passes over the rest without a word.
        raise RowRefused(table=table, line=copied + 1, reason=r"\.")
    session.ask(f"ANALYZE pg_temp.{quoted(name)}")
    return copied


def _typed(column: WireColumn, like: str | None) -> str:
    if like is not None and not column.name.startswith(EXTERNAL):
        return quoted(column.name)
    kind = "bigint" if like is None and column.wire == "integer" else "text"
    return f"CAST(NULL AS {kind}) AS {quoted(column.name)}"


class _Count:
    """Counts lines on their way, and stops what COPY would read in another way than we do."""

    def __init__(self, table: str) -> None:
        self._table = table
        self.lines = 0

    def seen(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        last = b"\n"
        for block in blocks:
            if b"\r" in block:
                raise MalformedText(text="\\r")
            self.lines += block.count(b"\n")
            last = block[-1:] or last
            yield block
        if last != b"\n":
            raise MalformedRow(table=self._table, reason="no line feed")


_REFUSED = ("22", "23", "54")
"""Classes of PostgreSQL's codes: data exception, a domain's check, a limit of the program."""


def _refused(error: psycopg.Error, table: str, name: str) -> RowRefused | None:
    if not (error.sqlstate or "").startswith(_REFUSED):
        return None
    # `COPY name, line 3, column v: "x"`, in the language of the server.
    context = (error.diag.context or "").removeprefix(f"COPY {name}")
    line = re.search(r"\d+", context)
    return RowRefused(table=table, line=line[0] if line else "?", reason=reason_of(error))


def _insert(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    table: str,
    numeric_as_bytes: bool,
) -> int:
    schema = table_schema(table, columns)
    names = ", ".join(quoted(column.name) for column in columns)
    session.ask(f"CREATE TEMPORARY TABLE {quoted(name)} ({names})")
    driver = cast(sqlite3.Connection, session.connection.connection.driver_connection)
    marks = ", ".join("?" * len(columns))
    rows = _rows(schema, blocks, numeric_as_bytes)
    own = not driver.in_transaction
    try:
        if own:
            # Only the temporary database takes part: the file itself is not locked.
            driver.execute("BEGIN")
        with closing(driver.cursor()) as cursor:
            cursor.executemany(f"INSERT INTO temp.{quoted(name)} VALUES ({marks})", rows)
            count = cursor.rowcount
        if own:
            driver.execute("COMMIT")
    except BaseException as error:
        if own and driver.in_transaction:
            driver.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise translate(error) or error from error
        raise
    return max(count, 0)


def _rows(
    schema: TableSchema, blocks: Iterable[bytes], numeric_as_bytes: bool
) -> Iterator[list[Raw | None]]:
    readers = [_reader(wire, numeric_as_bytes) for wire in schema.wires]
    for number, line in enumerate(lines(blocks), 1):
        texts = schema.load_texts(line)
        try:
            row = [
                None if text is None else read(text)
                for read, text in zip(readers, texts, strict=True)
            ]
        except UnreadableValue as error:
            reason = _explain(schema, readers, texts)
            raise RowRefused(table=schema.table, line=number, reason=reason) from error
        yield row


def _reader(wire: Wire, numeric_as_bytes: bool) -> Callable[[str], Raw]:
    if numeric_as_bytes and wire.wire == "numeric":
        return lambda text: str(wire.text_raw(text)).encode()
    return wire.text_raw


def _explain(
    schema: TableSchema, readers: Sequence[Callable[[str], Raw]], texts: Sequence[str | None]
) -> str:
    """Find the value that SQLite has no form for, and name it."""
    for column, read, text in zip(schema.columns, readers, texts, strict=True):
        try:
            if text is not None:
                read(text)
        except UnreadableValue as error:
            return f"{column.name}: {error}"
    return ""
