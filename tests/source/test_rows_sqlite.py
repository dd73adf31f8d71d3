"""SQLite stores a value in many ways; its row in the archive has one."""

import datetime as dt
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.schema import tsv
from sichern.schema.fields import wire_field
from sichern.schema.table import table_schema
from sichern.source.errors import UnreadableRow
from sichern.source.rows import read_rows
from sichern.source.snapshot import open_snapshot
from tests.schema.values import JSON, TEXT
from tests.source.reading import columns, read, table


def _make(file: Path, declared: str, values: list[object]) -> str:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"create table t (id integer primary key, v {declared})")
        connection.executemany("insert into t values (?, ?)", list(enumerate(values)))
        connection.commit()
    return f"sqlite:///{file}"


def _texts(url: str, wire: str) -> list[str | None]:
    with open_snapshot(url) as snapshot:
        lines = read(snapshot, "t", columns(id="integer", v=wire))
    return [tsv.values(line)[1] for line in tsv.lines([lines])]


@pytest.mark.parametrize(
    ("declared", "wire", "stored", "expected"),
    [
        ("numeric", "numeric", b"1.10", "1.10"),
        ("numeric", "numeric", b"1E-7", "0.0000001"),
        ("numeric", "numeric", b"-12345678901234567890.5", "-12345678901234567890.5"),
        ("numeric", "numeric", 5, "5"),
        ("numeric", "numeric", 0.1, "0.1"),
        ("numeric", "numeric", 1e22, "10000000000000000000000"),
        ("text", "numeric", "1.10", "1.10"),
        ("integer", "integer", -(2**63), str(-(2**63))),
        ("float", "float", 1e23, "9.999999999999999e+22"),
        ("float", "float", 3, "3"),
        ("float", "float", float("inf"), "Infinity"),
        ("boolean", "boolean", 1, "t"),
        ("boolean", "boolean", 0, "f"),
        ("varchar", "text", "a\0b", "a\0b"),
        ("varchar", "text", "", ""),
        ("varchar", "text", None, None),
        ("varchar", "text", "\\N", "\\N"),
        ("blob", "bytes", b"\x00\xff", "\\x00ff"),
        ("blob", "bytes", b"", "\\x"),
        ("date", "date", "2026-11-22", "2026-11-22"),
        ("timestamp", "timestamp", "2026-11-22 01:02:03", "2026-11-22 01:02:03"),
        ("timestamp", "timestamp", "2026-11-22 01:02:03.500000", "2026-11-22 01:02:03.5"),
        ("timestamp", "timestamp", "2026-11-22 01:02:00.000000", "2026-11-22 01:02:00"),
        ("timestamp", "timestamp", "2026-11-22T01:02:03", "2026-11-22 01:02:03"),
        ("time", "time", "23:59:59.5", "23:59:59.5"),
        ("interval", "interval", 90061.5, "1 day 01:01:01.5"),
        ("interval", "interval", -3600.0, "-01:00:00"),
        ("interval", "interval", 0, "00:00:00"),
        ("json", "json", '{"b": 1, "a": 1.10}', '{"b": 1, "a": 1.10}'),
        ("json", "json", "5", "5"),
        ("char(32)", "uuid", "0" * 32, "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_stored_value_has_the_text_of_its_wire_type(
    tmp_path: Path, declared: str, wire: str, stored: object, expected: str | None
) -> None:
    url = _make(tmp_path / "t.sqlite", declared, [stored])
    assert _texts(url, wire) == [expected]


@pytest.mark.parametrize(
    ("declared", "wire", "stored"),
    [
        ("integer", "integer", "seven"),
        ("integer", "integer", 1.5),
        ("integer", "integer", b"7"),
        ("numeric", "numeric", "dear"),
        ("numeric", "numeric", b"\xff"),
        ("numeric", "numeric", b"1E+99999999"),
        ("float", "float", "much"),
        ("boolean", "boolean", 2),
        ("boolean", "boolean", "true"),
        ("date", "date", "22.11.2026"),
        ("date", "date", "2026-11-22 01:00:00"),
        ("date", "date", 20261122),
        ("timestamp", "timestamp", "now"),
        ("timestamp", "timestamp", "2026-11-22 01:02:03+05:00"),
        ("interval", "interval", "long"),
        ("interval", "interval", 1e300),
        ("json", "json", "{"),
        ("json", "json", b"\xff"),
        ("varchar", "text", b"\xff"),
        ("blob", "bytes", 5),
        ("uuid", "uuid", "x"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_that_names_the_row(
    tmp_path: Path, declared: str, wire: str, stored: object
) -> None:
    """The shape: code `unreadable-value`; table, column, key and the value in the texts."""
    url = _make(tmp_path / "t.sqlite", declared, [None, stored])
    with pytest.raises(UnreadableRow) as caught:
        _texts(url, wire)
    assert caught.value.code == "unreadable-value"
    assert (caught.value.values["table"], caught.value.values["column"]) == ("t", "v")
    assert caught.value.values["key"] == "1"
    assert str(caught.value)


def test_a_text_that_is_no_utf8_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "t.sqlite"
    url = _make(file, "varchar", ["ok"])
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("insert into t values (1, cast(x'61ff' as text))")
        connection.commit()
    with pytest.raises(UnreadableRow) as caught:
        _texts(url, "text")
    assert (caught.value.values["column"], caught.value.values["key"]) == ("v", "1")


@settings(max_examples=25)
@given(
    rows=st.lists(
        st.tuples(
            st.none() | TEXT,
            st.none() | st.decimals(allow_nan=False, allow_infinity=False),
            st.none() | st.datetimes(),
            st.none() | st.binary(max_size=20),
            st.none() | JSON,
            st.none() | st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999)),
            st.none() | st.floats(allow_nan=False),
        ),
        max_size=20,
    )
)
def test_rows_as_tryton_stores_them_come_back(
    rows: list[tuple[object, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("rows") / "t.sqlite"
    wires = columns(
        id="integer", a="text", b="numeric", c="timestamp", d="bytes", e="json", f="interval",
        g="float",
    )
    json_text = wire_field("json").text
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "create table t (id integer primary key, a varchar, b numeric, c timestamp, d blob,"
            " e text, f interval, g float)"
        )
        for number, (a, b, c, d, e, f, g) in enumerate(rows):
            connection.execute(
                "insert into t values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    number, a,
                    None if b is None else str(b).encode(),
                    None if c is None else c.replace(microsecond=0).isoformat(" "),  # type: ignore[attr-defined]
                    d,
                    None if e is None else json_text(e),
                    None if f is None else f.total_seconds(),  # type: ignore[attr-defined]
                    g,
                ),
            )
        connection.commit()
    with open_snapshot(f"sqlite:///{file}") as snapshot:
        lines = read(snapshot, "t", wires)
    schema = table_schema("t", wires)
    found = [schema.load_line(line)[1:] for line in tsv.lines([lines])]
    expected = [
        (a, b, None if c is None else c.replace(microsecond=0), d, e, f, g)  # type: ignore[attr-defined]
        for a, b, c, d, e, f, g in rows
    ]
    assert found == expected


def test_keys_are_ordered_by_number_or_by_bytes(tmp_path: Path) -> None:
    file = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table t (k text collate nocase primary key, n integer)")
        connection.executemany(
            "insert into t values (?, ?)", [("b", 10), ("C", 9), ("ä", 8), ("a", 100), ("", 1)]
        )
        connection.commit()
    wires = columns(k="text", n="integer")
    with open_snapshot(f"sqlite:///{file}") as snapshot:
        by_text = read(snapshot, "t", wires, key=("k",)).decode().splitlines()
        by_number = read(snapshot, "t", wires, key=("n",)).decode().splitlines()
    assert [line.split("\t")[0] for line in by_text] == ["", "C", "a", "b", "ä"]
    assert [line.split("\t")[1] for line in by_number] == ["1", "8", "9", "10", "100"]


def test_a_value_of_python_s_decimal_is_never_rounded(tmp_path: Path) -> None:
    value = Decimal("12345678901234567890.12345678901234567890")
    url = _make(tmp_path / "t.sqlite", "numeric", [str(value).encode()])
    assert _texts(url, "numeric") == [str(value)]


def test_reading_many_rows_gives_blocks(tmp_path: Path) -> None:
    url = _make(tmp_path / "t.sqlite", "varchar", ["x" * 100] * 5000)
    assert _texts(url, "text") == ["x" * 100] * 5000


def test_a_reading_that_was_left_does_not_outlive_its_snapshot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = _make(tmp_path / "t.sqlite", "varchar", ["x" * 1000] * 3000)
    wires = columns(id="integer", v="text")
    with open_snapshot(url) as snapshot:
        blocks = read_rows(snapshot, table("t", wires, None), wires, ["id"], None)
        assert next(blocks)
    del blocks
    assert not caplog.records
