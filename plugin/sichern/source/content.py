"""Read a document that stands in a table, in pieces, inside the snapshot."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, cast

import sqlalchemy as sa

from sichern.source.snapshot import Snapshot
from sichern.source.translation import translated

PIECE = 1 << 20
"""Bytes read at a time."""


def read_content(
    snapshot: Snapshot, table: sa.FromClause, key: Mapping[str, object], column: str
) -> Iterator[bytes]:
    """Give the content of one column of the row with this key; nothing where it is NULL or empty.

    A text is given in UTF-8. Raises sqlalchemy's NoResultFound where there is no such row,
    and what the database may raise.
    """
    row = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if snapshot.dialect == "sqlite":
        opened = _open_blob(snapshot, table, row, column)
        if opened is not None:
            with translated(), opened:
                yield from iter(lambda: opened.read(PIECE), b"")
            return
    yield from _slices(snapshot, table, row, column)


def _open_blob(
    snapshot: Snapshot, table: sa.FromClause, row: sa.ColumnElement[bool], column: str
) -> sqlite3.Blob | None:
    """Open the value where SQLite can: a text or bytes, in a table that has rowids."""
    name = str(getattr(table, "name", ""))
    kind = sa.text("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = :name")
    if snapshot.connection.execute(kind, {"name": name}).scalar_one_or_none() != 0:
        return None
    if {"rowid", "_rowid_", "oid"} & {each.name.lower() for each in table.c}:
        return None
    held = sa.func.typeof(table.c[column])
    found: Any = snapshot.execute(
        sa.select(sa.literal_column("_rowid_"), held).select_from(table).where(row)
    ).one()
    if found[1] not in ("blob", "text"):
        return None
    driver = cast(sqlite3.Connection, snapshot.connection.connection.driver_connection)
    with translated():
        return driver.blobopen(name, column, found[0], readonly=True)


def _slices(
    snapshot: Snapshot, table: sa.FromClause, row: sa.ColumnElement[bool], column: str
) -> Iterator[bytes]:
    """Ask for one piece after the other; of a text, a piece is that many characters."""
    content: sa.ColumnElement[Any] = table.c[column]
    cut = sa.func.substring
    if snapshot.dialect == "sqlite":
        content, cut = sa.cast(content, sa.LargeBinary), sa.func.substr
    start = 1
    while True:
        piece = sa.type_coerce(cut(content, start, PIECE), sa.types.NullType())
        value: Any = snapshot.execute(sa.select(piece).where(row)).scalar_one()
        if not value:
            return
        yield value.encode() if isinstance(value, str) else bytes(value)
        if len(value) < PIECE:
            return
        start += PIECE
