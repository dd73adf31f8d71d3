"""The key maps: one temporary table per table, from the pair's keys to the target's."""

from collections.abc import Mapping

from sichern.target.decide import begins_as
from sichern.target.errors import RowTwice, WriteRefused
from sichern.target.remap import Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern.tenancy.sql import literal
from sichern_hooks import Role

SPARE = 1_000_000
"""Numbers that stay free above a key that is kept: the database must go on counting."""
LAST = 2**63 - 1


def make(session: TargetSession, remap: Remap, sequences: Mapping[str, str]) -> None:
    """Make the map of every table of which the pair holds or names rows.

    Rows are still undecided, but for those of a new tenant's own; these have their keys where
    keys are kept. `sequences` are those of `number`. Raises RowTwice where two rows of a table
    have one key.
    """
    for table in remap.mapped:
        _create(session, remap, table)
        try:
            if table.name in remap.rows:
                _fill(session, remap, table, sequences.get(table.name))
            _index(session, remap, table)
        except WriteRefused as error:
            raise RowTwice(table=table.label) from error
        if table.name in remap.names:
            _add_named(session, remap, table)
    for table in remap.loaded:
        _add_ghosts(session, remap, table)
    refresh(session, remap)


def _kind(table: TenantTable) -> str:
    return "bigint" if table.integer_key else "text"


