"""Decide what becomes of each row of the pair, once it is known what the target has."""

from collections.abc import Iterator

from sichern.target.remap import ARRIVING, KEPT, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern_hooks import Polymorphic, Role

_UNDECIDED = int(State.UNDECIDED)


def decide(session: TargetSession, remap: Remap) -> None:
    """Give every entry of the key maps its state.

    Owned rows and shared ones that the target does not have go in. Parts go in with the row
    that they are part of; parts of a row that the target has stay out, until a row that goes in
    points at one of them.
    """
    if remap.same_system:
        _take_back(session, remap)
    for table in remap.mapped:
        if table.name in remap.names:
            named = State.PLACEHOLDER if table.role is Role.IDENTITY else State.UNKNOWN
            _set(session, remap, table, named, named=True)
        if table.name not in remap.rows or begins_as(remap, table) is State.INSERT:
            continue
        if table.tenant is not None:
            carried = f"{remap.sql.column('s', table.tenant)} IS NOT NULL"
            _set(session, remap, table, State.INSERT, carried)
        if table.role in _STAYS:
            _follow_parents(session, remap, table)
        _set(session, remap, table, State.INSERT)
    while _call_in(session, remap):
        pass


def begins_as(remap: Remap, table: TenantTable) -> State:
    """The state of a table's rows before anything was asked: owned ones of a new tenant go in."""
    new = table.role is Role.OWNED and not remap.same_system
    return State.INSERT if new else State.UNDECIDED


def _set(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    state: State,
    where: str | None = None,
    *,
    named: bool = False,
) -> None:
    """Decide about undecided rows, of those the staged ones of a condition."""
    among = (
        f" AND old IN (SELECT m.old FROM {remap.source(table)} WHERE {where})"
        if where is not None
        else ""
    )
    session.run(
        f"UPDATE {remap.map(table.name)} SET state = {int(state)}"
        f" WHERE state = {_UNDECIDED} AND named = {int(named)}{among}"
    )


def _take_back(session: TargetSession, remap: Remap) -> None:
    """The tenant's own rows that are still there are brought back to what they were."""
    for table in remap.loaded:
        keys = remap.map(table.name)
        matched = f"state = {int(State.MATCHED)} AND named = 0"
        own = own_rows(remap, table)
        if own is not None:
            session.run(
                f"UPDATE {keys} SET state = {int(State.UPDATE)} WHERE {matched} AND old IN"
                f" (SELECT m.old FROM {remap.source(table)} WHERE {own})"
            )


def own_rows(remap: Remap, table: TenantTable) -> str | None:
    """Staged rows that are the tenant's own: owned, carried, or hanging on such a row."""
    ways = []
    if table.role is Role.OWNED:
        return "true"
    if table.tenant is not None:
        ways.append(f"{remap.sql.column('s', table.tenant)} IS NOT NULL")
    if table.role in _STAYS:
        for parent, key, of_kind in parents(remap, table):
            if remap.has_map(parent.name):
                ways.append(
                    f"({of_kind} AND {key} IN (SELECT old FROM {remap.map(parent.name)}"
                    f" WHERE state IN {ARRIVING}))"
                )
    return f"({' OR '.join(ways)})" if ways else None


def parents(remap: Remap, table: TenantTable) -> Iterator[tuple[TenantTable, str, str]]:
    """The tables that a row's parent may be of, with the parent's key and when it is."""
    link = table.parent
    if isinstance(link, ForeignLink):
        parent = remap.model.tables[link.target]
        if link.target_columns == parent.key and parent.role is not Role.PRIVATE:
            yield parent, remap.sql.link_key("s", link, parent), "true"
    elif isinstance(link, Polymorphic):
        for kind, parent in sorted(remap.kinds(table, link).items()):
            if parent.role is not Role.PRIVATE:
                key = remap.sql.link_key("s", link, parent)
                yield parent, key, remap.sql.of_kind("s", link, kind)


_STAYS = {
    Role.PART_OF: (State.MATCHED, State.LEFT_OUT, State.UNKNOWN),
    Role.USED_WITH: (State.UNKNOWN,),
}
"""In which states of its parent a row is left out, by role; no others are."""


