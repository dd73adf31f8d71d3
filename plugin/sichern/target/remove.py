"""Which rows of the target REPLACE removes: the tenant's own that the pair does not have."""

from collections.abc import Mapping

from sichern.target.refusals import KeysTaken, RowsHeld
from sichern.target.remap import Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern_hooks import Role


def removals(session: TargetSession, remap: Remap, closure: Closure) -> Mapping[str, str]:
    """Collect the keys to remove in temporary tables, one per table that has any.

    Own are rows of owned tables, rows that carry the tenant, and what hangs on such a row. A
    shared row stays, whoever used it. Raises KeysTaken where a row that is to be brought back is
    somebody else's by now, RowsHeld where a row that stays points at one that goes.
    """
    own: dict[str, str] = {}
    found: dict[str, str] = {}
    for number, table in enumerate(closure.model.tables.values()):
        condition = _own(closure, table, own)
        if condition is None or table.name not in closure.survey.filled:
            continue
        kind = "bigint" if table.integer_key else "text"
        kept = f"sichern_own_{number}"
        key = closure.sql.own_key(table, "t")
        session.run(f"CREATE TEMPORARY TABLE {kept} (key {kind} PRIMARY KEY)")
        session.run(
            f"INSERT INTO {kept} (key) SELECT {key} FROM {closure.sql.table(table.name)} t"
            f" WHERE {condition}"
        )
        own[table.name] = kept
        gone = f"sichern_gone_{number}"
        session.run(f"CREATE TEMPORARY TABLE {gone} (key {kind} PRIMARY KEY)")
        there = (
            f" WHERE key NOT IN (SELECT old FROM {remap.map(table.name)} WHERE named = 0)"
            if table.name in remap.rows
            else ""
        )
        if session.run(f"INSERT INTO {gone} (key) SELECT key FROM {kept}{there}"):
            found[table.name] = gone
    for table in remap.loaded:
        mine = f" AND old NOT IN (SELECT key FROM {own[table.name]})" if table.name in own else ""
        taken = session.ask(
            f"SELECT count(*) FROM {remap.map(table.name)} WHERE state = {int(State.UPDATE)}{mine}"
        ).scalar()
        if taken:
            raise KeysTaken(count=int(taken), table=table.label)
    _demand_free(session, remap, own, found)
    return found


def _demand_free(
    session: TargetSession, remap: Remap, own: Mapping[str, str], gone: Mapping[str, str]
) -> None:
    """Raise RowsHeld where the database would change or remove a row that is not the tenant's."""
    for table in remap.model.tables.values() if gone else ():
        if table.role is Role.PRIVATE:
            continue
        others = f"SELECT count(*) FROM {remap.sql.table(table.name)} t WHERE "
        if table.name in own:
            others += f"{remap.sql.own_key(table, 't')} NOT IN (SELECT key FROM {own[table.name]})"
        else:
            others += "true"
        for foreign in remap.catalog.tables[table.name].foreign_keys:
            target = remap.model.tables.get(foreign.target)
            if target is None or target.name not in gone or foreign.target_columns != target.key:
                continue
            pointed = remap.sql.key("t", foreign.columns, target.integer_key)
            held = session.ask(
                f"{others} AND {pointed} IN (SELECT key FROM {gone[target.name]})"
            ).scalar()
            if held:
                raise RowsHeld(count=int(held), table=table.label, target=target.label)


def _own(closure: Closure, table: TenantTable, own: Mapping[str, str]) -> str | None:
    """The rows of a table that are the tenant's own; None where none can be."""
    if table.role is Role.PRIVATE:
        return None
    ways = []
    if table.tenant is not None:
        column = closure.sql.column("t", table.tenant)
        ways.append(f"{column} = {closure.sql.tenant_value(table, closure.tenant)}")
    elif table.role is Role.OWNED and table.name not in closure.collected:
        ways.append(closure.belongs(table, "t", Side.OURS))
    if table.parent is not None and table.role in (Role.OWNED, Role.PART_OF, Role.USED_WITH):
        ways.extend(_below(closure, table, own))
    return f"({' OR '.join(ways)})" if ways else None


def _below(closure: Closure, table: TenantTable, own: Mapping[str, str]) -> list[str]:
    assert table.parent is not None
    ways = []
    for target, kind in closure.named_by(table, table.parent):
        if target in own:
            parent = closure.model.tables[target]
            link = table.parent
            if isinstance(link, ForeignLink) and link.target_columns != parent.key:
                continue
            key = closure.sql.link_key("t", link, parent)
            of_kind = closure.sql.of_kind("t", link, kind)
            ways.append(f"({of_kind} AND {key} IN (SELECT key FROM {own[target]}))")
    return ways
