"""Whether every row that goes in is the tenant's, by what the rows say: a pair may be forged.

Nothing of the plan is asked but the states of the key maps.
"""

from collections.abc import Iterator

from sichern.target.decide import parents
from sichern.target.refusals import ForeignRows
from sichern.target.remap import ARRIVING, KEPT, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import literal
from sichern_hooks import Polymorphic, Role

ARRIVING_OR_GONE = f"({int(State.INSERT)}, {int(State.UPDATE)}, {int(State.GHOST)})"


def demand_own_rows(session: TargetSession, remap: Remap, tenant: str) -> None:
    """Hold the rows that go in against the tenant; `tenant` is its key in the pair.

    Raises ForeignRows where a row carries another tenant, is one that only modules or
    administrators make (users, rights), or would hang on a row of another tenant.
    """
    for table in remap.loaded:
        strange = list(_strange(remap, table, tenant))
        if not strange:
            continue
        found = session.ask(
            f"SELECT count(*) FROM {remap.source(table)}"
            f" WHERE m.state IN {ARRIVING} AND ({' OR '.join(strange)})"
        ).scalar()
        if found:
            raise ForeignRows(table=table.label, count=int(found))


def _strange(remap: Remap, table: TenantTable, tenant: str) -> Iterator[str]:
    if table.tenant is not None:
        carried = remap.sql.column("s", table.tenant)
        yield f"{carried} <> {remap.sql.tenant_value(table, tenant)}"
        if table.role in (Role.SYSTEM, Role.IDENTITY):
            yield f"{carried} IS NULL"
    elif table.role in (Role.SYSTEM, Role.IDENTITY):
        yield "true"
    # In another system what a row hangs on is in the pair or lost. Here every key is somebody's.
    if remap.same_system and table.parent is not None and table.tenant is None:
        yield from _hanging(remap, table)


def _hanging(remap: Remap, table: TenantTable) -> Iterator[str]:
    """Rows whose parent is a row that can be another tenant's, and is none of the pair's."""
    for parent, key, of_kind in parents(remap, table):
        if not _somebodys(parent):
            continue
        states = ARRIVING_OR_GONE if parent.role is Role.OWNED else KEPT
        there = (
            f" AND NOT EXISTS (SELECT 1 FROM {remap.map(parent.name)} k"
            f" WHERE k.old = {key} AND k.state IN {states})"
            if remap.has_map(parent.name)
            else ""
        )
        yield f"({of_kind} AND {key} IS NOT NULL{there})"
    if isinstance(table.parent, Polymorphic):
        hidden = [
            literal(kind)
            for kind, target in sorted(remap.unnamed(table, table.parent).items())
            if _somebodys(target)
        ]
        if hidden:
            yield f"{remap.sql.kind('s', table.parent)} IN ({', '.join(hidden)})"


def _somebodys(table: TenantTable) -> bool:
    return table.role is Role.OWNED or table.tenant is not None
