"""Write the rows: removed, brought back, inserted, each in one statement per table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sichern.schema.table import WireColumn
from sichern.target.order import LoadOrder, load_order
from sichern.target.refusals import RowsDiffer
from sichern.target.remap import Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import name


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
    where the database took another number of rows than the plan says.
    """
    names = [table.name for table in remap.loaded]
    order = load_order(remap.catalog, [*names, *(each for each in removals if each not in names)])
    removed = _remove(session, remap, order, removals, step)
    inserted, updated = {}, {}
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
    """Set the references that close a circle."""
    own = remap.sql.table(table.name)
    filled = " OR ".join(f"{remap.sql.column('s', each)} IS NOT NULL" for each in columns)
    states = f"({int(State.INSERT)}, {int(State.UPDATE)})"
    rows = remap.select(table, columns, f"m.state IN {states} AND ({filled})", as_key="new")
    sets = ", ".join(f"{name(each)} = {remap.sql.column('r', each)}" for each in columns)
    key = remap.sql.own_key(table, own)
    session.run(f'UPDATE {own} SET {sets} FROM ({rows}) r WHERE {key} = r."sichern new"')


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
