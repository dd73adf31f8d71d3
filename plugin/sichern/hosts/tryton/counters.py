"""The next numbers of Tryton's sequences, which stand outside the rows on PostgreSQL.

A sequence that may have gaps (`ir.sequence`, incremental) has a sequence object
`ir_sequence_<id>` there, and the column `number_next_internal` on SQLite. Sequences without gaps
are plain rows in both.
"""

from collections.abc import Iterable, Iterator

from sichern.hosts.tryton.tables import qualified
from sichern_hooks import Counter, Reader, Writer

SEQUENCES = "ir_sequence"
BATCH = 200
"""Sequence objects asked in one statement."""

_OBJECTS = """
    SELECT pg_class.relname, pg_sequence.seqincrement FROM pg_catalog.pg_sequence
    JOIN pg_catalog.pg_class ON pg_class.oid = pg_sequence.seqrelid
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_namespace.nspname = :schema AND pg_class.relname LIKE 'ir!_sequence!_%' ESCAPE '!'
    ORDER BY pg_class.oid
"""


def read_counters(reader: Reader, schema: str | None) -> Iterator[Counter]:
    """Give the next number of every incremental sequence that may have gaps."""
    if schema is None:
        return _read_columns(reader)
    return _read_objects(reader, schema)


def _read_columns(reader: Reader) -> Iterator[Counter]:
    rows = reader.rows(
        f"SELECT id, number_next_internal FROM {SEQUENCES}"
        " WHERE type = 'incremental' AND number_next_internal IS NOT NULL ORDER BY id"
    )
    for key, value in rows:
        yield Counter(table=SEQUENCES, key=str(key), value=int(str(value)))


def _read_objects(reader: Reader, schema: str) -> Iterator[Counter]:
    objects = _objects(reader, schema)
    names = list(objects)
    for start in range(0, len(names), BATCH):
        # The view pg_sequences does not tell a restarted sequence from a called one.
        parts = [
            f"SELECT '{name}', last_value + CASE WHEN is_called THEN {objects[name]} ELSE 0 END"
            f" FROM {qualified(name, schema)}"
            for name in names[start : start + BATCH]
        ]
        for name, value in reader.rows(" UNION ALL ".join(parts)):
            key = str(name).removeprefix(f"{SEQUENCES}_")
            yield Counter(table=SEQUENCES, key=key, value=int(str(value)))


def _objects(reader: Reader, schema: str) -> dict[str, int]:
    """The sequence objects and their increments."""
    return {
        str(name): int(str(step))
        for name, step in list(reader.rows(_OBJECTS, {"schema": schema}))
        if str(name).removeprefix(f"{SEQUENCES}_").isdigit()
    }


def set_counters(writer: Writer, schema: str | None, counters: Iterable[Counter]) -> None:
    """Let sequences give the counters' values next; `key` is the id of the sequence here.

    On PostgreSQL within the transaction: what is rolled back leaves no sequence object, and one
    that was there stands where it stood. A counter of another table, or of a sequence that is
    not an incremental one here, is left out: it counts nothing.
    """
    wanted = {
        int(each.key): each.value
        for each in counters
        if each.table == SEQUENCES and each.key.isdecimal()
    }
    steps = _steps(writer, schema)
    known = _objects(writer, schema) if schema is not None else {}
    for key, value in wanted.items():
        if key not in steps:
            continue
        if schema is None:
            writer.write(
                f"UPDATE {SEQUENCES} SET number_next_internal = :value"
                " WHERE id = :key",
                {"value": value, "key": key},
            )
        else:
            name = f"{SEQUENCES}_{key}"
            writer.write(
                _statement(qualified(name, schema), steps[key], value, exists=name in known)
            )


def _steps(reader: Reader, schema: str | None) -> dict[int, int]:
    """The increments of the incremental sequences, by id."""
    found = reader.rows(
        f"SELECT id, number_increment FROM {qualified(SEQUENCES, schema)}"
        " WHERE type = 'incremental'"
    )
    return {int(str(key)): int(str(step or 1)) for key, step in found}


def _statement(name: str, step: int, value: int, *, exists: bool) -> str:
    """Make the sequence object, or restart it as Tryton does, which a rollback undoes.

    A value beyond the bounds that PostgreSQL sets by itself (1, or -1 downwards) moves them.
    """
    bounds = ""
    if step > 0 and value < 1:
        bounds = f" MINVALUE {value}"
    elif step < 0 and value > -1:
        bounds = f" MAXVALUE {value}"
    if exists:
        return f"ALTER SEQUENCE {name} INCREMENT BY {step}{bounds} RESTART WITH {value}"
    return f"CREATE SEQUENCE {name} INCREMENT BY {step}{bounds} START WITH {value}"
