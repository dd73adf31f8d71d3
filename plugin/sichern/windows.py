"""Divide a large table into windows of its key: where its chunks are cut, whoever reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sichern.archive.chunks import CHUNK_ROWS
from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure
from sichern.tenancy.model import TenantTable

ROWS = 2 * CHUNK_ROWS
"""Rows of a window where they are spread evenly: half as many to so many."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The rows of a table whose key lies between two integers, both included."""

    first: int
    last: int

    def within(self, rows: sa.FromClause, table: TenantTable) -> sa.ColumnElement[bool]:
        """The rows of the window, as a condition."""
        key: sa.ColumnElement[Any] = rows.c[table.key[0]]
        return key.between(self.first, self.last)


def windows(
    snapshot: Snapshot, closure: Closure, table: TenantTable, count: int
) -> list[Window]:
    """Divide the `count` rows that go along; give nothing where they are better read at once.

    So it is where there are few, and where a key is no integer, as SQLite allows.

    Windows begin at multiples of a power of two, so that rows that were added leave the chunks
    before them as they were. They depend on nothing but the rows.
    """
    collected = table.name in closure.collected
    if not table.integer_key or collected or count <= CHUNK_ROWS:
        return []
    key = closure.sql.own_key(table, "t")
    rows = f"FROM {closure.sql.table(table.name)} t WHERE {closure.belongs(table, 't')}"
    ends, source = f"min({key}), max({key})", rows
    if snapshot.dialect == "sqlite":
        # It takes an end from the index only where nothing else is asked for.
        ends, source = f"(SELECT min({key}) {rows}), (SELECT max({key}) {rows})", ""
    first, last, without = snapshot.ask(
        f"SELECT {ends}, EXISTS (SELECT 1 {rows} AND {key} IS NULL) {source}"
    ).one()
    # SQLite orders numbers before everything else, but lets NULL into most keys.
    whole = isinstance(first, int) and isinstance(last, int) and not without
    return list(_between(first, last, count)) if whole else []


def _between(first: int, last: int, count: int) -> Iterator[Window]:
    span = last - first + 1
    step = 1 << (span * ROWS // count).bit_length() - 1
    for start in range(first // step * step, last + 1, step):
        yield Window(first=max(first, start), last=min(last, start + step - 1))
