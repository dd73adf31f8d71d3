"""Count again what the target holds now, by its own columns rather than by the plan."""

from sichern.target.refusals import NoTenant, RowsDiffer
from sichern.target.remap import ARRIVING, Remap
from sichern.target.session import TargetSession
from sichern.tenancy.sql import literal
from sichern_hooks import Role, TenantRef


def new_tenant(session: TargetSession, remap: Remap, tenant: TenantRef) -> TenantRef:
    """The tenant under the key that it has in the target. Raises NoTenant."""
    if remap.root is None:
        return tenant
    found = session.ask(
        f"SELECT new FROM {remap.map(remap.root.name)}"
        f" WHERE CAST(old AS TEXT) = {literal(tenant.key)}"
    ).scalar()
    if found is None:
        raise NoTenant(tenant=tenant.key)
    return TenantRef(host=tenant.host, key=str(found))


def recount(session: TargetSession, remap: Remap, tenant: TenantRef) -> None:
    """Hold the rows that carry the tenant now against those that the pair has.

    Raises RowsDiffer.
    """
    arrived = new_tenant(session, remap, tenant)
    for table in remap.loaded:
        if table.tenant is None or table.role is not Role.OWNED:
            continue
        value = remap.sql.tenant_value(table, arrived.key)
        there = session.ask(
            f"SELECT count(*) FROM {remap.sql.table(table.name)} t"
            f" WHERE {remap.sql.column('t', table.tenant)} = {value}"
        ).scalar()
        planned = session.ask(
            f"SELECT count(*) FROM {remap.map(table.name)} WHERE state IN {ARRIVING} AND named = 0"
        ).scalar()
        if there != planned:
            raise RowsDiffer(table=table.label, written=int(there or 0), planned=int(planned or 0))
