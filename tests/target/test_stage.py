"""A row of an archive is in the temporary table as the target's own programs store it."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.schema import tsv
from sichern.schema.columns import WireColumn
from sichern.schema.errors import MalformedRow, MalformedText, UnreadableValue
from sichern.schema.fields import VERBATIM, wire_field
from sichern.source.errors import DatabaseGone, SnapshotBusy
from sichern.source.rows import read_rows
from sichern.target import stage as staging
from sichern.target.errors import RowRefused
from sichern.target.session import TargetSession, open_session
from sichern.target.stage import stage
from tests.schema.values import BEYOND_PYTHON, TEXT, VALUES
from tests.source.reading import columns, table
from tests.support.postgres import Server
from tests.target.conftest import Place, make_postgresql, make_sqlite

WIRES = columns(id="integer", v="text", n="numeric", d="date")
LINES = b"1\ta\\tb\\\\\\n\t1.10\t2026-11-22\n2\t\\N\t\\N\t\\N\n"
NULLABLE = columns(id="integer", v="text")
TYPES = {
    "integer": "bigint", "float": "double precision", "float4": "real", "bytes": "bytea",
    "enum": "mood", "text": "character varying", "bit": "bit(8)", "varbit": "bit varying",
}
EACH = [wire for wire, strategy in VALUES.items() if not strategy.is_empty]
ONLY_POSTGRESQL = {*VERBATIM, "inet", "cidr"}


def _read(session: TargetSession, name: str, wires: list[WireColumn]) -> bytes:
    return b"".join(read_rows(session, table(name, wires, None), wires, ["id"], None))


def _refill(session: TargetSession, wires: list[WireColumn], lines: bytes, like: str | None) -> int:
    session.ask("drop table if exists s")
    return stage(session, "s", wires, [lines], table="t", like=like)


def test_lines_come_back_from_the_temporary_table(place: Place) -> None:
    with open_session(place.url) as session:
        for size in (1, 7, 1000):
            name = f's "{size}"'
            blocks = [LINES[start : start + size] for start in range(0, len(LINES), size)]
            assert stage(session, name, WIRES, blocks, table="t", like=None) == 2
            assert _read(session, name, WIRES) == LINES


def test_no_lines_at_all_make_an_empty_table(place: Place) -> None:
    with open_session(place.url) as session:
        assert stage(session, "s", WIRES, [], table="t", like=None) == 0
        assert _read(session, "s", WIRES) == b""


def test_what_is_staged_stays_for_the_transaction_and_no_longer(place: Place) -> None:
    with open_session(place.url) as session:
        stage(session, "s", WIRES, [LINES], table="t", like=None)
        session.begin()
        stage(session, "later", WIRES, [LINES], table="t", like=None)
        assert session.ask("select count(*) from s").scalar_one() == 2
        assert session.ask("select count(*) from later").scalar_one() == 2
    with open_session(place.url) as session:
        stage(session, "s", WIRES, [LINES], table="t", like=None)


def test_others_write_while_a_table_is_staged(place: Place) -> None:
    place.run("create table t (id integer primary key)")

    def blocks() -> Iterator[bytes]:
        for number in range(1, 5):
            place.run(f"insert into t values ({number})")
            yield b"%d\tx\n" % number * 1000

    with open_session(place.url) as session:
        assert session.ask(f"select count(*) from {place.schema}t").scalar_one() == 0
        assert stage(session, "s", NULLABLE, blocks(), table="t", like=None) == 4000
        assert session.ask(f"select count(*) from {place.schema}t").scalar_one() == 4


def test_an_error_in_the_middle_of_the_blocks_comes_through_and_nothing_hangs(
    place: Place,
) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"1\tx\n" * 100_000
        raise ZeroDivisionError

    with open_session(place.url) as session:
        with pytest.raises(ZeroDivisionError):
            stage(session, "s", NULLABLE, blocks(), table="t", like=None)
        assert session.ask("select count(*) from s").scalar_one() == 0
        assert _refill(session, WIRES, LINES, None) == 2
        session.begin()
        with pytest.raises(ZeroDivisionError):
            stage(session, "later", NULLABLE, blocks(), table="t", like=None)
    place.run("create table free (id int)")


def test_a_session_answers_nothing_while_it_stages_instead_of_waiting_for_ever(
    place: Place,
) -> None:
    with open_session(place.url) as session:

        def blocks() -> Iterator[bytes]:
            yield b"1\tx\n"
            session.ask("select 1")

        with pytest.raises(SnapshotBusy):
            stage(session, "s", NULLABLE, blocks(), table="t", like=None)
        assert session.ask("select 1").scalar_one() == 1


@pytest.mark.parametrize(
    "lines",
    [
        b"1\n", b"1\tx\ty\n", b"1\tx\n\n2\ty\n", b"1\tx", b"1\t\xff\n", b"1\tx\r\n2\ty\r\n",
        b"1\tx\n\\.\n2\ty\n", b"\\.\n", b"1\t\\\n", b"eins\tx\n", b"99999999999999999999\tx\n",
        b"\\.\n1\tx\n", b"1\tx\\.\n\\.\n", b"1\ta\\N\n", b"1\t\\Na\n", b"1\t\\x41\n",
        b"1\t\\\\\\N\n", b"1\t\\\\\\\n", b"1\t\\00\n", b"1\tx\n2",
    ],
)
def test_lines_that_no_backup_writes_are_an_error(place: Place, lines: bytes) -> None:
    with (
        open_session(place.url) as session,
        pytest.raises((RowRefused, MalformedRow, MalformedText)) as caught,
    ):
        stage(session, "s", NULLABLE, [lines], table="t", like=None)
    assert str(caught.value)


def test_null_where_none_may_be_is_an_error_on_sqlite(tmp_path: Path) -> None:
    wires = [WireColumn(name="id", wire="integer", nullable=False)]
    with open_session(make_sqlite(tmp_path, "wal").url) as session, pytest.raises(MalformedRow):
        stage(session, "s", wires, [b"\\N\n"], table="t", like=None)


@pytest.fixture(scope="module")
def typed(postgres: Server, shared_database: str) -> Place:
    """A database with a table per wire type, and one with types that have bounds."""
    place = make_postgresql(postgres, shared_database)
    place.run(
        "create type mood as enum ('a', 'b c', 'ü,\\')",
        *(
            f'create table "{wire}{end}" (id int primary key, v {TYPES.get(wire, wire)}{array})'
            for wire in EACH
            for end, array in (("", ""), ("_array", "[]"))
        ),
        "create domain small as int check (value < 10)",
        'create table "bounded %(x)s" (id int, n numeric(5, 2), c varchar(3), f char(3),'
        " s timestamp(0), e mood, i smallint, t text, d small, j jsonb, a numeric(5, 2)[],"
        ' z timestamp(6), "external:module" int)',
    )
    return place


@pytest.fixture(scope="module")
def session(typed: Place) -> Iterator[TargetSession]:
    """One session for the examples of a property."""
    with open_session(typed.url) as session:
        yield session


@pytest.fixture(scope="module")
def file_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetSession]:
    """The same on SQLite."""
    with open_session(make_sqlite(tmp_path_factory.mktemp("file"), "wal").url) as session:
        yield session


def _lines(wire: str, values: list[Any]) -> bytes:
    text = wire_field(wire).text
    return b"".join(
        tsv.line([str(number), None if value is None else text(value)])
        for number, value in enumerate(values)
    )


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("wire", EACH)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_value_comes_back_from_a_column_of_postgresql(
    session: TargetSession, wire: str, array: bool, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.none() | VALUES[wire], max_size=20))
    beyond = [text for text in BEYOND_PYTHON.get(wire, []) if len(text) < 4000]
    if array:
        wire, values = f"{wire}[]", [[*values], [*beyond], [], None]
    else:
        values += beyond
    wires = columns(id="integer", v=wire)
    lines = _lines(wire, values)
    like = f'public."{wire.replace("[]", "_array")}"'
    assert _refill(session, wires, lines, like) == len(values)
    # PostgreSQL orders keys of jsonb, and spells some addresses its own way: what it writes counts.
    written = _read(session, "s", wires)
    assert written == lines or wire.startswith(("jsonb", "inet", "cidr"))
    assert _refill(session, wires, written, like) == len(values)
    assert _read(session, "s", wires) == written


@pytest.mark.parametrize("wire", [wire for wire in EACH if wire != "jsonb"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_every_value_comes_back_from_sqlite(
    file_session: TargetSession, wire: str, data: st.DataObject
) -> None:
    drawn = TEXT if wire == "text" else VALUES[wire]
    values = data.draw(st.lists(st.none() | drawn.filter(_holds(wire)), max_size=20))
    wires = columns(id="integer", v=wire)
    lines = _lines(wire, values)
    assert _refill(file_session, wires, lines, None) == len(values)
    assert _read(file_session, "s", wires) == lines


def _holds(wire: str) -> Callable[[object], bool]:
    field = wire_field(wire)

    def held(value: object) -> bool:
        try:
            field.raw(value)
        except UnreadableValue:
            assert wire == "interval"
            return False
        return True

    return held


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("date", "infinity"), ("date", "0044-03-15 BC"), ("timestamp", "10000-01-01 00:00:00"),
        ("timestamptz", "-infinity"), ("time", "24:00:00"), ("interval", "1 mon"),
        ("integer", "9223372036854775808"), ("integer", "007"), ("integer[]", "{1,2}"),
        ("numeric", "1E+3"), ("boolean", "true"), ("bytes", "abc"), ("uuid", "x"), ("json", "{"),
    ],
)
def test_what_sqlite_has_no_form_for_is_an_error_that_names_the_row(
    file_session: TargetSession, wire: str, text: str
) -> None:
    """The shape: code `row-refused`; table, line and the column's name in the reason."""
    wires = columns(id="integer", v=wire)
    lines = tsv.line(["1", None]) + tsv.line(["2", text])
    with pytest.raises(RowRefused) as caught:
        _refill(file_session, wires, lines, None)
    assert caught.value.code == "row-refused"
    assert (caught.value.values["table"], caught.value.values["line"]) == ("t", 2)
    assert str(caught.value.values["reason"]).startswith("v: ")


