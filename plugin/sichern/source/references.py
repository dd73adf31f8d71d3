"""Find the references of included rows that do not resolve inside the archive."""

from collections.abc import Iterator, Sequence

from sichern.source.keys import naming_edges, those_with_rows, union_all
from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.edges import Edge
from sichern.tenancy.model import ForeignLink
from sichern.tenancy.plan import OpenReference
from sichern.tenancy.sql import literal
from sichern_hooks import Role


def open_references(snapshot: Snapshot, closure: Closure) -> Iterator[OpenReference]:
    """Give every reference of an included row whose target is neither included nor named.

    Old versions of rows (history tables) are left out: their references dangle by nature.
    """
    edges = [
        edge
        for edge in naming_edges(closure)
        if not _of_history(closure, edge) and not _implied(closure, edge)
    ]
    for row in _unresolved(snapshot, closure, edges):
        table, key, column, target, target_key, reason = map(str, row)
        yield OpenReference(
            table=table,
            key=key,
            column=column,
            target=target,
            target_key=target_key,
            reason=reason,
        )


def dangling_history(snapshot: Snapshot, closure: Closure) -> int:
    """Count the references of old versions of rows that do not resolve inside the archive."""
    edges = [edge for edge in naming_edges(closure) if _of_history(closure, edge)]
    return sum(1 for _ in _unresolved(snapshot, closure, edges))


def _unresolved(
    snapshot: Snapshot, closure: Closure, edges: Sequence[Edge]
) -> Iterator[Sequence[object]]:
    """Give the references of edges that do not resolve.

    First each table is read once to see whether it has any, whatever the edge: most have none.
    """
    there = _tenants_own(snapshot, closure, edges)
    edges = [e for e in edges if not (_names_tenant(closure, e) and e.target in there)]
    conditions: dict[str, list[str]] = {}
    for edge in edges:
        conditions.setdefault(edge.source, []).append(f"({_is_open(closure, edge)})")
    asked = ((name, _any(closure, name, some)) for name, some in conditions.items())
    found = set(those_with_rows(snapshot, asked))
    yield from union_all(snapshot, [_open(closure, edge) for edge in edges if edge.source in found])


def _names_tenant(closure: Closure, edge: Edge) -> bool:
    """Whether an edge leads from each row to the tenant by which it was chosen."""
    source, target = closure.model.tables[edge.source], closure.model.tables[edge.target]
    return (
        isinstance(edge.link, ForeignLink)
        and edge.link.columns == (source.tenant,)
        and source.role is Role.OWNED
        and source.name not in closure.collected
        and target.key == (target.tenant,)
        and closure.sql.by_key(edge.link, target)
    )


def _tenants_own(snapshot: Snapshot, closure: Closure, edges: Sequence[Edge]) -> set[str]:
    """The tables whose row of the tenant itself goes along: each such reference resolves."""
    names = {edge.target for edge in edges if _names_tenant(closure, edge)}
    rows = ((name, _any(closure, name, ["true"])) for name in sorted(names))
    return set(those_with_rows(snapshot, rows))


def _any(closure: Closure, name: str, conditions: Sequence[str]) -> str:
    """A FROM clause of the included rows `s` of a table for which one of the conditions holds."""
    belongs = closure.belongs(closure.model.tables[name], "s")
    return f"FROM {closure.sql.table(name)} s WHERE {belongs} AND ({' OR '.join(conditions)})"


def _is_open(closure: Closure, edge: Edge) -> str:
    """Whether an included row `s` has a reference of an edge that does not resolve."""
    sql = closure.sql
    key = sql.link_key("s", edge.link, closure.model.tables[edge.target])
    return (
        f"{sql.of_kind('s', edge.link, edge.kind)} AND {key} IS NOT NULL"
        f" AND NOT {_resolved(closure, edge, key)}"
    )


def _of_history(closure: Closure, edge: Edge) -> bool:
    return closure.model.tables[edge.source].history_of is not None


def _implied(closure: Closure, edge: Edge) -> bool:
    """The parent by which a row was chosen is included by construction."""
    source = closure.model.tables[edge.source]
    return (
        edge.link == source.parent
        and source.tenant is None
        and source.name not in closure.collected
        and source.role is Role.OWNED
    )


def _open(closure: Closure, edge: Edge) -> str:
    """A SELECT of the references of one edge that do not resolve."""
    sql = closure.sql
    source, target = closure.model.tables[edge.source], closure.model.tables[edge.target]
    key = sql.link_key("s", edge.link, target)
    link = edge.link
    column = ",".join(link.columns) if isinstance(link, ForeignLink) else link.column
    reason = "'private'"
    if target.role is not Role.PRIVATE:
        there = (
            f"SELECT 1 FROM {sql.table(target.name)} h"
            f" WHERE {sql.link_target('h', link, target)} = {key}"
        )
        reason = f"CASE WHEN EXISTS ({there}) THEN 'other-tenant' ELSE 'missing' END"
    return (
        f"SELECT {literal(source.name)}, CAST({sql.own_key(source, 's')} AS TEXT),"
        f" {literal(column)}, {literal(target.name)}, CAST({key} AS TEXT), {reason}"
        f" FROM {sql.table(source.name)} s"
        f" WHERE {closure.belongs(source, 's')} AND {_is_open(closure, edge)}"
    )


def _resolved(closure: Closure, edge: Edge, key: str) -> str:
    """Whether the target of a reference is included or named."""
    sql = closure.sql
    target = closure.model.tables[edge.target]
    if target.role is Role.PRIVATE:
        return "false"
    own = sql.own_key(target, "f")
    if sql.by_key(edge.link, target):
        named = closure.has_key(Side.NAMED, target, key)
        if edge.target in closure.collected:
            return f"({closure.has_key(Side.OURS, target, key)} OR {named})"
    else:
        named = (
            f"EXISTS (SELECT 1 FROM {sql.table(target.name)} f WHERE"
            f" {sql.link_target('f', edge.link, target)} = {key}"
            f" AND {closure.has_key(Side.NAMED, target, own)})"
        )
    inside = (
        f"EXISTS (SELECT 1 FROM {sql.table(target.name)} f WHERE"
        f" {sql.link_target('f', edge.link, target)} = {key}"
        f" AND {closure.belongs(target, 'f')})"
    )
    return f"({inside} OR {named})"
