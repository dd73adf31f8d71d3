"""Recognise the pair's rows in the target: by external identity, natural key, part, or content.

A match is never a guess: a key that fits several rows, here or there, fits none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sichern.schema.columns import WireColumn
from sichern.target.alike import match_with_documents
from sichern.target.documents import HeldDocuments
from sichern.target.remap import Remap, State, Value
from sichern.target.session import TargetSession
from sichern.tenancy.manifest import EXTERNAL
from sichern.tenancy.model import ForeignLink, TenantTable, link_columns
from sichern.tenancy.sql import literal
from sichern_hooks import Clash, Role

DEEPEST = 100
"""Levels of a tree that are matched from its roots down, one at a time."""

_HANGING = (Role.PART_OF, Role.USED_WITH)
_WAITING = f"m.state = {int(State.UNDECIDED)}"


@dataclass(kw_only=True)
class Matching:
    """What was found: by which keys each table's rows were recognised."""

    by: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, table: str, how: str, count: int) -> int:
        """Count rows that were recognised."""
        if count:
            found = self.by.setdefault(table, {})
            found[how] = found.get(how, 0) + count
        return count

    def text(self, table: str) -> str:
        """The keys by which rows of a table were recognised."""
        return "; ".join(self.by.get(table, {}))


def match(session: TargetSession, remap: Remap, held: HeldDocuments) -> Matching:
    """Recognise what the target has already; all other entries of the maps stay undecided."""
    found = Matching()
    if remap.same_system:
        for table in remap.mapped:
            if remap.copied and table.role is Role.IDENTITY:
                # Both systems may have given one number to two people since.
                for how, sql in _statements(remap, table):
                    found.add(table.name, how, session.run(sql))
            else:
                found.add(table.name, "=", session.run(_by_same_key(remap, table)))
        return found
    for table in remap.mapped:
        if table.name in remap.names:
            statement = _by_external(remap, table)
            if statement is not None:
                found.add(table.name, "external", session.run(statement))
    statements = [
        (table.name, how, sql) for table in remap.mapped for how, sql in _statements(remap, table)
    ]
    for _ in range(DEEPEST):
        # Keys speak of other rows, which must have been recognised before.
        if not sum(found.add(table, how, session.run(sql)) for table, how, sql in statements):
            break
    for table in remap.loaded:
        if table.role in _HANGING and table.documents:
            pairs = _same_content(remap, table)
            found.add(table.name, "=", match_with_documents(held, table, pairs))
    return found


def _by_same_key(remap: Remap, table: TenantTable) -> str:
    """On the system that made the pair the same key is the same row."""
    keys = remap.map(table.name)
    key = remap.sql.own_key(table, "t")
    return (
        f"UPDATE {keys} SET new = old, state = {int(State.MATCHED)}"
        f" WHERE state = {int(State.UNDECIDED)} AND EXISTS"
        f" (SELECT 1 FROM {remap.sql.table(table.name)} t WHERE {key} = {keys}.old)"
    )


def _by_external(remap: Remap, table: TenantTable) -> str | None:
    """Rows that the source's modules ship, by the names that these gave them."""
    external = remap.model.external
    columns = {column.name for column in remap.manifest.tables[table.name].identity}
    if external is None or not table.integer_key:
        return None
    if not columns.issuperset(EXTERNAL + each for each in external.names):
        return None
    kinds = [literal(kind) for kind, each in sorted(external.targets.items()) if each == table.name]
    if not kinds:
        return None
    same = " AND ".join(
        f"{remap.sql.column('e', each)} = {remap.sql.column('s', EXTERNAL + each)}"
        for each in external.names
    )
    key = remap.sql.column("e", external.key)
    # A row that carries a tenant is that tenant's, whatever name a module gave it.
    nobodys = f" AND {remap.sql.column('t', table.tenant)} IS NULL" if table.tenant else ""
    pairs = (
        f"SELECT m.old, {key} AS key FROM {_named(remap, table)}"
        f" JOIN {remap.sql.table(external.table)} e ON {same}"
        f" AND {remap.sql.column('e', external.kind)} IN ({', '.join(kinds)})"
        f" JOIN {remap.sql.table(table.name)} t ON {remap.sql.own_key(table, 't')} = {key}"
        f" WHERE {_WAITING}{nobodys}"
    )
    return _accept(remap, table, pairs)


