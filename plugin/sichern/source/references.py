"""Find the references of included rows that do not resolve inside the archive."""

from collections.abc import Iterator

import sqlalchemy as sa

from sichern.source.keys import naming_edges
from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure, Edge, Side
from sichern.tenancy.expressions import Expression, clause, link_key, link_target, of_kind, own_key
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern.tenancy.plan import OpenReference
from sichern_hooks import Role


def open_references(snapshot: Snapshot, closure: Closure) -> Iterator[OpenReference]:
    """Give every reference of an included row whose target is neither included nor named.

    Old versions of rows (history tables) are left out: their references dangle by nature.
    """
    for edge in naming_edges(closure):
        source = closure.model.tables[edge.source]
        if source.history_of is not None or _implied(closure, source, edge):
            continue
        yield from _open(snapshot, closure, edge)


def dangling_history(snapshot: Snapshot, closure: Closure) -> int:
    """Count the references of old versions of rows that do not resolve inside the archive."""
    return sum(
        1
        for edge in naming_edges(closure)
        if closure.model.tables[edge.source].history_of is not None
        for _ in _open(snapshot, closure, edge)
    )


def _implied(closure: Closure, source: TenantTable, edge: Edge) -> bool:
    """The parent by which a row was chosen is included by construction."""
    return (
        edge.link == source.parent
        and source.tenant is None
        and source.name not in closure.collected
        and source.role is Role.OWNED
    )


def _open(snapshot: Snapshot, closure: Closure, edge: Edge) -> Iterator[OpenReference]:
    model = closure.model
    source, target = model.tables[edge.source], model.tables[edge.target]
    rows = clause(model, edge.source, "s")
    key = link_key(model, rows, edge.link, target)
    statement = (
        sa.select(own_key(model, source, rows), key)
        .where(
            of_kind(model, rows, edge.link, edge.kind),
            key.is_not(None),
            closure.content(source, rows),
            sa.not_(_resolved(closure, edge, key)),
        )
        .order_by(own_key(model, source, rows))
    )
    if target.role is not Role.PRIVATE:
        there = clause(model, edge.target, "there")
        exists = sa.exists(
            sa.select(sa.literal(1))
            .select_from(there)
            .where(link_target(model, there, edge.link, target) == key)
        )
        statement = statement.add_columns(exists)
    column = ",".join(edge.link.columns) if isinstance(edge.link, ForeignLink) else edge.link.column
    for own, pointed, *there_is in snapshot.execute(statement):
        reason = "private"
        if there_is:
            reason = "other-tenant" if there_is[0] else "missing"
        yield OpenReference(
            table=edge.source,
            key=str(own),
            column=column,
            target=edge.target,
            target_key=str(pointed),
            reason=reason,
        )


def _resolved(closure: Closure, edge: Edge, key: Expression) -> sa.ColumnElement[bool]:
    """Whether the target of a reference is included or named."""
    model = closure.model
    target = model.tables[edge.target]
    if target.role is Role.PRIVATE:
        return sa.false()
    there = clause(model, edge.target, "found")
    by_key = not isinstance(edge.link, ForeignLink) or edge.link.target_columns == target.key
    inside: sa.ColumnElement[bool]
    if by_key and edge.target in closure.collected:
        inside = closure.has_key(Side.OURS, target, key)
    else:
        inside = sa.exists(
            sa.select(sa.literal(1))
            .select_from(there)
            .where(
                link_target(model, there, edge.link, target) == key,
                closure.content(target, there),
            )
        )
    if by_key:
        return sa.or_(inside, closure.has_key(Side.NAMED, target, key))
    named = closure.has_key(Side.NAMED, target, own_key(model, target, there))
    return sa.or_(
        inside,
        sa.exists(
            sa.select(sa.literal(1))
            .select_from(there)
            .where(link_target(model, there, edge.link, target) == key, named)
        ),
    )
