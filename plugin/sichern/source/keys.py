"""Run the closure inside a snapshot: collect the keys of the rows that go along."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import KEY_TABLES, Closure, Side
from sichern.tenancy.edges import Edge, Linked, Survey
from sichern.tenancy.model import TenancyModel, TenantTable, link_columns
from sichern.tenancy.sql import Sql, literal
from sichern_hooks import Polymorphic, Role, SharedRows, UnknownTenant

BATCH = 100
"""Parts of one compound SELECT: SQLite allows 500."""
MANY = 1000
"""Keys that change how statements are best carried out."""


def collect(snapshot: Snapshot, model: TenancyModel, tenant: str, shared: SharedRows) -> Closure:
    """Collect all keys of one tenant in the snapshot; give the closure that uses them.

    Raises UnknownTenant where no row carries the tenant.
    """
    closure = Closure(model=model, tenant=tenant, survey=look(snapshot, model), shared=shared)
    for statement in closure.system_statements():
        snapshot.run(statement)
    if shared is SharedRows.DEFAULT:
        _grow(snapshot, closure, Side.OTHERS, _seed(snapshot, closure, Side.OTHERS))
    own = _seed(snapshot, closure, Side.OURS)
    if not own:
        # Deleted meanwhile, or a key spelled otherwise: an archive of nothing is no backup.
        raise UnknownTenant(tenant=tenant)
    _grow(snapshot, closure, Side.OURS, own)
    freed = {name for name, statement in closure.free_statements() if snapshot.run(statement)}
    _grow(snapshot, closure, Side.OURS, freed)
    for target, edges in by_target(naming_edges(closure)).items():
        naming = closure.name(target, edges)
        if naming is not None:
            snapshot.run(naming)
    return closure


def look(snapshot: Snapshot, model: TenancyModel) -> Survey:
    """Find the tables that have rows, and what their links hold."""
    sql = Sql(model)
    asked = [name for name, table in model.tables.items() if table.role is not Role.PRIVATE]
    if model.external is not None and model.external.table not in asked:
        asked.append(model.external.table)
    filled = frozenset(
        those_with_rows(snapshot, ((name, f"FROM {sql.table(name)}") for name in asked))
    )
    foreign: list[tuple[Linked, str]] = []
    linked: set[Linked] = set()
    kinds: dict[tuple[str, str], tuple[str, ...]] = {}
    for table in model.tables.values():
        if table.name not in filled:
            continue
        for link in table.links:
            if isinstance(link, Polymorphic):
                found = _kinds(snapshot, sql, table, link)
                kinds[table.name, link.column] = tuple(sorted(found))
                linked.update(
                    (table.name, link_columns(link), kind) for kind in found if found[kind]
                )
            else:
                holds = [f"{sql.column('t', column)} IS NOT NULL" for column in link.columns]
                where = " AND ".join([*holds, _may_go(sql, table)])
                rows = f"FROM {sql.table(table.name)} t WHERE {where}"
                foreign.append(((table.name, link.columns, None), rows))
    held = those_with_rows(snapshot, ((str(place), each[1]) for place, each in enumerate(foreign)))
    linked.update(foreign[int(place)][0] for place in held)
    return Survey(filled=filled, linked=frozenset(linked), kinds=kinds)


def _kinds(snapshot: Snapshot, sql: Sql, table: TenantTable, link: Polymorphic) -> dict[str, bool]:
    """The kinds that a polymorphic link names, and whether a row does that may go along."""
    return {
        str(kind): bool(may_go)
        for kind, may_go in snapshot.ask(
            f"SELECT {sql.kind('t', link)}, max(CASE WHEN {_may_go(sql, table)} THEN 1 ELSE 0 END)"
            f" FROM {sql.table(table.name)} t WHERE {sql.column('t', link.column)} IS NOT NULL"
            " GROUP BY 1"
        )
    }


def _may_go(sql: Sql, table: TenantTable) -> str:
    """Rows that may go along: of shared ones without a tenant, those that no module ships."""
    if table.shipped is None or table.tenant is not None or table.role is Role.OWNED:
        return "true"
    return f"{sql.column('t', table.shipped)} IS NULL"


def those_with_rows(snapshot: Snapshot, asked: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Name those for which a FROM clause with its condition gives a row."""
    parts = [f"SELECT {literal(name)} WHERE EXISTS (SELECT 1 {clause})" for name, clause in asked]
    for row in union_all(snapshot, parts):
        yield str(row[0])


def union_all(snapshot: Snapshot, parts: Sequence[str]) -> Iterator[Sequence[object]]:
    """Ask many small SELECTs in few statements."""
    for start in range(0, len(parts), BATCH):
        yield from snapshot.ask(" UNION ALL ".join(parts[start : start + BATCH]))


def _seed(snapshot: Snapshot, closure: Closure, side: Side) -> set[str]:
    """Start a side with the rows that carry the tenant; give the tables to grow from.

    Of the tenant's own side all such tables, as none at all means that the tenant is unknown; of
    the others' only those in which edges begin.
    """
    plain: list[tuple[str, str]] = []
    seeded: set[str] = set()
    leading = {edge.source for edge in closure.edges}
    for table in closure.sources:
        if table.name in closure.collected:
            if table.tenant is not None and snapshot.run(closure.seed(table, side)):
                seeded.add(table.name)
        elif side is Side.OURS or table.name in leading:
            belongs = closure.belongs(table, "t", side)
            source = closure.sql.table(table.name)
            plain.append((table.name, f"FROM {source} t WHERE {belongs}"))
    return {*seeded, *those_with_rows(snapshot, plain)}


def _grow(snapshot: Snapshot, closure: Closure, side: Side, changed: set[str]) -> None:
    """Follow the edges from changed tables until no key is added."""
    _refresh_statistics(snapshot)
    while changed:
        grown: dict[str, int] = {}
        followed = by_target(edge for edge in closure.edges if edge.source in changed)
        for target, edges in followed.items():
            statement = closure.follow(target, edges, side)
            if statement is not None:
                grown[target] = snapshot.run(statement)
        changed = {target for target, added in grown.items() if added}
        if sum(grown.values()) > MANY:
            _refresh_statistics(snapshot)


def _refresh_statistics(snapshot: Snapshot) -> None:
    """PostgreSQL never analyses temporary tables by itself, and plans badly without."""
    if snapshot.dialect == "postgresql":
        for table in KEY_TABLES:
            snapshot.run(f"ANALYZE pg_temp.{table.name}")


def by_target(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    """Group edges by the table that they lead to."""
    grouped: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        grouped[edge.target].append(edge)
    return grouped


def naming_edges(closure: Closure) -> Iterator[Edge]:
    """All links of tables whose rows go along, to whatever they point at."""
    for table in closure.sources:
        for link in table.links:
            for target, kind in closure.pointed_at(table, link):
                yield Edge(source=table.name, target=target, link=link, kind=kind)