@pytest.mark.parametrize(
    ("column", "wire", "text", "line"),
    [
        ("n", "numeric", "1.005", "2"), ("n", "numeric", "1000.00", "?"),
        ("c", "text", "abcd", "2"),
        ("c", "text", "abc ", "2"), ("f", "text", "abcd", "2"),
        ("s", "timestamp", "2026-11-22 01:02:03.5", "2"), ("e", "text", "glum", "2"),
        ("i", "integer", "32768", "2"), ("t", "text", "a\0b", "2"), ("d", "integer", "10", "2"),
        ("j", "json", '"\\u0000"', "2"), ("a", "numeric[]", "{1.005}", "2"),
        ("id", "integer", "2147483648", "2"),
    ],
)
def test_a_value_that_a_column_of_postgresql_would_change_or_not_take_is_an_error(
    session: TargetSession, column: str, wire: str, text: str, line: str
) -> None:
    """The shape: code `row-refused`; table, line where it is known, and what the database says."""
    wires = [WireColumn(name=column, wire=wire, nullable=True)]
    lines = tsv.line([None]) + tsv.line([text]) + tsv.line([None])
    with pytest.raises(RowRefused) as caught:
        _refill(session, wires, lines, 'public."bounded %(x)s"')
    assert caught.value.code == "row-refused"
    assert (caught.value.values["table"], str(caught.value.values["line"])) == ("t", line)
    assert caught.value.values["reason"]
    assert session.ask("select 1").scalar_one() == 1