def _follow_parents(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    states = ", ".join(str(int(state)) for state in _STAYS[table.role])
    for parent, key, of_kind in parents(remap, table):
        if remap.has_map(parent.name):
            _set(
                session,
                remap,
                table,
                State.LEFT_OUT,
                f"{of_kind} AND {key} IN (SELECT old FROM {remap.map(parent.name)}"
                f" WHERE state IN ({states}))",
            )


def _call_in(session: TargetSession, remap: Remap) -> int:
    """Let parts in that a row which goes in points at, and their own parts."""
    waiting = {
        table.name
        for table in remap.loaded
        if table.role in _STAYS
        and session.ask(
            f"SELECT 1 FROM {remap.map(table.name)} WHERE state = {int(State.LEFT_OUT)} LIMIT 1"
        ).first()
    }
    called = 0
    for name in waiting:
        table = remap.model.tables[name]
        for pointed in (*_pointed(remap, name), *_below(remap, table)):
            called += session.run(
                f"UPDATE {remap.map(name)} SET state = {int(State.INSERT)}"
                f" WHERE state = {int(State.LEFT_OUT)} AND old IN ({pointed})"
            )
    return called


def _pointed(remap: Remap, name: str) -> Iterator[str]:
    """The keys of a table that rows which go in hold."""
    target = remap.model.tables[name]
    for table in remap.loaded:
        if table.history_of is not None:
            continue
        for link in table.links:
            if isinstance(link, ForeignLink):
                kinds = [(link.target, "true")]
                if link.target == name and link.target_columns != target.key:
                    continue
            else:
                kinds = [
                    (each.name, remap.sql.of_kind("s", link, kind))
                    for kind, each in remap.kinds(table, link).items()
                ]
            for found, of_kind in kinds:
                if found == name:
                    yield (
                        f"SELECT {remap.sql.link_key('s', link, target)}"
                        f" FROM {remap.source(table)} WHERE m.state IN {ARRIVING} AND {of_kind}"
                    )


def _below(remap: Remap, table: TenantTable) -> Iterator[str]:
    """The parts of parts that were called in."""
    for parent, key, of_kind in parents(remap, table):
        if remap.has_map(parent.name):
            yield (
                f"SELECT m.old FROM {remap.source(table)} WHERE {of_kind} AND {key} IN"
                f" (SELECT old FROM {remap.map(parent.name)} WHERE state IN {ARRIVING})"
            )


def lost_references(
    session: TargetSession, remap: Remap
) -> Iterator[tuple[TenantTable, str, str, int]]:
    """Count, per column, the references of rows that go in which point at nothing here.

    Gives the table, the column, the target, the number. Old versions of rows are left out.
    """
    for table in remap.loaded:
        if table.history_of is not None:
            continue
        for link in table.links:
            if isinstance(link, ForeignLink):
                column = link.columns[0]
                target = remap.referred(table, column) if len(link.columns) == 1 else None
                if target is None:
                    continue
                plain = remap.sql.column("s", column)
                count = _lost(session, remap, table, target, plain, f"{plain} IS NOT NULL")
                if count:
                    yield table, column, target.name, count
                continue
            for kind, target in sorted(remap.kinds(table, link).items()):
                key = remap.sql.link_key("s", link, target)
                of_kind = f"{remap.sql.of_kind('s', link, kind)} AND {key} IS NOT NULL"
                count = _lost(session, remap, table, target, key, of_kind)
                if count:
                    yield table, link.column, target.name, count
            yield from _of_unnamed_kinds(session, remap, table, link)


def _of_unnamed_kinds(
    session: TargetSession, remap: Remap, table: TenantTable, link: Polymorphic
) -> Iterator[tuple[TenantTable, str, str, int]]:
    """References of kinds that only the target knows: the row was of a module long gone there."""
    unnamed = remap.unnamed(table, link)
    lost = remap.lost_kinds(table, link, "s")
    if remap.same_system or lost is None:
        return
    kind = remap.sql.kind("s", link)
    for row in session.ask(
        f"SELECT {kind}, count(*) FROM {remap.source(table)}"
        f" WHERE m.state IN {ARRIVING} AND {lost} GROUP BY {kind} ORDER BY {kind}"
    ).all():
        yield table, link.column, unnamed[row[0]].name, int(row[1])


def _lost(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    target: TenantTable,
    key: str,
    where: str,
) -> int:
    conditions = [f"m.state IN {ARRIVING}", where]
    if remap.has_map(target.name):
        conditions.append(
            f"NOT EXISTS (SELECT 1 FROM {remap.map(target.name)} k"
            f" WHERE k.old = {key} AND k.state IN {KEPT})"
        )
    if remap.same_system and len(target.key) == 1:
        own = remap.sql.column("t", target.key[0])
        conditions.append(
            f"NOT EXISTS (SELECT 1 FROM {remap.sql.table(target.name)} t WHERE {own} = {key})"
        )
    found = session.ask(
        f"SELECT count(*) FROM {remap.source(table)} WHERE {' AND '.join(conditions)}"
    )
    return int(found.scalar() or 0)
