"""Short ways to read a table in tests."""

import sqlalchemy as sa

from sichern.schema.columns import WireColumn
from sichern.source.rows import Path, read_rows
from sichern.source.snapshot import Snapshot


def columns(**wires: str) -> list[WireColumn]:
    """Nullable columns by name and wire type."""
    return [WireColumn(name=name, wire=wire, nullable=True) for name, wire in wires.items()]


def table(name: str, wires: list[WireColumn], schema: str | None = "public") -> sa.TableClause:
    """A table with these columns."""
    return sa.table(name, *(sa.column(column.name) for column in wires), schema=schema)


def read(
    snapshot: Snapshot,
    name: str,
    wires: list[WireColumn],
    key: tuple[str, ...] = ("id",),
    where: sa.ColumnElement[bool] | None = None,
    path: Path | None = None,
) -> bytes:
    """All lines of a table."""
    schema = "public" if snapshot.dialect == "postgresql" else None
    rows = table(name, wires, schema)
    return b"".join(read_rows(snapshot, rows, wires, key, where, path=path))
