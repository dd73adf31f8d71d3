"""Whether a sound pair may go into this system in this way."""

from sichern.archive.info import Info
from sichern.target.refusals import CopyOfSystem, NoTenant, OtherSystem, TenantExists, TenantGone
from sichern.target.remap import Remap
from sichern.target.session import TargetSession
from sichern_hooks import ImportOptions, SystemIdentity, Way


def admit(
    session: TargetSession,
    remap: Remap,
    info: Info,
    target: SystemIdentity,
    options: ImportOptions,
) -> None:
    """Raise what stands against the import.

    EMPTY: TenantExists. REPLACE: TenantGone, and what `demand_same_system` raises. NoTenant
    where the pair lacks the tenant's own row.
    """
    if remap.root is not None and remap.root.name not in remap.rows:
        raise NoTenant(tenant=info.tenant.name)
    if options.way is Way.EMPTY:
        _demand_empty(session, remap)
    if options.way is Way.REPLACE:
        demand_same_system(info, target, options)
        _demand_tenant(session, remap, info)


def demand_same_system(info: Info, target: SystemIdentity, options: ImportOptions) -> None:
    """REPLACE needs the system that made the pair, or a copy of it that was confirmed.

    Raises OtherSystem, CopyOfSystem.
    """
    made = info.system
    if made.system != target.system or made.host != target.host:
        raise OtherSystem(database=made.database, machine=made.machine)
    if is_copy(info, target) and not options.copy_confirmed:
        raise CopyOfSystem(
            database=made.database,
            machine=made.machine,
            here=target.database,
            host=target.machine,
        )


def is_copy(info: Info, target: SystemIdentity) -> bool:
    """Whether the target, of the same system, is another database than the pair was made of."""
    made = info.system
    return (made.database, made.machine) != (target.database, target.machine)


def _demand_empty(session: TargetSession, remap: Remap) -> None:
    roots = [remap.root] if remap.root is not None else remap.model.tables.values()
    for table in roots:
        if table is None or table.tenant is None:
            continue
        found = session.ask(
            f"SELECT {remap.sql.column('t', table.tenant)} FROM {remap.sql.table(table.name)} t"
            f" WHERE {remap.sql.column('t', table.tenant)} IS NOT NULL LIMIT 1"
        ).first()
        if found is not None:
            raise TenantExists(tenant=str(found[0]))


def _demand_tenant(session: TargetSession, remap: Remap, info: Info) -> None:
    root = remap.root
    if root is None:
        return
    value = remap.sql.tenant_value(root, info.tenant.key)
    found = session.ask(
        f"SELECT 1 FROM {remap.sql.table(root.name)} t"
        f" WHERE {remap.sql.column('t', root.key[0])} = {value}"
    ).first()
    if found is None:
        raise TenantGone(tenant=info.tenant.name)
