"""Rows come in the order of their keys, the same bytes every time, in blocks."""

import threading

import psycopg
import pytest
import sqlalchemy as sa

from sichern.schema.errors import UnknownWireType
from sichern.source.errors import UnreadableRow
from sichern.source.lines import BLOCK
from sichern.source.rows import Path, read_rows
from sichern.source.snapshot import open_snapshot
from tests.source.reading import columns, read, table
from tests.support.postgres import Server

PATHS: tuple[Path, ...] = ("fast", "portable")
WIRES = columns(id="integer", name="text", amount="numeric", data="bytes")
ROWS = 20_000


@pytest.fixture(scope="module")
def filled(postgres: Server, shared_database: str) -> str:
    """A database with a shuffled table."""
    postgres.run(
        "create table t (id int primary key, name text, amount numeric(16,4), data bytea)",
        "insert into t select i, case when i % 7 = 0 then null else 'Zeile ' || i || E'\\t\\n' end,"
        " i / 7.0, decode(md5(i::text), 'hex')"
        f" from generate_series(1, {ROWS}) i order by md5(i::text)",
        database=shared_database,
    )
    return shared_database


def _read(postgres: Server, database: str, path: Path = "fast") -> bytes:
    with open_snapshot(postgres.url(database)) as snapshot:
        return read(snapshot, "t", WIRES, path=path)


def test_both_paths_give_the_same_bytes_in_the_order_of_the_key(
    postgres: Server, filled: str
) -> None:
    lines = _read(postgres, filled)
    assert _read(postgres, filled, "portable") == lines
    assert [int(line.split(b"\t")[0]) for line in lines.splitlines()] == list(range(1, ROWS + 1))


def test_the_bytes_stay_the_same_after_an_update_that_changes_nothing_and_a_vacuum(
    postgres: Server, filled: str
) -> None:
    before = _read(postgres, filled)
    postgres.run("update t set name = name", database=filled)
    assert _read(postgres, filled) == before
    postgres.run("vacuum full t", database=filled)
    assert _read(postgres, filled) == before


def test_the_bytes_are_the_same_beside_another_scan(postgres: Server, filled: str) -> None:
    before = _read(postgres, filled)
    stop = threading.Event()

    def scan() -> None:
        with psycopg.connect(postgres.uri(filled), autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("select count(name) from t").fetchall()

    scanner = threading.Thread(target=scan)
    scanner.start()
    try:
        assert [_read(postgres, filled, path) for path in (*PATHS, *PATHS)] == [before] * 4
    finally:
        stop.set()
        scanner.join()


@pytest.mark.parametrize("path", PATHS)
def test_blocks_hold_whole_lines_and_stay_small(
    postgres: Server, filled: str, path: Path
) -> None:
    with open_snapshot(postgres.url(filled)) as snapshot:
        blocks = list(read_rows(snapshot, table("t", WIRES), WIRES, ["id"], None, path=path))
    assert len(blocks) > 2
    assert all(block.endswith(b"\n") for block in blocks)
    assert all(BLOCK <= len(block) < 2 * BLOCK for block in blocks[:-1])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (lambda t: t.c.name == "50% \\ 'x' %(a)s %%", b"1\n"),
        (lambda t: t.c.name.like("50\\%%"), b"1\n"),
        (lambda t: t.c.id.in_([2, 3]), b"2\n3\n"),
        (lambda t: t.c.id.in_([]), b""),
        (lambda t: t.c["od%d"] == ":x", b"3\n"),
        (lambda t: sa.and_(t.c.id % 2 == 0, t.c.name.is_not(None)), b"2\n"),
        (lambda t: t.c.id != t.c.id, b""),
    ],
)
def test_conditions_mean_the_same_on_both_paths(
    postgres: Server, database: str, path: Path, condition: object, expected: bytes
) -> None:
    postgres.run(
        'create table t (id int primary key, name text, "od%d" text)',
        "insert into t values (1, '50% \\ ''x'' %(a)s %%', null), (2, 'b', null), (3, null, ':x')",
        database=database,
    )
    wires = columns(id="integer", name="text", **{"od%d": "text"})
    rows = table("t", wires)
    with open_snapshot(postgres.url(database)) as snapshot:
        found = read_rows(
            snapshot, rows, wires[:1], ["id"], condition(rows), path=path  # type: ignore[operator]
        )
        assert b"".join(found) == expected