def test_values_within_the_bounds_are_taken_as_they_are(session: TargetSession) -> None:
    wires = columns(
        n="numeric", c="text", f="text", s="timestamp", z="timestamp", a="numeric[]",
        **{"external:module": "text"},
    )
    line = tsv.line(
        ["999.99", "abc", "a", "2026-11-22 01:02:03", "2026-11-22 01:02:03.000001",
         "{999.99,NULL}", "party"]
    )
    lines = line + tsv.line(["NaN", "", "", None, None, "{}", None])
    assert _refill(session, wires, lines, 'public."bounded %(x)s"') == 2
    found = session.ask('select n::text, c, z::text, "external:module" from s').first()
    assert found == ("999.99", "abc", "2026-11-22 01:02:03.000001", "party")


def test_without_a_table_to_be_like_keys_are_numbers_and_the_rest_is_text(
    session: TargetSession,
) -> None:
    wires = columns(id="integer", v="date")
    _refill(session, wires, b"1\t2026-11-22\n", None)
    found = session.ask("select pg_typeof(id)::text, pg_typeof(v)::text from s").one()
    assert tuple(found) == ("bigint", "text")


def test_the_planner_knows_the_size_of_a_staged_table(session: TargetSession) -> None:
    _refill(session, NULLABLE, b"1\tx\n" * 5000, None)
    assert session.ask("select reltuples from pg_class where relname = 's'").scalar_one() == 5000