def _create(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    kind = _kind(table)
    # The integer key of a SQLite table with this spelling is its row id: no index beside it.
    kind = "INTEGER" if table.integer_key and session.dialect == "sqlite" else kind
    key = " PRIMARY KEY" if session.dialect == "sqlite" else ""
    session.run(
        f"CREATE TEMPORARY TABLE {remap.map(table.name)} (old {kind}{key}, new {kind},"
        " state smallint NOT NULL, named smallint NOT NULL)"
    )


def _index(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    """Make the key of a map that was filled: PostgreSQL does it faster at once than by row.

    Its rows lie in the order of the archive, which is that of the keys.
    """
    if session.dialect == "postgresql":
        session.run(f"ALTER TABLE {remap.map(table.name)} ADD PRIMARY KEY (old)")


def _fill(
    session: TargetSession, remap: Remap, table: TenantTable, sequence: str | None
) -> None:
    state = begins_as(remap, table)
    key = remap.old_key(table)
    new = "NULL"
    if state is State.INSERT and remap.keeps and remap.generated(table):
        new = f"CASE WHEN {_free(session, remap, table, sequence, key)} THEN {key} END"
    session.run(
        f"INSERT INTO {remap.map(table.name)} (old, new, state, named)"
        f" SELECT {key}, CAST({new} AS {_kind(table)}), {int(state)}, 0"
        f" FROM {remap.staged(table.name)} s"
    )


def _add_named(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    session.run(
        f"INSERT INTO {remap.map(table.name)} (old, new, state, named)"
        f" SELECT {remap.old_key(table)}, NULL, {int(State.UNDECIDED)}, 1"
        f" FROM {remap.named(table.name)} s WHERE true ON CONFLICT (old) DO NOTHING"
    )


def _add_ghosts(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    """Old versions of rows that are gone keep belonging together, under a number nobody has."""
    if table.history_of is None or not remap.has_map(table.history_of):
        return
    of = remap.model.tables[table.history_of]
    for link in table.links:
        own = isinstance(link, ForeignLink) and link.target == of.name
        if own and isinstance(link, ForeignLink) and link.columns == of.key and of.integer_key:
            key = remap.sql.column("s", link.columns[0])
            session.run(
                f"INSERT INTO {remap.map(of.name)} (old, new, state, named)"
                f" SELECT DISTINCT {key}, CAST(NULL AS bigint), {int(State.GHOST)}, 0"
                f" FROM {remap.staged(table.name)} s WHERE {key} IS NOT NULL"
                " ON CONFLICT (old) DO NOTHING"
            )
            return


def refresh(session: TargetSession, remap: Remap) -> None:
    """PostgreSQL never analyses temporary tables by itself, and plans badly without."""
    if session.dialect == "postgresql":
        for table in remap.mapped:
            session.run(f"ANALYZE {remap.map(table.name)}")


def counts(session: TargetSession, remap: Remap, table: TenantTable) -> Mapping[State, int]:
    """How many rows of a table, named ones left aside, are in each state."""
    found = session.ask(
        f"SELECT state, count(*) FROM {remap.map(table.name)} WHERE named = 0 GROUP BY state"
    )
    return {State(row[0]): int(row[1]) for row in found}


def number(session: TargetSession, remap: Remap, sequences: Mapping[str, str]) -> None:
    """Give every row that goes in its key in the target.

    `sequences` names the database's sequence behind a table's key. Rows that are new get the
    next numbers in the order of their old keys; where keys are kept, a key that is taken counts
    as new. Keys that are made of columns follow from these.
    """
    for table in remap.mapped:
        if remap.generated(table):
            sequence = sequences.get(table.name)
            waits = _waits(session, remap, table)
            if remap.keeps:
                if waits:
                    _keep(session, remap, table, sequence)
                    waits = _waits(session, remap, table)
                _go_on_above(session, remap, table, sequence)
            if waits:
                _generate(session, remap, table, sequence)
    for table in remap.loaded:
        if not remap.generated(table):
            _compose(session, remap, table)
    refresh(session, remap)


_NEW = f"({int(State.INSERT)}, {int(State.GHOST)}, {int(State.PLACEHOLDER)})"


def _waits(session: TargetSession, remap: Remap, table: TenantTable) -> bool:
    """Whether any row has no key in the target yet."""
    waiting = f"state IN {_NEW} AND new IS NULL"
    found = session.ask(f"SELECT old FROM {remap.map(table.name)} WHERE {waiting} LIMIT 1")
    return found.first() is not None


def _keep(
    session: TargetSession, remap: Remap, table: TenantTable, sequence: str | None
) -> None:
    """Keep the keys that are free: no row has them, and none that is there speaks of them."""
    keys = remap.map(table.name)
    free = _free(session, remap, table, sequence, f"{keys}.old")
    waiting = f"{keys}.state IN {_NEW} AND {keys}.named = 0 AND {keys}.new IS NULL"
    _renew(session, remap, table, f"{waiting} AND {free}", f"{keys}.old")


def _go_on_above(
    session: TargetSession, remap: Remap, table: TenantTable, sequence: str | None
) -> None:
    """Let the sequence go on above the keys that are kept, before it gives the next number.

    A rollback does not take that back: a key at the end of all numbers, which no system has,
    must not come so far.
    """
    if sequence is not None:
        keys = remap.map(table.name)
        session.run(
            f"SELECT setval({_regclass(sequence)}, greatest(last_value, highest))"
            f" FROM {sequence}, (SELECT max(new) AS highest FROM {keys}) k WHERE highest >= 1"
        )


def _free(
    session: TargetSession, remap: Remap, table: TenantTable, sequence: str | None, key: str
) -> str:
    """When a key can be kept; see `_keep` and `_go_on_above`."""
    last = str(LAST)
    if sequence is not None:
        kept = "SELECT seqmax FROM pg_catalog.pg_sequence WHERE seqrelid"
        last = f"({kept} = {_regclass(sequence)})"
    there = f"SELECT 1 FROM {remap.sql.table(table.name)} t"
    conditions = [f"{key} <= {last} - {SPARE}"]
    if session.ask(f"{there} LIMIT 1").first():
        conditions.append(f"NOT EXISTS ({there} WHERE {remap.sql.own_key(table, 't')} = {key})")
    conditions.extend(
        # Read once into a set; asked row by row it is a scan of all translations each time.
        f"{key} NOT IN (SELECT {spoken} FROM {source} WHERE {spoken} IS NOT NULL)"
        for source, spoken in _speaking(remap, table)
    )
    return " AND ".join(conditions)


def _speaking(remap: Remap, table: TenantTable) -> list[tuple[str, str]]:
    """Polymorphic references of the target that may dangle: a number must not come alive again."""
    if remap.same_system:
        return []
    found = []
    for other in remap.model.tables.values():
        if other.role is Role.PRIVATE:
            continue
        for link in other.links:
            if isinstance(link, ForeignLink):
                continue
            for kind, target in link.targets.items():
                if target == table.name:
                    key = remap.sql.link_key("o", link, table)
                    of_kind = remap.sql.of_kind("o", link, kind)
                    found.append(
                        (f"{remap.sql.table(other.name)} o", f"CASE WHEN {of_kind} THEN {key} END")
                    )
    return found


def _generate(
    session: TargetSession, remap: Remap, table: TenantTable, sequence: str | None
) -> None:
    keys = remap.map(table.name)
    waiting = f"{keys}.state IN {_NEW} AND {keys}.new IS NULL"
    if sequence is None:
        start = _highest(session, remap, table)
        new = f"{start} + row_number() OVER (PARTITION BY {waiting} ORDER BY {keys}.old)"
    else:
        new = f"nextval({_regclass(sequence)})"
    _renew(session, remap, table, waiting, new)


def _renew(
    session: TargetSession, remap: Remap, table: TenantTable, where: str, new: str
) -> None:
    """Give the entries of a condition their new keys, in the order of the old ones.

    PostgreSQL writes the whole map anew: that takes a sixth of the time of an UPDATE.
    """
    keys = remap.map(table.name)
    if session.dialect == "sqlite":
        session.run(
            f"WITH numbered AS (SELECT old, {new} AS new FROM {keys} WHERE {where} ORDER BY old)"
            f" UPDATE {keys} SET new = numbered.new FROM numbered"
            f" WHERE {keys}.old = numbered.old"
        )
        return
    ordered = f"(SELECT * FROM {keys} ORDER BY old) {keys}"
    session.run(
        f"CREATE TEMPORARY TABLE {keys}_new AS SELECT old, CAST(CASE WHEN {where} THEN {new}"
        f" ELSE new END AS {_kind(table)}) AS new, state, named FROM {ordered}"
    )
    session.run(f"DROP TABLE {keys}")
    session.run(f"ALTER TABLE {keys}_new RENAME TO {keys}")
    _index(session, remap, table)


def _regclass(sequence: str) -> str:
    return "'" + sequence.replace("'", "''") + "'::regclass"


def _highest(session: TargetSession, remap: Remap, table: TenantTable) -> int:
    """The highest number that the table has, or ever had where the database remembers it."""
    own = remap.sql.table(table.name)
    if session.dialect == "postgresql":
        session.run(f"LOCK TABLE {own} IN SHARE ROW EXCLUSIVE MODE")
    highest = [
        f"SELECT max({remap.sql.own_key(table, 't')}) AS n FROM {own} t",
        # Numbers kept for this import's own rows.
        f"SELECT max(new) FROM {remap.map(table.name)}",
    ]
    if _remembers(session, table):
        highest.append(f"SELECT seq FROM main.sqlite_sequence WHERE name = {literal(table.name)}")
    else:
        # A number that was somebody's may still be spoken of.
        spoken = _speaking(remap, table)
        highest.extend(f"SELECT max({key}) FROM {source}" for source, key in spoken)
    found = session.ask(f"SELECT max(n) FROM ({' UNION ALL '.join(highest)}) h").scalar()
    return int(found or 0)


def _remembers(session: TargetSession, table: TenantTable) -> bool:
    """Whether the database knows every number that a table ever had (AUTOINCREMENT)."""
    if session.dialect != "sqlite":
        return False
    kept = "SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence'"
    return bool(session.ask(kept).first()) and bool(
        session.ask(
            f"SELECT 1 FROM main.sqlite_sequence WHERE name = {literal(table.name)}"
        ).first()
    )


def _compose(session: TargetSession, remap: Remap, table: TenantTable) -> None:
    """Keys that are made of columns: what the row's key will read as."""
    rewritten = remap.select(table, table.key, "true", as_key="old")
    new = remap.sql.own_key(table, "r")
    keys = remap.map(table.name)
    session.run(
        f"WITH numbered AS (SELECT r.\"sichern old\" AS old, {new} AS new FROM ({rewritten}) r)"
        f" UPDATE {keys} SET new = numbered.new FROM numbered"
        f" WHERE {keys}.old = numbered.old AND state IN {_NEW}"
    )
