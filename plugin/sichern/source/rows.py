"""Read the rows of one table as lines of the archive, in the order of their keys."""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Literal, cast

import sqlalchemy as sa

from sichern.schema.columns import WireColumn
from sichern.schema.fields import wire_field
from sichern.schema.table import TableSchema, table_schema
from sichern.schema.wire import Wire
from sichern.source import postgresql
from sichern.source.lines import PAGE, blocks_of
from sichern.source.query import Query
from sichern.source.snapshot import Snapshot
from sichern.source.stored import stored_lines

Column = sa.ColumnElement[Any]
Path = Literal["fast", "portable"]


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
    if snapshot.dialect == "sqlite":
        return _stored(snapshot, statement, schema, key)
    return _portable(snapshot, statement, schema, key)


def rows_query(
    snapshot: Snapshot,
    table: sa.FromClause,
    columns: Sequence[WireColumn],
    key: Sequence[str],
    where: sa.ColumnElement[bool],
    most: int,
) -> Query:
    """Give the query for another session that reads what `read_rows` reads, up to `most` rows."""
    schema = table_schema(str(getattr(table, "name", "")), columns)
    statement = _statement(snapshot, table, schema, columns, key, where, "fast").limit(most)
    if snapshot.dialect == "postgresql":
        sql = postgresql.copied(snapshot.connection, statement)
    else:
        literal = {"literal_binds": True}
        sql = str(statement.compile(dialect=snapshot.connection.dialect, compile_kwargs=literal))
    return Query(sql=sql, table=schema.table, columns=schema.columns, key=tuple(key))


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
            found = _copied(found, wire) if path == "fast" else _read(found, wire)
        # Without a type of its own, so that SQLAlchemy leaves the driver's values alone.
        yield sa.type_coerce(found, sa.types.NullType()).label(f"c{number}")


def _copied(column: Column, wire: Wire) -> Column:
    """The SQL with which PostgreSQL's COPY writes the canonical text."""
    return sa.cast(column, sa.Text) if wire.cast else column


def _read(column: Column, wire: Wire) -> Column:
    """The SQL whose result PostgreSQL's driver reads as a value, or as its text."""
    return column if wire.native and not wire.cast else sa.cast(column, sa.Text)


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
) -> Generator[bytes, None, None]:
    paged = statement.execution_options(yield_per=PAGE)
    with snapshot.kept(snapshot.connection.execute(paged)) as result:
        yield from blocks_of(result.partitions(), schema, key, stored=False)


def _stored(
    snapshot: Snapshot, statement: sa.Select[Any], schema: TableSchema, key: Sequence[str]
) -> Generator[bytes, None, None]:
    with ExitStack() as stack:

        def execute() -> sqlite3.Cursor:
            result = snapshot.kept(snapshot.connection.execute(statement))
            # SQLAlchemy would only put its own rows around the driver's.
            return cast(sqlite3.Cursor, stack.enter_context(result).cursor)

        yield from stored_lines(execute, schema, key)
