"""Write the rows: removed, brought back, inserted, each in one statement per table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sichern.schema.columns import WireColumn
from sichern.target.foreign_keys import held_at_once
from sichern.target.order import LoadOrder, load_order
from sichern.target.refusals import RowsDiffer
from sichern.target.remap import Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import name
from sichern_hooks import Role


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Rows that were inserted, changed and removed, by table."""

    inserted: Mapping[str, int]
    updated: Mapping[str, int]
    removed: Mapping[str, int]


def load(
    session: TargetSession,
    remap: Remap,
    removals: Mapping[str, str],
    step: Callable[[str], None],
) -> Loaded:
    """Write all rows that go in; `step` is called with each table's name before and after it.

    `removals` are temporary tables with the keys of rows to remove, by table. Raises RowsDiffer
    where the database took another number of rows than the plan says, or removed more.
    """
    names = [table.name for table in remap.loaded]
    order = load_order(remap.catalog, [*names, *(each for each in removals if each not in names)])
    kept = _outside(session, remap, removals)
    for each in order.tables:
        if removals and each in remap.rows:
            _let_go(session, remap, remap.model.tables[each], removals)
    removed = _remove(session, remap, order, removals, step)
    _hold(session, remap, kept)
    inserted, updated = {}, {}
    with held_at_once(session, remap):
        for each in order.tables:
            if each not in remap.rows:
                continue
            step(each)
            table = remap.model.tables[each]
            later = order.later.get(each, frozenset())
            if remap.same_system:
                updated[each] = _update(session, remap, table, later)
            inserted[each] = _insert(session, remap, table, later)
            step(each)
        for each, columns in order.later.items():
            if each in remap.rows:
                _fill(session, remap, remap.model.tables[each], sorted(columns))
    return Loaded(inserted=inserted, updated=updated, removed=removed)


def _insert(
    session: TargetSession, remap: Remap, table: TenantTable, later: frozenset[str]
) -> int:
    columns = [column.name for column in remap.columns(table)]
    state = f"m.state = {int(State.INSERT)}"
    rows = remap.select(table, columns, state, empty=later)
    written = session.run(
        f"INSERT INTO {remap.sql.table(table.name)} ({', '.join(map(name, columns))}) {rows}"
    )
    wanted = session.ask(
        f"SELECT count(*) FROM {remap.map(table.name)} m WHERE {state} AND m.named = 0"
    ).scalar()
    if written != wanted:
        raise RowsDiffer(table=table.name, written=written, planned=int(wanted or 0))
    return written


def _update(
    session: TargetSession, remap: Remap, table: TenantTable, later: frozenset[str]
) -> int:
    """Bring rows back that differ; tree borders and paths follow when all rows are there."""
    passed = {*table.key, *table.derived}
    columns = [column for column in remap.columns(table) if column.name not in passed]
    if not columns:
        return 0
    own = remap.sql.table(table.name)
    rows = remap.select(
        table,
        [column.name for column in columns],
        f"m.state = {int(State.UPDATE)}",
        as_key="new",
    )
    changed = " OR ".join(f"NOT ({_same(remap, own, each)})" for each in columns)
    sets = ", ".join(
        f"{name(each.name)} = {remap.sql.column('r', each.name)}"
        for each in columns
        if each.name not in later
    )
    if not sets:
        return 0
    key = remap.sql.own_key(table, own)
    return session.run(
        f'UPDATE {own} SET {sets} FROM ({rows}) r WHERE {key} = r."sichern new" AND ({changed})'
    )


def _same(remap: Remap, own: str, column: WireColumn) -> str:
    left, right = (remap.sql.column(alias, column.name) for alias in (own, "r"))
    return remap.same(left, right, column.wire)