def _statements(remap: Remap, table: TenantTable) -> Iterator[tuple[str, str]]:
    """The statements that recognise rows of one table, the surest first."""
    if table.role is Role.OWNED:
        return
    for columns in table.natural_keys:
        how = ", ".join(columns) or "1"
        if table.name in remap.names and _fits(columns, remap, table):
            yield how, _by_natural_key(remap, table, columns, _named(remap, table))
        if table.name in remap.rows:
            yield how, _by_natural_key(remap, table, columns, remap.source(table))
    if table.name in remap.rows:
        yield from _by_parts(remap, table)
        if table.role in _HANGING and not table.documents:
            yield "=", _accept(remap, table, _same_content(remap, table))


def _fits(columns: Sequence[str], remap: Remap, table: TenantTable) -> bool:
    there = {column.name for column in remap.manifest.tables[table.name].identity}
    return there.issuperset(columns)


def _named(remap: Remap, table: TenantTable) -> str:
    return (
        f"{remap.named(table.name)} s JOIN {remap.map(table.name)} m"
        f" ON m.old = {remap.old_key(table)} AND m.named = 1"
    )


def _by_natural_key(
    remap: Remap, table: TenantTable, columns: Sequence[str], source: str
) -> str:
    """A key made of values must have them all; references in it may be empty on both sides.

    A part is recognised within its parent only: an address is nobody else's.
    """
    conditions, joins = [_WAITING, *_nobodys(remap, table)], dict[str, None]()
    within = table.parent if table.role is Role.PART_OF and source != _named(remap, table) else None
    if within is not None:
        columns = tuple(dict.fromkeys([*columns, *link_columns(within)]))
    values = [remap.value(table, column) for column in columns]
    # References alone say something only where none is empty.
    references_only = all(value.mapped for value in values)
    for column, value in zip(columns, values, strict=True):
        here, there = remap.sql.column("t", column), remap.sql.column("s", column)
        joins.update(dict.fromkeys(value.joins))
        above = within is not None and column in link_columns(within)
        if value.mapped and not (references_only or above):
            conditions.append(f"(({there} IS NULL AND {here} IS NULL) OR {value.sql} = {here})")
        else:
            conditions.append(f"{value.sql} = {here}")
    pairs = (
        f"SELECT m.old, {remap.sql.own_key(table, 't')} AS key FROM {source} {' '.join(joins)}"
        f" JOIN {remap.sql.table(table.name)} t ON {' AND '.join(conditions)}"
    )
    return _accept(remap, table, pairs)


def _nobodys(remap: Remap, table: TenantTable) -> Iterator[str]:
    """A row that carries a tenant is that tenant's, and nobody else's."""
    if table.tenant is not None:
        yield f"{remap.sql.column('t', table.tenant)} IS NULL"
        if table.name in remap.rows:
            yield f"{remap.sql.column('s', table.tenant)} IS NULL"
    yield from _never_matched(remap, table)


def _never_matched(remap: Remap, table: TenantTable) -> Iterator[str]:
    """A row that only one owned row may point at (a company's own party) is always new."""
    for owner in remap.loaded:
        if owner.role is not Role.OWNED:
            continue
        for unique in owner.uniques:
            if len(unique.columns) != 1 or unique.rule is not Clash.REFUSE:
                continue
            target = remap.referred(owner, unique.columns[0])
            if target is not None and target.name == table.name:
                column = remap.sql.column("o", unique.columns[0])
                yield (
                    f"m.old NOT IN (SELECT {column} FROM {remap.staged(owner.name)} o"
                    f" WHERE {column} IS NOT NULL)"
                )


