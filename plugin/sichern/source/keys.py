"""Run the closure inside a snapshot: collect the keys of the rows that go along."""

from collections.abc import Iterable

import sqlalchemy as sa

from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import KEY_TABLES, Closure, Edge, Side, Survey, kinds_statement
from sichern.tenancy.expressions import clause
from sichern.tenancy.model import TenancyModel
from sichern_hooks import Polymorphic, Role, SharedRows

BATCH = 200
"""Tables asked in one statement: SQLite allows 500 parts of a compound SELECT."""


def collect(snapshot: Snapshot, model: TenancyModel, tenant: str, shared: SharedRows) -> Closure:
    """Collect all keys of one tenant in the snapshot; give the closure that uses them."""
    closure = Closure(model=model, tenant=tenant, survey=look(snapshot, model), shared=shared)
    for statement in closure.system_statements():
        snapshot.execute(statement)
    if shared is SharedRows.DEFAULT:
        _grow(snapshot, closure, Side.OTHERS, _seed(snapshot, closure, Side.OTHERS))
    _grow(snapshot, closure, Side.OURS, _seed(snapshot, closure, Side.OURS))
    freed = {name for name, statement in closure.free_statements() if _added(snapshot, statement)}
    _grow(snapshot, closure, Side.OURS, freed)
    for edge in naming_edges(closure):
        naming = closure.name_statement(edge)
        if naming is not None:
            snapshot.execute(naming)
    return closure


def look(snapshot: Snapshot, model: TenancyModel) -> Survey:
    """Find the tables that have rows, and the kinds that their polymorphic links name."""
    filled = frozenset(_filled(snapshot, model))
    kinds = {
        (table.name, link.column): tuple(
            sorted(str(row[0]) for row in snapshot.execute(kinds_statement(model, table, link)))
        )
        for table in model.tables.values()
        if table.name in filled
        for link in table.links
        if isinstance(link, Polymorphic)
    }
    return Survey(filled=filled, kinds=kinds)


def _filled(snapshot: Snapshot, model: TenancyModel) -> Iterable[str]:
    """Name the tables that have rows; tables that no row ever leaves are not asked."""
    asked = [name for name, table in model.tables.items() if table.role is not Role.PRIVATE]
    if model.external is not None and model.external.table not in asked:
        asked.append(model.external.table)
    for start in range(0, len(asked), BATCH):
        parts = [
            sa.select(sa.literal(name)).where(
                sa.exists(sa.select(sa.literal(1)).select_from(clause(model, name)))
            )
            for name in asked[start : start + BATCH]
        ]
        for row in snapshot.execute(sa.union_all(*parts)):
            yield str(row[0])


def _seed(snapshot: Snapshot, closure: Closure, side: Side) -> set[str]:
    """Start a side with the rows that carry the tenant; give the tables to grow from."""
    for _, statement in closure.seeds(side):
        snapshot.execute(statement)
    return set(closure.survey.filled)


def _grow(snapshot: Snapshot, closure: Closure, side: Side, changed: set[str]) -> None:
    """Follow the edges from changed tables until no key is added."""
    while changed:
        _refresh_statistics(snapshot)
        grown: set[str] = set()
        for edge in closure.edges:
            if edge.source not in changed:
                continue
            statement = closure.follow(edge, side)
            if statement is not None and _added(snapshot, statement):
                grown.add(edge.target)
        changed = grown


def _added(snapshot: Snapshot, statement: sa.Insert) -> bool:
    # Without the option SQLAlchemy lets go of an INSERT's count with its cursor.
    counted = statement.execution_options(preserve_rowcount=True)
    return snapshot.execute(counted).rowcount > 0


def _refresh_statistics(snapshot: Snapshot) -> None:
    """PostgreSQL never analyses temporary tables by itself, and plans badly without."""
    if snapshot.dialect == "postgresql":
        for table in KEY_TABLES:
            snapshot.execute(sa.text(f"ANALYZE pg_temp.{table.name}"))


def naming_edges(closure: Closure) -> Iterable[Edge]:
    """All links of tables whose rows go along, to whatever they point at."""
    for table in closure.sources:
        for link in table.links:
            for target, kind in closure.pointed_at(table, link):
                yield Edge(source=table.name, target=target, link=link, kind=kind)
