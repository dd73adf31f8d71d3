"""Count and estimate what a run will write, inside the snapshot and before anything is written."""

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.expressions import clause, own_key
from sichern.tenancy.model import TenantTable
from sichern.tenancy.plan import Plan, TablePlan
from sichern_hooks import DocumentRef, Documents, Role, Tenant

SizeOf = Callable[[DocumentRef], int]

SAMPLE = 200
"""Rows whose text is measured for the estimate."""


def make_plan(
    snapshot: Snapshot, closure: Closure, tenant: Tenant, documents: Documents, size_of: SizeOf
) -> Plan:
    """Plan one tenant: `size_of` gives the bytes of a document in the host's store."""
    count, size = 0, 0
    if documents is not Documents.WITHOUT:
        for table in closure.model.tables.values():
            if table.documents and table.name in closure.survey.filled:
                found, known = _documents(snapshot, closure, table, size_of)
                count, size = count + found, size + known
    return Plan(
        tenant=tenant,
        shared=closure.shared,
        tables=tuple(_tables(snapshot, closure)),
        documents=count,
        document_bytes=size,
    )


def _tables(snapshot: Snapshot, closure: Closure) -> Iterator[TablePlan]:
    for name, table in closure.model.tables.items():
        if name not in closure.survey.filled or table.role is Role.PRIVATE:
            continue
        rows = _count(snapshot, closure, table)
        named = _number(
            snapshot,
            sa.select(sa.func.count()).select_from(closure.keys_of(Side.NAMED, table).subquery()),
        )
        left_out = _left_out(snapshot, closure, table, rows)
        if rows or named or left_out:
            yield TablePlan(
                table=name,
                label=table.label,
                role=table.role,
                rows=rows,
                left_out=left_out,
                named=named,
                bytes=rows * _width(snapshot, closure, table) if rows else 0,
            )


def _number(snapshot: Snapshot, statement: sa.Select[Any]) -> int:
    return int(snapshot.execute(statement).scalar_one() or 0)


def _count(snapshot: Snapshot, closure: Closure, table: TenantTable) -> int:
    if table.name in closure.collected:
        keys = closure.keys_of(Side.OURS, table).subquery()
        return _number(snapshot, sa.select(sa.func.count()).select_from(keys))
    rows = clause(closure.model, table.name)
    return _number(
        snapshot,
        sa.select(sa.func.count()).select_from(rows).where(closure.content(table, rows)),
    )


def _left_out(snapshot: Snapshot, closure: Closure, table: TenantTable, included: int) -> int:
    """Shared rows, and rows that belong to such, that do not go along; no other tenant's rows."""
    if table.name not in closure.collected or table.role is Role.OWNED:
        return 0
    rows = clause(closure.model, table.name)
    statement = sa.select(sa.func.count()).select_from(rows)
    if table.tenant is not None:
        statement = statement.where(rows.c[table.tenant].is_(None))
        carried = clause(closure.model, table.name)
        included -= _number(
            snapshot,
            sa.select(sa.func.count())
            .select_from(carried)
            .where(carried.c[table.tenant].is_not(None), closure.content(table, carried)),
        )
    system = 0
    if closure.has_system_rows(table):
        keys = closure.keys_of(Side.SYSTEM, table).subquery()
        system = _number(snapshot, sa.select(sa.func.count()).select_from(keys))
    return max(0, _number(snapshot, statement) - included - system)


def _width(snapshot: Snapshot, closure: Closure, table: TenantTable) -> int:
    """The mean length of a row as text, in bytes, of a sample."""
    rows = clause(closure.model, table.name)
    sample = (
        sa.select(*(rows.c[column.name] for column in table.columns))
        .where(closure.content(table, rows))
        .limit(SAMPLE)
        .subquery()
    )
    lengths = [
        sa.func.coalesce(sa.func.length(sa.cast(sample.c[column.name], sa.Text)), 2) + 1
        for column in table.columns
    ]
    total = lengths[0]
    for length in lengths[1:]:
        total = total + length
    mean = snapshot.execute(sa.select(sa.func.avg(total)).select_from(sample)).scalar_one()
    return int(mean or 0) + 1


def _documents(
    snapshot: Snapshot, closure: Closure, table: TenantTable, size_of: SizeOf
) -> tuple[int, int]:
    """Count a table's documents and add up their sizes."""
    rows = clause(closure.model, table.name)
    count, size = 0, 0
    for document in table.documents:
        inside = closure.content(table, rows)
        if document.locator is not None:
            locator = rows.c[document.locator]
            outside = sa.select(own_key(closure.model, table, rows), locator).where(
                locator.is_not(None), inside
            )
            for key, found in snapshot.execute(outside):
                count += 1
                size += size_of(
                    DocumentRef(
                        table=table.name, key=str(key), label=document.label, locator=str(found)
                    )
                )
            inside = sa.and_(inside, locator.is_(None))
        if document.data is not None:
            data = rows.c[document.data]
            total = sa.func.coalesce(sa.func.sum(sa.func.length(data)), 0)
            held, length = snapshot.execute(
                sa.select(sa.func.count(), total).where(data.is_not(None), inside)
            ).one()
            count, size = count + int(held), size + int(length)
    return count, size