TRYTON = r"""
import datetime as dt, json, sqlite3, sys
from decimal import Decimal
import trytond.backend.sqlite.database
from trytond.model.fields.dict import dumps as dict_dumps
from trytond.model.fields.multiselection import dumps as selection_dumps

DECLARED = ("id INTEGER, a NUMERIC, b TIMESTAMP, c DATE, d TIME, e INTERVAL, f BOOLEAN, g TEXT,"
    " h TEXT, i FLOAT, j BLOB, k VARCHAR")
VALUES = [
    (1, Decimal("1.10"), dt.datetime(2026, 11, 22, 1, 2, 3, 500000), dt.date(2026, 11, 22),
     dt.time(23, 59, 59), dt.timedelta(hours=-2), True, dict_dumps({"b": 1, "a": ["\u00fc", 1.5]}),
     selection_dumps(["b", "\u00fc"]), 3.0, b"\x00\xff", "\u00fc\t"),
    (2, Decimal("-0.000001"), dt.datetime(2026, 11, 22), dt.date(1, 1, 1), dt.time(1, 2, 3, 4),
     dt.timedelta(days=3, seconds=5, microseconds=7), False, dict_dumps({}), selection_dumps([]),
     0.1, b"", ""),
    (3, Decimal("12345678901234567890.12345678901234567890"),
     dt.datetime(2026, 11, 22, 1, 2, 3, 1), dt.date(9999, 12, 31), dt.time(0), dt.timedelta(0),
     None, None, None, -1e300, None, None),
    (4, Decimal("0"), None, None, None, dt.timedelta(hours=36), None, None, None, None, None, None),
]
connection = sqlite3.connect(sys.argv[1], detect_types=sqlite3.PARSE_DECLTYPES)
if sys.argv[2] == "make":
    for name in ("tryton", "ours"):
        connection.execute(f"CREATE TABLE {name} ({DECLARED})")
    connection.executemany(f"INSERT INTO tryton VALUES ({', '.join('?' * 12)})", VALUES)
    connection.commit()
else:
    assert connection.execute("SELECT * FROM ours ORDER BY id").fetchall() == VALUES
"""
FROM_POSTGRESQL: list[list[str | None]] = [
    ["1", "1.10", "2026-11-22 01:02:03.5", "2026-11-22", "23:59:59", "-1 days +22:00:00", "t",
     '{"a": ["ü", 1.5], "b": 1}', '["b", "ü"]', "3", "\\x00ff", "ü\t"],
    ["2", "-0.000001", "2026-11-22 00:00:00", "0001-01-01", "01:02:03.000004",
     "3 days 00:00:05.000007", "f", "{}", "[]", "0.1", "\\x", ""],
    ["3", "12345678901234567890.12345678901234567890", "2026-11-22 01:02:03.000001", "9999-12-31",
     "00:00:00", "00:00:00", None, None, None, "-1e+300", None, None],
    ["4", "0", None, None, None, "36:00:00", None, None, None, None, None, None],
]