def _fill(
    session: TargetSession, remap: Remap, table: TenantTable, columns: Sequence[str]
) -> None:
    """Set the references that close a circle; in a row that was there also to nothing."""
    own = remap.sql.table(table.name)
    filled = " OR ".join(f"{remap.sql.column('s', each)} IS NOT NULL" for each in columns)
    states = f"m.state = {int(State.UPDATE)} OR m.state = {int(State.INSERT)} AND ({filled})"
    rows = remap.select(table, columns, f"({states})", as_key="new")
    sets = ", ".join(f"{name(each)} = {remap.sql.column('r', each)}" for each in columns)
    changed = " OR ".join(
        f"NOT ({remap.same(remap.sql.column(own, each), remap.sql.column('r', each))})"
        for each in columns
    )
    key = remap.sql.own_key(table, own)
    session.run(
        f'UPDATE {own} SET {sets} FROM ({rows}) r WHERE {key} = r."sichern new" AND ({changed})'
    )


def _let_go(
    session: TargetSession, remap: Remap, table: TenantTable, removals: Mapping[str, str]
) -> None:
    """Point rows that stay away from those that go, which would take them along or be held.

    At what the pair says where that is there already, else for now at nothing.
    """
    own = remap.sql.table(table.name)
    nullable = {each.name: each.nullable for each in remap.catalog.tables[table.name].columns}
    for foreign in remap.catalog.tables[table.name].foreign_keys:
        target = remap.model.tables.get(foreign.target)
        if target is None or foreign.target not in removals or len(foreign.columns) != 1:
            continue
        column = foreign.columns[0]
        if foreign.target_columns != target.key or column in table.key:
            continue
        rows = remap.select(table, [column], f"m.state = {int(State.UPDATE)}", as_key="new")
        gone = f"SELECT key FROM {removals[foreign.target]}"
        wanted = remap.sql.column("r", column)
        there = (
            f"{wanted} IN (SELECT {remap.sql.column('t', target.key[0])}"
            f" FROM {remap.sql.table(target.name)} t)"
        )
        demanded = "" if nullable[column] else f" AND {there}"
        pointed = remap.sql.key(own, foreign.columns, target.integer_key)
        session.run(
            f"UPDATE {own} SET {name(column)} = CASE WHEN {there} THEN {wanted} END"
            f' FROM ({rows}) r WHERE {remap.sql.own_key(table, own)} = r."sichern new"'
            f" AND {pointed} IN ({gone}){demanded}"
        )


def _outside(
    session: TargetSession, remap: Remap, removals: Mapping[str, str]
) -> Mapping[str, tuple[str, int]]:
    """Count the rows that stay, in tables whose rows the database removes along with others.

    Gives the statement that counts, too, by table.
    """
    found = {}
    for table in remap.model.tables.values() if removals else ():
        foreign_keys = remap.catalog.tables[table.name].foreign_keys
        if table.role is Role.PRIVATE or not any(each.cascades for each in foreign_keys):
            continue
        count = f"SELECT count(*) FROM {remap.sql.table(table.name)} t"
        if table.name in removals:
            key = remap.sql.own_key(table, "t")
            count += f" WHERE {key} NOT IN (SELECT key FROM {removals[table.name]})"
        found[table.name] = (count, int(session.ask(count).scalar() or 0))
    return found


def _hold(session: TargetSession, remap: Remap, kept: Mapping[str, tuple[str, int]]) -> None:
    """Raise RowsDiffer where a row went along with one that was removed."""
    for table, (count, before) in kept.items():
        after = int(session.ask(count).scalar() or 0)
        if after != before:
            raise RowsDiffer(table=remap.model.tables[table].label, written=after, planned=before)


def _remove(
    session: TargetSession,
    remap: Remap,
    order: LoadOrder,
    removals: Mapping[str, str],
    step: Callable[[str], None],
) -> Mapping[str, int]:
    """Remove rows, those that point at others first."""
    for each, columns in order.later.items():
        if each in removals:
            own = remap.sql.table(each)
            key = remap.sql.own_key(remap.model.tables[each], own)
            sets = ", ".join(f"{name(column)} = NULL" for column in sorted(columns))
            gone = f"SELECT key FROM {removals[each]}"
            session.run(f"UPDATE {own} SET {sets} WHERE {key} IN ({gone})")
    removed = {}
    for each in reversed(order.tables):
        if each in removals:
            step(each)
            own = remap.sql.table(each)
            key = remap.sql.own_key(remap.model.tables[each], own)
            removed[each] = session.run(
                f"DELETE FROM {own} WHERE {key} IN (SELECT key FROM {removals[each]})"
            )
            step(each)
    return removed
