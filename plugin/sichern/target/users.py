"""Users that imported rows name: known by their login, or placeholders without one."""

from collections.abc import Iterator

from sichern.target.remap import ARRIVING, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.arrival import UserArrival, UserReference
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import name
from sichern_hooks import Role, Target


def users(session: TargetSession, remap: Remap) -> Iterator[UserArrival]:
    """Every user that the pair names, and whether the target knows the login."""
    for table in _identities(remap):
        columns = _columns(remap, table)
        if not columns:
            continue
        login, shown = columns[0], columns[-1]
        for row in session.ask(
            f"SELECT {remap.sql.column('s', login)}, {remap.sql.column('s', shown)}, m.state"
            f" FROM {_source(remap, table)} ORDER BY m.old"
        ):
            yield UserArrival(
                login=str(row[0]), name=str(row[1]), known=row[2] == int(State.MATCHED)
            )


def user_references(session: TargetSession, remap: Remap) -> Iterator[UserReference]:
    """Each column of rows that go in which names users, and whom it will name."""
    for table in remap.loaded:
        for column in remap.columns(table):
            target = remap.referred(table, column.name)
            if target is None or target.role is not Role.IDENTITY or not remap.has_map(target.name):
                continue
            found = session.ask(
                f"SELECT k.state, count(*) FROM {remap.source(table)}"
                f" JOIN {remap.map(target.name)} k"
                f" ON k.old = {remap.sql.column('s', column.name)}"
                f" WHERE m.state IN {ARRIVING} GROUP BY k.state"
            )
            counted = {int(row[0]): int(row[1]) for row in found}
            if counted:
                yield UserReference(
                    table=table.name,
                    column=column.name,
                    known=counted.get(int(State.MATCHED), 0),
                    placeholders=counted.get(int(State.PLACEHOLDER), 0),
                )


def add_placeholders(session: TargetSession, remap: Remap, target: Target) -> None:
    """Insert a row for each user that the target does not know."""
    for table in _identities(remap):
        columns = _columns(remap, table)
        shown = ", ".join(remap.sql.column("s", each) for each in columns)
        found = session.ask(
            f"SELECT m.old, m.new, {shown} FROM {_source(remap, table)}"
            f" WHERE m.state = {int(State.PLACEHOLDER)} ORDER BY m.old"
        )
        for old, new, *values in found.all():
            row = dict(target.placeholder(table.name, dict(zip(columns, values, strict=True))))
            # A key that people chose (a login) is kept, as all that refers to it keeps it.
            row[table.key[0]] = new if remap.generated(table) else old
            marks = ", ".join(f":v{place}" for place in range(len(row)))
            session.write(
                f"INSERT INTO {remap.sql.table(table.name)} ({', '.join(map(name, row))})"
                f" VALUES ({marks})",
                {f"v{place}": value for place, value in enumerate(row.values())},
            )


def _identities(remap: Remap) -> Iterator[TenantTable]:
    for table in remap.mapped:
        if table.role is Role.IDENTITY and table.name in remap.names:
            yield table


def _columns(remap: Remap, table: TenantTable) -> tuple[str, ...]:
    """The natural keys' columns, the login first, the name last."""
    there = {column.name for column in remap.manifest.tables[table.name].identity}
    every = dict.fromkeys(column for columns in table.natural_keys for column in columns)
    return tuple(column for column in every if column in there)


def _source(remap: Remap, table: TenantTable) -> str:
    return (
        f"{remap.named(table.name)} s JOIN {remap.map(table.name)} m"
        f" ON m.old = {remap.old_key(table)} AND m.named = 1"
    )