@pytest.mark.parametrize("path", PATHS)
def test_text_keys_are_ordered_by_their_bytes(
    postgres: Server, database: str, path: Path
) -> None:
    with psycopg.connect(postgres.uri(database), autocommit=True) as connection:
        known = connection.execute(
            "select 1 from pg_collation where collname = 'de-x-icu'"
        ).fetchone()
        collation = ' collate "de-x-icu"' if known else ""
        connection.execute(
            f"create table t (k varchar{collation}, n int, primary key (k, n))".encode()
        )
        connection.execute(
            "insert into t select k, n from unnest(array['b','a','B','ä','A','Z','10','9','']) k,"
            " generate_series(1, 2) n"
        )
    wires = columns(n="integer", k="text")
    with open_snapshot(postgres.url(database)) as snapshot:
        lines = read(snapshot, "t", wires, key=("k", "n"), path=path).decode().splitlines()
    keys = [(line.split("\t")[1].encode(), int(line.split("\t")[0])) for line in lines]
    assert keys == sorted(keys)
    assert len(keys) == 18


@pytest.mark.parametrize("path", PATHS)
def test_names_of_tables_and_columns_can_be_anything(
    postgres: Server, database: str, path: Path
) -> None:
    postgres.run(
        'create schema "o d"',
        'create table "o d"."Select ""%s"" tÄble" ("or""der.%x" int primary key, "dump" text,'
        ' "fields" text, "c0" int)',
        'insert into "o d"."Select ""%s"" tÄble" values (1, \'a\', \'b\', 2)',
        database=database,
    )
    wires = columns(**{'or"der.%x': "integer", "dump": "text", "fields": "text", "c0": "integer"})
    rows = table('Select "%s" tÄble', wires, "o d")
    with open_snapshot(postgres.url(database)) as snapshot:
        lines = b"".join(read_rows(snapshot, rows, wires, ['or"der.%x'], None, path=path))
    assert lines == b"1\ta\tb\t2\n"


def test_rows_of_a_subquery_can_be_read(postgres: Server, filled: str) -> None:
    wires = columns(id="integer", double="integer")
    rows = table("t", WIRES)
    named = sa.select(rows.c.id, (rows.c.id * 2).label("double")).where(rows.c.id < 3).subquery("s")
    with open_snapshot(postgres.url(filled)) as snapshot:
        for path in PATHS:
            found = b"".join(read_rows(snapshot, named, wires, ["id"], None, path=path))
            assert found == b"1\t2\n2\t4\n"


def test_partitions_are_read_through_their_table(postgres: Server, database: str) -> None:
    postgres.run(
        "create table t (id int primary key, name text) partition by range (id)",
        "create table t1 partition of t for values from (0) to (10)",
        "create table t2 partition of t for values from (10) to (20)",
        "insert into t select i, 'x' from generate_series(0, 19) i",
        database=database,
    )
    with open_snapshot(postgres.url(database)) as snapshot:
        assert read(snapshot, "t", columns(id="integer", name="text")).count(b"\n") == 20


def test_an_unknown_wire_type_is_an_error_before_anything_is_read(
    postgres: Server, filled: str
) -> None:
    with open_snapshot(postgres.url(filled)) as snapshot, pytest.raises(UnknownWireType):
        read(snapshot, "t", columns(id="integer", name="money"))


def test_a_wire_type_that_is_not_the_column_s_is_an_error_that_names_the_row(
    postgres: Server, filled: str
) -> None:
    wires = columns(id="integer", amount="integer")
    with (
        open_snapshot(postgres.url(filled)) as snapshot,
        pytest.raises(UnreadableRow) as caught,
    ):
        read(snapshot, "t", wires, path="portable")
    assert (caught.value.values["column"], caught.value.values["key"]) == ("amount", "1")
