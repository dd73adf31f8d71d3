"""Find the references of included rows that do not resolve inside the archive."""

from collections.abc import Iterator

from sichern.source.keys import naming_edges, union_all
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
    for row in union_all(snapshot, [_open(closure, edge) for edge in edges]):
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
    return sum(1 for _ in union_all(snapshot, [_open(closure, edge) for edge in edges]))


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
        f" FROM {sql.table(source.name)} s WHERE {sql.of_kind('s', link, edge.kind)}"
        f" AND {key} IS NOT NULL AND {closure.belongs(source, 's')}"
        f" AND NOT {_resolved(closure, edge, key)}"
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
