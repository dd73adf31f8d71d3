"""Tell what an import will do, from the key maps, before anything is written."""

from collections import Counter
from collections.abc import Iterator, Mapping

from sichern.archive.names import REFERENCES
from sichern.archive.reader import ArchiveReader
from sichern.target import clashes, keymap, match, users
from sichern.target.counters import counters
from sichern.target.decide import lost_references
from sichern.target.documents import NOT_INSIDE, listed
from sichern.target.match import Matching
from sichern.target.refusals import ReferencesEmpty
from sichern.target.remap import ARRIVING, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.arrival import Arrival, LostReference, TableArrival
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import literal
from sichern_hooks import Role, SystemIdentity, Tenant


def survey(
    session: TargetSession,
    remap: Remap,
    matching: Matching,
    reader: ArchiveReader,
    tenant: Tenant,
    target: SystemIdentity,
    versions: Mapping[str, tuple[str, str]],
    removals: Mapping[str, str],
) -> Arrival:
    """Give the plan of an import.

    Raises ReferencesEmpty where a reference that may not be empty cannot be kept.
    """
    info = reader.pair.info
    lost = tuple(_lost(session, remap, reader))
    for table, columns, count in _unbearable(remap, lost):
        raise ReferencesEmpty(table=table, columns=columns, count=count)
    return Arrival(
        tenant=tenant,
        way=remap.way,
        source=_system(info.system),
        target=_system(target),
        versions=versions,
        tables=tuple(_tables(session, remap, matching, removals)),
        users=tuple(users.users(session, remap)),
        user_references=tuple(users.user_references(session, remap)),
        lost=lost,
        clashes=tuple(
            clashes.arrival(table, unique, count)
            for table, unique, count in clashes.clashes(session, remap, removals)
        ),
        counters=sum(1 for _ in counters(session, remap, reader)),
        documents=_documents(session, remap),
    )


def _system(system: SystemIdentity) -> str:
    return f"{system.host} {system.host_version}, {system.database} @ {system.machine}"


def _tables(
    session: TargetSession, remap: Remap, matching: Matching, removals: Mapping[str, str]
) -> Iterator[TableArrival]:
    for table in remap.model.tables.values():
        gone = 0
        if table.name in removals:
            gone = session.ask(f"SELECT count(*) FROM {removals[table.name]}").scalar() or 0
        if not remap.has_map(table.name) or table.role in (Role.SYSTEM, Role.IDENTITY):
            counted: Mapping[State, int] = {}
        else:
            counted = keymap.counts(session, remap, table)
        if not counted and not gone:
            continue
        matched = counted.get(State.MATCHED, 0)
        yield TableArrival(
            table=table.name,
            label=table.label,
            role=table.role,
            inserted=counted.get(State.INSERT, 0),
            matched=matched,
            matched_by=matching.text(table.name) if matched else "",
            differing=match.differing(session, remap, table) if matched else 0,
            updated=match.differing(session, remap, table, State.UPDATE)
            if State.UPDATE in counted
            else 0,
            removed=int(gone),
            left_out=counted.get(State.LEFT_OUT, 0),
        )


def _lost(
    session: TargetSession, remap: Remap, reader: ArchiveReader
) -> Iterator[LostReference]:
    said: dict[tuple[str, str, str], Counter[str]] = {}
    for line in listed(reader, REFERENCES):
        table, _key, column, target, _target_key, reason = map(str, line)
        said.setdefault((table, column, target), Counter())[reason] += 1
    for found, column, target, count in lost_references(session, remap):
        reasons = said.get((found.name, column, target), Counter())
        left = count
        for reason, number in reasons.most_common():
            taken = min(left, number)
            left -= taken
            if taken:
                yield _reference(found, column, target, reason, taken)
        if left:
            yield _reference(found, column, target, "unmatched", left)


def _reference(
    table: TenantTable, column: str, target: str, reason: str, count: int
) -> LostReference:
    return LostReference(
        table=table.name, column=column, target=target, reason=reason, count=count
    )


def _unbearable(
    remap: Remap, lost: tuple[LostReference, ...]
) -> Iterator[tuple[str, str, int]]:
    for each in lost:
        nullable = {c.name: c.nullable for c in remap.catalog.tables[each.table].columns}
        if not nullable.get(each.column, True):
            yield each.table, f"{each.column} ({each.target})", each.count


def _documents(session: TargetSession, remap: Remap) -> int:
    absent = ", ".join(literal(each) for each in NOT_INSIDE)
    count = 0
    for table in remap.loaded:
        if table.documents:
            found = session.ask(
                f"SELECT count(*) FROM sichern_documents d JOIN {remap.map(table.name)} m"
                f" ON d.key = CAST(m.old AS TEXT) WHERE d.\"table\" = {literal(table.name)}"
                f" AND m.named = 0 AND m.state IN {ARRIVING} AND d.origin NOT IN ({absent})"
            )
            count += int(found.scalar() or 0)
    return count