def test_what_comes_from_postgresql_is_stored_as_tryton_stores_it_on_sqlite(
    tmp_path: Path,
) -> None:
    place = make_sqlite(tmp_path, "wal")
    file = str(sa.make_url(place.url).database)

    def tryton(what: str) -> None:
        subprocess.run([sys.executable, "-c", TRYTON, file, what], check=True)

    tryton("make")
    wires = columns(
        id="integer", a="numeric", b="timestamp", c="date", d="time", e="interval", f="boolean",
        g="jsonb", h="jsonb", i="float", j="bytes", k="text",
    )
    lines = b"".join(tsv.line(row) for row in FROM_POSTGRESQL)
    with open_session(place.url) as session:
        stage(session, "s", wires, [lines], table="t", like=None, numeric_as_bytes=True)
        session.begin()
        assert session.run("insert into ours select * from s") == 4
        session.commit()
    spelled = ", ".join(f"typeof({name}), quote({name})" for name in "abcdefghijk")
    rows = [place.ask(f"select {spelled} from {name} order by id") for name in ("ours", "tryton")]
    assert rows[0] == rows[1]
    tryton("read")


def test_numbers_are_texts_for_sqlite_s_own_affinity_where_the_host_does_not_ask_for_bytes(
    file_session: TargetSession,
) -> None:
    _refill(file_session, columns(id="integer", v="numeric"), b"1\t1.10\n", None)
    assert file_session.ask("select typeof(v), v from s").one() == ("text", "1.10")


def test_json_of_postgresql_that_python_would_spell_otherwise_keeps_its_numbers(
    file_session: TargetSession,
) -> None:
    text = '{"a": 1.10, "b": 10000000000000000000000.5}'
    _refill(file_session, columns(id="integer", v="jsonb"), tsv.line(["1", text]), None)
    assert file_session.ask("select v from s").scalar_one() == text


@given(value=VALUES["jsonb"])
def test_json_of_postgresql_means_the_same_on_sqlite(value: object) -> None:
    raw = wire_field("jsonb").raw(value)
    with closing(sqlite3.connect(":memory:")) as connection:
        stored = connection.execute("select ?", (raw,)).fetchone()[0]
    assert json.loads(stored) == value


def test_a_server_that_ends_the_session_while_it_stages_is_an_error(postgres: Server) -> None:
    name = postgres.create_database()

    def blocks() -> Iterator[bytes]:
        yield b"1\tx\n"
        with psycopg.connect(postgres.uri("postgres"), autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
                (name,),
            )
        for _ in range(100):
            yield b"1\tx\n" * 10_000

    with open_session(postgres.url(name)) as session, pytest.raises(DatabaseGone):
        stage(session, "s", NULLABLE, blocks(), table="t", like=None)
    postgres.drop_database(name)


@given(text=st.text("\\N\t\n0x\rtb", max_size=12))
def test_strange_escapes_are_told_from_known_ones_however_they_are_looked_for(text: str) -> None:
    block = (text + "\n").encode()
    strange = re.search(
        rb"\r|\\(?!000|[bfnrtv]|N[\t\n])|[^\t\n]\\N", block.replace(b"\\\\", b"x")
    )
    try:
        assert b"".join(staging._lines([block])) == block
    except MalformedText:
        assert strange is not None
    else:
        assert strange is None
