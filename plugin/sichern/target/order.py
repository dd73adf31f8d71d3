"""The order in which tables are loaded, and the references that are filled in afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from sichern.tenancy.catalog import Catalog, ForeignKey


@dataclass(frozen=True, kw_only=True)
class LoadOrder:
    """Tables, those that others point at first; `later` names columns, by table, that stay empty
    until all rows are there: they close a circle."""

    tables: tuple[str, ...]
    later: Mapping[str, frozenset[str]]


def load_order(catalog: Catalog, tables: Sequence[str]) -> LoadOrder:
    """Order tables by the foreign keys that the database enforces.

    A key that points at its own table needs no order: it is checked at the statement's end.
    Circles of columns that may not be empty are left to the database.
    """
    wanted = set(tables)
    edges: dict[tuple[str, str], list[ForeignKey]] = {}
    for table in tables:
        for key in catalog.tables[table].foreign_keys:
            if key.target in wanted and key.target != table:
                edges.setdefault((table, key.target), []).append(key)
    later: dict[str, set[str]] = {}
    while True:
        graph: dict[str, list[str]] = {table: [] for table in tables}
        for table, target in edges:
            graph[table].append(target)
        try:
            order = tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle: list[str] = error.args[1]
            # The circle is given backwards: each is a predecessor of the next.
            steps = [(after, before) for before, after in pairwise(circle)]
            chosen = _weakest(catalog, edges, steps)
            for key in edges.pop(chosen):
                if _optional(catalog, chosen[0], key):
                    later.setdefault(chosen[0], set()).update(key.columns)
            continue
        return LoadOrder(
            tables=order, later={table: frozenset(columns) for table, columns in later.items()}
        )


def _weakest(
    catalog: Catalog,
    edges: Mapping[tuple[str, str], list[ForeignKey]],
    steps: Sequence[tuple[str, str]],
) -> tuple[str, str]:
    """The step of a circle that can be left open; the first where none can."""
    for step in steps:
        if step in edges and all(_optional(catalog, step[0], key) for key in edges[step]):
            return step
    return next(step for step in steps if step in edges)


def _optional(catalog: Catalog, table: str, key: ForeignKey) -> bool:
    nullable = {column.name for column in catalog.tables[table].columns if column.nullable}
    return nullable.issuperset(key.columns)