def _by_parts(remap: Remap, table: TenantTable) -> Iterator[tuple[str, str]]:
    """A part whose natural key does not speak of its parent says who the parent is: a tax number
    names its party, an IBAN its account."""
    for part in remap.loaded:
        link = part.parent
        if part.role is not Role.PART_OF or not isinstance(link, ForeignLink):
            continue
        if link.target != table.name or link.target_columns != table.key:
            continue
        for columns in part.natural_keys:
            if not columns or link.columns[0] in columns:
                continue
            if any(remap.value(part, column).mapped for column in columns):
                continue
            same = " AND ".join(
                f"{remap.sql.column('p', each)} = {remap.sql.column('h', each)}"
                for each in columns
            )
            there = remap.sql.link_key("p", link, table)
            here = remap.sql.link_key("h", link, table)
            own = remap.sql.own_key(table, "t")
            conditions = " AND ".join([_WAITING, *_nobodys(remap, table)])
            pairs = (
                f"SELECT DISTINCT m.old, {own} AS key FROM {remap.source(table)}"
                f" JOIN {remap.staged(part.name)} p ON {there} = m.old"
                f" JOIN {remap.sql.table(part.name)} h ON {same}"
                f" JOIN {remap.sql.table(table.name)} t ON {own} = {here} WHERE {conditions}"
            )
            yield f"{part.label} ({', '.join(columns)})", _accept(remap, table, pairs)


def _same_content(remap: Remap, table: TenantTable) -> str:
    """Rows that hang on a row that the target has, with all the same values."""
    conditions = [_WAITING, *_nobodys(remap, table)]
    joins: dict[str, None] = {}
    above = link_columns(table.parent) if table.parent is not None else ()
    for column, value, here in compared(remap, table):
        joins.update(dict.fromkeys(value.joins))
        there = remap.sql.column("s", column.name)
        if column.name in above:
            conditions.append(f"{value.sql} = {here}")  # what the database can join by
        elif value.mapped:
            conditions.append(f"(({there} IS NULL AND {here} IS NULL) OR {value.sql} = {here})")
        else:
            conditions.append(remap.same(value.sql, here, column.wire))
    return (
        f"SELECT m.old, {remap.sql.own_key(table, 't')} AS key"
        f" FROM {remap.source(table)} {' '.join(joins)}"
        f" JOIN {remap.sql.table(table.name)} t ON {' AND '.join(conditions)}"
    )


def compared(remap: Remap, table: TenantTable) -> Iterator[tuple[WireColumn, Value, str]]:
    """The columns in which two rows are the same or not: with their values there and here."""
    passed = {*table.derived, *table.stamps}
    if remap.generated(table):
        passed.update(table.key)
    for column in remap.columns(table):
        if column.name not in passed:
            yield column, remap.value(table, column.name), remap.sql.column("t", column.name)


def differing(
    session: TargetSession, remap: Remap, table: TenantTable, state: State = State.MATCHED
) -> int:
    """Count the rows of a state, matched or to be updated, that say something else there."""
    conditions, joins = [], dict[str, None]()
    for column, value, here in compared(remap, table):
        joins.update(dict.fromkeys(value.joins))
        conditions.append(f"({remap.same(value.sql, here, column.wire)})")
    if not conditions:
        return 0
    found = session.ask(
        f"SELECT count(*) FROM {remap.source(table)} {' '.join(joins)}"
        f" JOIN {remap.sql.table(table.name)} t ON {remap.sql.own_key(table, 't')} = m.new"
        f" WHERE m.named = 0 AND m.state = {int(state)}"
        f" AND NOT ({' AND '.join(conditions)})"
    )
    return int(found.scalar() or 0)


def _accept(remap: Remap, table: TenantTable, pairs: str) -> str:
    """Take the pairs in which a row here has one row there, and that one no other."""
    keys = remap.map(table.name)
    return (
        f"WITH pairs AS ({pairs}),"
        " once AS (SELECT old, min(key) AS key FROM pairs GROUP BY old HAVING count(*) = 1),"
        " found AS (SELECT min(old) AS old, key FROM once GROUP BY key HAVING count(*) = 1)"
        f" UPDATE {keys} SET new = found.key, state = {int(State.MATCHED)} FROM found"
        f" WHERE {keys}.old = found.old"
        f" AND found.key NOT IN (SELECT new FROM {keys} WHERE new IS NOT NULL)"
    )
