"""Count and estimate what a run will write, inside the snapshot and before anything is written."""

from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from sichern.source.keys import union_all
from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import KEY_TABLES, Closure, Side
from sichern.tenancy.expressions import clause, own_key
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern.tenancy.plan import Plan, TablePlan
from sichern.tenancy.sql import literal
from sichern_hooks import DocumentRef, Documents, Role, SharedRows, Tenant

SizeOf = Callable[[DocumentRef], int]

SAMPLE = 200
"""Rows whose text is measured for the estimate."""


def make_plan(
    snapshot: Snapshot, closure: Closure, tenant: Tenant, documents: Documents, size_of: SizeOf
) -> Plan:
    """Plan one tenant: `size_of` gives the bytes of a document in the host's store."""
    count, size = 0, 0
    for table in closure.model.tables.values():
        if table.documents and table.name in closure.survey.filled:
            found, known = _documents(snapshot, closure, table, size_of)
            count, size = count + found, size + known
    return Plan(
        tenant=tenant,
        shared=closure.shared,
        tables=tuple(_tables(snapshot, closure)),
        documents=count,
        document_bytes=0 if documents is Documents.WITHOUT else size,
    )


def _tables(snapshot: Snapshot, closure: Closure) -> Iterator[TablePlan]:
    rows = _counted(snapshot, closure)
    named = _keys(snapshot, closure, Side.NAMED)
    left_out = _left_out(snapshot, closure)
    nobodys = _nobodys(snapshot, closure)
    widths = _widths(snapshot, closure, [name for name, count in rows.items() if count])
    for name, table in closure.model.tables.items():
        if any(counts.get(name) for counts in (rows, named, left_out, nobodys)):
            yield TablePlan(
                table=name,
                label=table.label,
                role=table.role,
                rows=rows.get(name, 0),
                left_out=left_out.get(name, 0),
                named=named.get(name, 0),
                bytes=rows.get(name, 0) * widths.get(name, 0),
                nobodys=nobodys.get(name, 0),
            )


def _numbers(snapshot: Snapshot, parts: Sequence[str]) -> dict[str, int]:
    """Ask SELECTs of a name and a number."""
    return {str(row[0]): int(str(row[1] or 0)) for row in union_all(snapshot, parts)}


def _count(closure: Closure, table: TenantTable, condition: str) -> str:
    source = closure.sql.table(table.name)
    return f"SELECT {literal(table.name)}, count(*) FROM {source} t WHERE {condition}"


def _counted(snapshot: Snapshot, closure: Closure) -> dict[str, int]:
    """The rows that go along, by table."""
    plain = [table for table in closure.sources if table.name not in closure.collected]
    counts = [_count(closure, table, closure.belongs(table, "t")) for table in plain]
    return {**_keys(snapshot, closure, Side.OURS), **_numbers(snapshot, counts)}


def _keys(snapshot: Snapshot, closure: Closure, side: Side) -> dict[str, int]:
    """The keys collected for a side, counted by table."""
    names = list(closure.model.tables)
    return {
        names[number]: count
        for keys in KEY_TABLES
        for number, count in snapshot.ask(
            f"SELECT number, count(*) FROM {keys.name} WHERE side = {int(side)} GROUP BY number"
        )
    }


def _left_out(snapshot: Snapshot, closure: Closure) -> dict[str, int]:
    """Shared rows, and rows that belong to such, that do not go along; no other tenant's rows."""
    parts: list[str] = []
    for table in closure.sources:
        if table.name not in closure.collected or table.role is Role.OWNED:
            continue
        conditions = [f"NOT ({closure.belongs(table, 't')})"]
        if table.tenant is not None:
            conditions.append(f"{closure.sql.column('t', table.tenant)} IS NULL")
        if closure.has_system_rows(table):
            key = closure.sql.own_key(table, "t")
            conditions.append(f"NOT {closure.has_key(Side.SYSTEM, table, key)}")
        if table.role is not Role.SHARED:
            # What hangs on rows of others is theirs, not left out.
            key = closure.sql.own_key(table, "t")
            conditions.append(f"NOT {closure.has_key(Side.OTHERS, table, key)}")
        parts.append(_count(closure, table, " AND ".join(conditions)))
    return _numbers(snapshot, parts)


def _nobodys(snapshot: Snapshot, closure: Closure) -> dict[str, int]:
    """Rows of owned tables that no tenant has: without a tenant, or with a parent that is gone."""
    parts: list[str] = []
    for table in closure.sources:
        known = closure.shared is SharedRows.DEFAULT or table.name not in closure.collected
        if table.role is not Role.OWNED or not known:
            continue
        if table.tenant is not None and table.name not in closure.collected:
            # An index finds these.
            nobodys = f"{closure.sql.column('t', table.tenant)} IS NULL"
        else:
            nobodys = f"NOT ({_somebodys(closure, table, 't')})"
        parts.append(_count(closure, table, nobodys))
    return _numbers(snapshot, parts)


def _somebodys(closure: Closure, table: TenantTable, alias: str) -> str:
    """The rows of an owned table that a tenant has, whichever: its parents are looked up.

    To collect the parents of all tenants would cost as much as the whole database has of them.
    """
    sql = closure.sql
    if table.name in closure.collected:
        sides = (closure.belongs(table, alias, side) for side in (Side.OURS, Side.OTHERS))
        return " OR ".join(sides)
    if table.tenant is not None:
        return f"{sql.column(alias, table.tenant)} IS NOT NULL"
    if table.role is not Role.OWNED:
        return "false"
    assert isinstance(table.parent, ForeignLink)
    parent = closure.model.tables[table.parent.target]
    above = f'"above_{closure.numbers[table.name]}"'
    return (
        f"EXISTS (SELECT 1 FROM {sql.table(parent.name)} {above}"
        f" WHERE {sql.link_target(above, table.parent, parent)}"
        f" = {sql.link_key(alias, table.parent, parent)}"
        f" AND ({_somebodys(closure, parent, above)}))"
    )


def _widths(snapshot: Snapshot, closure: Closure, names: Sequence[str]) -> dict[str, int]:
    """The mean length of a row as text, in bytes, by table, of a sample."""
    parts: list[str] = []
    for name in names:
        table = closure.model.tables[name]
        columns = [closure.sql.column("t", column.name) for column in table.columns]
        lengths = [f"coalesce(length(CAST({column} AS TEXT)), 2) + 1" for column in columns]
        parts.append(
            f"SELECT {literal(name)}, (SELECT CAST(avg(width) + 1 AS INTEGER) FROM"
            f" (SELECT {' + '.join(lengths)} AS width FROM {closure.sql.table(name)} t"
            f" WHERE {closure.belongs(table, 't')} LIMIT {SAMPLE}) sampled)"
        )
    return _numbers(snapshot, parts)


def _documents(
    snapshot: Snapshot, closure: Closure, table: TenantTable, size_of: SizeOf
) -> tuple[int, int]:
    """Count a table's documents and add up their sizes."""
    rows = clause(closure.model, table.name)
    count, size = 0, 0
    for document in table.documents:
        inside = closure.content(table, rows)
        if document.locator is not None:
            locator = sa.func.nullif(rows.c[document.locator], "")
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
