"""Read the rows of one table as lines of the archive, in the order of their keys."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from sichern.schema.errors import UnreadableValue
from sichern.schema.fields import wire_field
from sichern.schema.table import TableSchema, WireColumn, table_schema
from sichern.schema.wire import Column
from sichern.source import postgresql
from sichern.source.errors import ReadFailed, UnreadableRow, translated
from sichern.source.snapshot import Snapshot

Path = Literal["fast", "portable"]
PAGE = 500
"""Rows fetched at a time on the portable path: few enough to stay in the cache of a core."""


def read_rows(
    snapshot: Snapshot,
    table: sa.FromClause,
    columns: Sequence[WireColumn],
    key: Sequence[str],
    where: sa.ColumnElement[bool] | None,
    *,
    path: Path | None = None,
) -> Iterator[bytes]:
    r"""Give blocks of complete lines, 256 KiB or more but for the last one, in the order of `key`.

    `table` must have the columns; the lines hold them in the order of `columns`. Text keys
    are ordered by their bytes. The fast path is PostgreSQL's COPY, the portable one a SELECT
    through the table's schema; None takes the fast one where there is one. Both give the same
    bytes on PostgreSQL. On the fast path nothing else can be asked of the snapshot until the
    iterator is exhausted or closed.

    Raises UnreadableRow, UnknownWireType, and what the database may raise.
    """
    if path is None:
        path = "fast" if snapshot.dialect == "postgresql" else "portable"
    schema = table_schema(str(getattr(table, "name", "")), columns)
    statement = _statement(snapshot, table, schema, columns, key, where, path)
    if path == "fast":
        return snapshot.stream(postgresql.copy(snapshot.connection, statement))
    return _portable(snapshot, statement, schema, key)


def rows_query(
    snapshot: Snapshot,
    table: sa.FromClause,
    columns: Sequence[WireColumn],
    key: Sequence[str],
    where: sa.ColumnElement[bool],
    most: int,
) -> str:
    """Give the query that another session copies to read what `read_rows` reads, up to `most` rows.

    PostgreSQL only.
    """
    schema = table_schema(str(getattr(table, "name", "")), columns)
    statement = _statement(snapshot, table, schema, columns, key, where, "fast")
    return postgresql.copied(snapshot.connection, statement.limit(most))


def _statement(
    snapshot: Snapshot,
    table: sa.FromClause,
    schema: TableSchema,
    columns: Sequence[WireColumn],
    key: Sequence[str],
    where: sa.ColumnElement[bool] | None,
    path: Path,
) -> sa.Select[Any]:
    selected = _selected(snapshot, table, schema, path)
    statement = sa.select(*selected).order_by(*_order(snapshot, table, columns, key))
    return statement if where is None else statement.where(where)


def _selected(
    snapshot: Snapshot, table: sa.FromClause, schema: TableSchema, path: Path
) -> Iterator[Column]:
    for number, (column, wire) in enumerate(zip(schema.columns, schema.wires, strict=True)):
        found: Column = table.c[column.name]
        if snapshot.dialect == "postgresql":
            found = wire.copied(found) if path == "fast" else wire.selected(found)
        # Without a type of its own, so that SQLAlchemy leaves the driver's values alone.
        yield sa.type_coerce(found, sa.types.NullType()).label(f"c{number}")


def _order(
    snapshot: Snapshot, table: sa.FromClause, columns: Sequence[WireColumn], key: Sequence[str]
) -> Iterator[Column]:
    wires = {column.name: column.wire for column in columns}
    for name in key:
        column: Column = table.c[name]
        wire = wires.get(name)
        if wire is not None and wire_field(wire).binary_order:
            if snapshot.dialect == "postgresql":
                yield sa.collate(sa.cast(column, sa.Text), "C")
            else:
                yield sa.collate(column, "BINARY")
        else:
            yield column


def _portable(
    snapshot: Snapshot, statement: sa.Select[Any], schema: TableSchema, key: Sequence[str]
) -> Iterator[bytes]:
    stored = snapshot.dialect == "sqlite"
    write = schema.line_writer(stored)
    # SQLite's driver fetches row by row; others would fetch everything at once.
    streamed = statement if stored else statement.execution_options(yield_per=PAGE)
    with snapshot.kept(snapshot.connection.execute(streamed)) as result:
        pending: list[bytes] = []
        size = 0
        for page in _pages(snapshot, result, statement, schema, key):
            lines = _write(write, page, schema, key, stored)
            pending.append(lines)
            size += len(lines)
            if size >= postgresql.BLOCK:
                yield b"".join(pending)
                pending, size = [], 0
        if pending:
            yield b"".join(pending)


def _pages(
    snapshot: Snapshot,
    result: "sa.CursorResult[*tuple[Any, ...]]",
    statement: sa.Select[Any],
    schema: TableSchema,
    key: Sequence[str],
) -> Iterator[Sequence[Sequence[object]]]:
    if snapshot.dialect != "sqlite":
        yield from result.partitions()
        return
    cursor = result.cursor
    assert cursor is not None
    try:
        with translated():
            # SQLAlchemy would only put its own rows around the driver's.
            while page := cursor.fetchmany(PAGE):
                yield page
    except ReadFailed as error:
        raise _find_undecodable(snapshot, statement, schema, key) or error from error


def _find_undecodable(
    snapshot: Snapshot, statement: sa.Select[Any], schema: TableSchema, key: Sequence[str]
) -> UnreadableRow | None:
    """Find the text that is no UTF-8, which the driver says nothing more of."""
    rows = statement.subquery()
    for number, column in enumerate(schema.columns):
        raw = rows.c[f"c{number}"]
        as_bytes = [sa.cast(each, sa.LargeBinary) for each in (*rows.c, raw)]
        for row in snapshot.execute(sa.select(*as_bytes).where(sa.func.typeof(raw) == "text")):
            try:
                row[-1].decode()
            except UnicodeDecodeError:
                return UnreadableRow(
                    table=schema.table,
                    column=column.name,
                    key=",".join(
                        bytes(row[position]).decode(errors="replace")
                        for position in _positions(schema, key)
                    ),
                    value=repr(row[-1][:40]),
                )
    return None


def _positions(schema: TableSchema, key: Sequence[str]) -> list[int]:
    return [number for number, column in enumerate(schema.columns) if column.name in key]


def _write(
    write: Callable[[Sequence[Sequence[object]]], bytes],
    page: Sequence[Sequence[object]],
    schema: TableSchema,
    key: Sequence[str],
    stored: bool,
) -> bytes:
    try:
        return write(page)
    except UnreadableValue as error:
        raise _explain(page, schema, key, stored) or error from error


def _explain(
    page: Sequence[Sequence[object]], schema: TableSchema, key: Sequence[str], stored: bool
) -> UnreadableRow | None:
    """Find the value that could not be read, and name it."""
    for row in page:
        for column, wire, value in zip(schema.columns, schema.wires, row, strict=True):
            try:
                if value is not None:
                    _ = wire.stored_text(value) if stored else wire.text(value)
            except UnreadableValue as error:
                return UnreadableRow(
                    table=schema.table,
                    column=column.name,
                    key=",".join(str(row[position]) for position in _positions(schema, key)),
                    value=str(error),
                )
    return None
