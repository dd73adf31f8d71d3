"""Values that no two rows may share: each that the target has already is changed by its rule."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence

from sichern.target.refusals import ValuesTaken
from sichern.target.remap import ARRIVING, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.arrival import ClashArrival
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import name
from sichern_hooks import Clash, Target, Unique

SHOWN = 5
"""Values that a refusal names."""


def clashes(
    session: TargetSession, remap: Remap, gone: Mapping[str, str]
) -> Iterator[tuple[TenantTable, Unique, int]]:
    """Count the rows that go in with values that another row of the target has.

    `gone` are temporary tables with the keys of rows that are removed, by table.
    """
    for table, unique in _spanning(remap):
        taken = _taken(remap, table, unique, gone)
        count = session.ask(f"SELECT count(*) FROM ({taken}) c").scalar()
        if count:
            yield table, unique, int(count)


def arrival(table: TenantTable, unique: Unique, count: int) -> ClashArrival:
    """A clash as the plan tells it."""
    return ClashArrival(
        table=table.name, columns=unique.columns, rule=str(unique.rule), count=count
    )


def resolve(
    session: TargetSession, remap: Remap, target: Target, gone: Mapping[str, str]
) -> Iterator[tuple[TenantTable, Unique, int]]:
    """Change the staged values that clash, each by its rule.

    Raises ValuesTaken where the rule is to refuse.
    """
    for table, unique in _spanning(remap):
        found = session.ask(
            f"SELECT c.old, c.value FROM ({_taken(remap, table, unique, gone)}) c ORDER BY c.old"
        ).all()
        if not found:
            continue
        values = [str(row[1]) for row in found]
        if unique.rule is Clash.REFUSE:
            raise ValuesTaken(
                table=table.label,
                columns=", ".join(unique.columns),
                values=", ".join(values[:SHOWN]) + (", ..." if len(values) > SHOWN else ""),
            )
        fresh = _fresh(session, remap, table, unique, target, values)
        _change(session, remap, table, unique, [row[0] for row in found], values, fresh)
        yield table, unique, len(found)


def _spanning(remap: Remap) -> Iterator[tuple[TenantTable, Unique]]:
    """The constraints that rows of several tenants share."""
    for table in remap.loaded:
        columns = {column.name for column in remap.columns(table)}
        for unique in table.uniques:
            if not columns.issuperset(unique.columns):
                continue
            if not _always_new(remap, table, unique):
                yield table, unique


def _always_new(remap: Remap, table: TenantTable, unique: Unique) -> bool:
    """A number that the import itself gave, or the tenant's, cannot be anybody else's."""
    own = {column for column in table.key if remap.generated(table)}
    return bool(own.intersection(unique.columns)) or table.tenant in unique.columns


def _taken(
    remap: Remap, table: TenantTable, unique: Unique, gone: Mapping[str, str]
) -> str:
    """The keys and first values of staged rows whose values a row that stays as it is has."""
    active = (unique.active,) if unique.active else ()
    columns = list(dict.fromkeys([*unique.columns, *active]))
    rows = remap.select(table, columns, f"m.state IN {ARRIVING}", as_key="old")
    first = unique.columns[0]
    same = " AND ".join(
        f"{remap.sql.column('t', each)} = {remap.sql.column('r', each)}" for each in unique.columns
    )
    stays = [_true(remap, "t", each) for each in active]
    if remap.same_system:
        key = remap.sql.own_key(table, "t")
        back = f"SELECT old FROM {remap.map(table.name)} WHERE state = {int(State.UPDATE)}"
        stays.append(f"{key} NOT IN ({back})")
        if table.name in gone:
            stays.append(f"{key} NOT IN (SELECT key FROM {gone[table.name]})")
    there = " AND ".join([same, *stays])
    conditions = [
        f"EXISTS (SELECT 1 FROM {remap.sql.table(table.name)} t WHERE {there})",
        *(_true(remap, "r", each) for each in active),
    ]
    if remap.model.tables[table.name].wires.get(first) == "text":
        conditions.append(f"{remap.sql.column('r', first)} <> ''")
    return (
        f'SELECT r."sichern old" AS old, {remap.sql.column("r", first)} AS value FROM ({rows}) r'
        f" WHERE {' AND '.join(conditions)}"
    )


def _true(remap: Remap, alias: str, column: str) -> str:
    return f"{remap.sql.column(alias, column)} = true"


def _fresh(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    unique: Unique,
    target: Target,
    values: Sequence[str],
) -> list[str]:
    column = unique.columns[0]
    if unique.rule is Clash.RENUMBER:
        return _renumbered(session, remap, table, column, target, len(values))
    if unique.rule is Clash.UUID:
        return [_uuid_like(value) for value in values]
    return _suffixed(values, lambda value: _exists(session, remap, table, column, value))


def _renumbered(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    column: str,
    target: Target,
    count: int,
) -> list[str]:
    """Ask for numbers until enough are free: the pair may bring some that the target has next."""
    staged = f"SELECT {name(column)} FROM {remap.staged(table.name)}"
    coming = {str(row[0]) for row in session.rows(staged)}
    seen: dict[str, None] = {}
    given: list[str] = []
    while len(given) < count:
        found = target.next_values(session, table.name, column, count - len(given))
        fresh = [value for value in dict.fromkeys(found) if value not in seen]
        # A host that gives what it gave before would keep us here for ever.
        if not fresh:
            raise ValuesTaken(table=table.label, columns=column, values=", ".join(found[:SHOWN]))
        seen.update(dict.fromkeys(fresh))
        given.extend(value for value in fresh if value not in coming)
    return given


def _uuid_like(value: str) -> str:
    made = uuid.uuid4()
    return str(made) if "-" in value else made.hex


def _suffixed(values: Sequence[str], taken: Callable[[str], bool]) -> list[str]:
    given: list[str] = []
    for value in values:
        number = 2
        while f"{value}-{number}" in given or taken(f"{value}-{number}"):
            number += 1
        given.append(f"{value}-{number}")
    return given


def _exists(
    session: TargetSession, remap: Remap, table: TenantTable, column: str, value: str
) -> bool:
    for place in (remap.sql.table(table.name), remap.staged(table.name)):
        sql = f"SELECT 1 FROM {place} WHERE {name(column)} = :value LIMIT 1"
        if list(session.rows(sql, {"value": value})):
            return True
    return False


def _change(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    unique: Unique,
    keys: Sequence[object],
    values: Sequence[str],
    fresh: Sequence[str],
) -> None:
    """Write the new values into the staged rows, where every later step reads them."""
    column = unique.columns[0]
    kind = "bigint" if table.wires[column] == "integer" else None
    new = f"CAST(:new AS {kind})" if kind else ":new"
    staged = remap.staged(table.name)
    own = remap.sql.own_key(table, staged)
    sets = [f"{name(column)} = {new}"]
    sets.extend(f"{name(each)} = COALESCE({name(each)}, '') || :suffix" for each in unique.along)
    for key, old, value in zip(keys, values, fresh, strict=True):
        parameters: dict[str, object] = {"key": key, "new": value}
        if unique.along:
            parameters["suffix"] = value.removeprefix(old)
        session.write(f"UPDATE {staged} SET {', '.join(sets)} WHERE {own} = :key", parameters)
