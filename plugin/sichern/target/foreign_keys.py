"""Foreign keys of large tables in an empty system: held at once behind the rows, not row by row.

PostgreSQL asks for each row that is inserted whether the row that it points at is there; for
half the time of an import it does nothing else. Made anew behind the rows, a foreign key is
checked with one join. All of it is part of the import's one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from sichern.source.errors import DatabaseBusy
from sichern.target.remap import Remap
from sichern.target.session import TargetSession
from sichern.tenancy.sql import name
from sichern_hooks import Way

LARGE = 100_000
"""Rows of a table, about, for which it is worth the trouble."""

# Left alone: what this login could not make again just as it was, and tables with triggers that
# wait for the commit, since no foreign key can be made while they do.
_FOREIGN_KEYS = """
SELECT c.conname, m.nspname AS target_schema, t.relname AS target,
    pg_catalog.pg_get_constraintdef(c.oid) AS definition
FROM pg_catalog.pg_constraint AS c
JOIN pg_catalog.pg_class AS r ON r.oid = c.conrelid
JOIN pg_catalog.pg_class AS t ON t.oid = c.confrelid
JOIN pg_catalog.pg_namespace AS m ON m.oid = t.relnamespace
WHERE c.contype = 'f' AND c.convalidated AND c.conparentid = 0
AND r.oid = CAST(:place AS regclass) AND r.relkind = 'r' AND t.relkind = 'r'
AND pg_catalog.pg_has_role(r.relowner, 'USAGE') AND pg_catalog.pg_has_role(t.relowner, 'USAGE')
AND pg_catalog.has_table_privilege(t.oid, 'REFERENCES')
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_description AS d
    WHERE d.classoid = CAST('pg_catalog.pg_constraint' AS regclass) AND d.objoid = c.oid)
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = r.oid AND g.tgdeferrable)
ORDER BY c.conname
"""
# What was staged was analysed.
_STAGED_LARGE = """
SELECT relname FROM pg_catalog.pg_class
WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND reltuples >= {rows}
"""


@dataclass(frozen=True, kw_only=True)
class _ForeignKey:
    """A foreign key of `table` as PostgreSQL spells it; tables are quoted, with their schema."""

    table: str
    name: str
    target: str
    definition: str


@contextmanager
def held_at_once(session: TargetSession, remap: Remap) -> Iterator[None]:
    """Take the foreign keys of large tables away, and make them again behind the rows.

    Nothing is taken away beside other tenants, or where somebody else is using a table. Raises
    what the database raises where rows do not fit a foreign key.
    """
    lifted: list[_ForeignKey] = []
    if session.dialect == "postgresql" and remap.way is Way.EMPTY:
        large = {row[0] for row in session.ask(_STAGED_LARGE.format(rows=LARGE))}
        for table in remap.loaded:
            if remap.staged(table.name) in large:
                lifted.extend(_lift(session, remap.sql.table(table.name)))
    yield
    for each in lifted:
        session.run(
            f"ALTER TABLE {each.table} ADD CONSTRAINT {name(each.name)} {each.definition}"
        )


def _lift(session: TargetSession, table: str) -> Sequence[_ForeignKey]:
    found = [_foreign_key(table, row) for row in session.rows(_FOREIGN_KEYS, {"place": table})]
    if not found:
        return ()
    places = ", ".join(dict.fromkeys([table, *(each.target for each in found)]))
    try:
        with session.connection.begin_nested():
            session.run(f"LOCK TABLE {places} IN ACCESS EXCLUSIVE MODE NOWAIT")
    except DatabaseBusy:
        return ()
    for each in found:
        session.run(f"ALTER TABLE {table} DROP CONSTRAINT {name(each.name)}")
    return found


def _foreign_key(table: str, row: Sequence[object]) -> _ForeignKey:
    found = cast(Any, row)
    return _ForeignKey(
        table=table,
        name=found.conname,
        target=f"{name(found.target_schema)}.{name(found.target)}",
        definition=found.definition,
    )
