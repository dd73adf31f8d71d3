"""A table's schema turns rows into lines and back, and refuses lines that are not its own."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.schema import tsv
from sichern.schema.columns import WireColumn
from sichern.schema.errors import (
    MalformedRow,
    MalformedText,
    UnknownWireType,
    UnreadableValue,
)
from sichern.schema.fields import WIRES, wire_field
from sichern.schema.table import table_schema
from tests.schema.values import BEYOND_PYTHON, TEXT, VALUES

COLUMNS = (
    WireColumn(name="id", wire="integer", nullable=False),
    WireColumn(name="name", wire="text", nullable=True),
    WireColumn(name="amount", wire="numeric", nullable=True),
    WireColumn(name="day", wire="date", nullable=True),
    WireColumn(name="tags", wire="text[]", nullable=True),
)
ROW = (7, "a\tb", Decimal("1.10"), dt.date(2026, 11, 22), ["x", None, '"'])
LINE = b'7\ta\\tb\t1.10\t2026-11-22\t{x,NULL,"\\\\""}\n'


def test_a_row_is_one_line_and_comes_back() -> None:
    schema = table_schema("t", COLUMNS)
    assert schema.dump_line(ROW) == LINE
    assert schema.load_line(LINE) == ROW
    empty = (1, None, None, None, None)
    assert schema.dump_line(empty) == b"1\t\\N\t\\N\t\\N\t\\N\n"
    assert schema.load_line(schema.dump_line(empty)) == empty


def test_marshmallow_dumps_and_loads_the_same_values_by_column() -> None:
    schema = table_schema("t", COLUMNS)
    row = dict(zip([column.name for column in COLUMNS], ROW, strict=True))
    texts = schema.dump(row)
    assert texts == {
        "id": "7", "name": "a\tb", "amount": "1.10", "day": "2026-11-22", "tags": '{x,NULL,"\\""}',
    }
    assert schema.load(texts) == row
    assert set(schema.validate({"id": None, "name": "x"})) == {"id", "amount", "day", "tags"}
    assert set(schema.validate({**texts, "id": 7})) == {"id"}


@pytest.mark.parametrize(
    "name", ["dump", "load", "fields", "context", "Meta", "a.b", "", "tÄ\"'%", "opts"]
)
def test_a_column_can_have_any_name(name: str) -> None:
    columns = (COLUMNS[0], WireColumn(name=name, wire="text", nullable=True))
    schema = table_schema("dump", columns)
    assert schema.load_line(schema.dump_line((1, "x"))) == (1, "x")
    assert schema.dump({"id": 1, name: "x"}) == {"id": "1", name: "x"}
    assert schema.load({"id": "1", name: "x"}) == {"id": 1, name: "x"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"7\tx\t1\t2026-11-22\n", MalformedRow),
        (b"7\tx\t1\t2026-11-22\t{}\t\n", MalformedRow),
        (b"", MalformedRow),
        (b"\\N\tx\t1\t2026-11-22\t{}\n", MalformedRow),
        (b"7\t\\x\t1\t2026-11-22\t{}\n", MalformedText),
        (b"7\t\xff\t1\t2026-11-22\t{}\n", MalformedText),
    ],
)
def test_a_line_that_does_not_fit_is_refused(line: bytes, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        table_schema("t", COLUMNS).load_line(line)
    assert str(caught.value)


def test_a_value_of_another_type_is_refused_instead_of_written() -> None:
    with pytest.raises(ValueError, match="int 5"):
        table_schema("t", [COLUMNS[1]]).dump_line((5,))


def test_an_unknown_wire_type_is_refused() -> None:
    with pytest.raises(UnknownWireType):
        table_schema("t", [WireColumn(name="m", wire="money", nullable=True)])


PLAIN = {
    "integer": st.integers(-9, 99),
    "numeric": st.decimals(-1000, 1000, places=2) | st.sampled_from([Decimal("-0.00")]),
    "float": st.floats(-1e6, 1e6).map(lambda number: round(number, 2)),
    "text": st.text("aÄ€", max_size=5),
}
"""Values of which a column is written in few calls."""
STORED = st.one_of(
    st.integers(-2, 2),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    TEXT,
    st.binary(max_size=9),
    st.dates().map(str),
    st.datetimes().map(str),
    st.decimals(-1000, 1000, places=2).map(str),
    st.sampled_from(["2026-02-30", "2026-01-01\n2026-01-02", "1\n2", "2026-01-01 00:00:00.5"]),
)
"""What SQLite can hold in a column, whatever its type."""


def _with_six_digits(moment: dt.datetime) -> str:
    """Spell a full second as SQLAlchemy stores it, and Python never would."""
    return moment.replace(microsecond=0).isoformat(" ", "microseconds")


@pytest.mark.parametrize("wire", list(WIRES))
@given(data=st.data())
def test_a_column_is_written_as_its_values_one_by_one(wire: str, data: st.DataObject) -> None:
    plain = data.draw(st.booleans())
    beyond = st.none() | st.sampled_from(BEYOND_PYTHON.get(wire) or ["x"])
    one = PLAIN.get(wire, VALUES[wire] | st.just("x")) if plain else VALUES[wire] | beyond
    values = data.draw(st.lists(one, min_size=1, max_size=6))
    field = wire_field(wire)
    expected = b"".join(
        tsv.line([None if value is None else field.text(value)]) for value in values
    )
    schema = table_schema("t", [WireColumn(name="c", wire=wire, nullable=True)])
    assert schema.line_writer()([[value] for value in values]) == expected


@pytest.mark.parametrize("year", [0, 1, 4, 1900, 2000, 2023, 2024, 9999])
def test_of_what_sqlite_stores_those_days_are_moments_that_a_calendar_has(year: int) -> None:
    write = table_schema(
        "t", [WireColumn(name="c", wire="timestamp", nullable=True)]
    ).line_writer(True)
    for month, day in itertools.product(range(14), range(33)):
        stored = f"{year:04}-{month:02}-{day:02} 23:59:59"
        try:
            dt.date(year, month, day)
        except ValueError:
            with pytest.raises(UnreadableValue):
                write([[stored]])
        else:
            assert write([[stored]]) == stored.encode() + b"\n"


@pytest.mark.parametrize("wire", list(WIRES))
@given(data=st.data())
def test_what_sqlite_stores_is_written_as_its_values_one_by_one(
    wire: str, data: st.DataObject
) -> None:
    kind = data.draw(
        st.sampled_from(
            [
                STORED,
                st.integers(0, 1),
                st.dates().map(str),
                st.datetimes().map(str),
                st.datetimes().map(_with_six_digits),
                st.decimals(-99, 99, places=2).map(str),
                st.floats(-99, 99),
            ]
        )
    )
    values = data.draw(st.lists(st.none() | kind, min_size=1, max_size=6))
    if data.draw(st.booleans()):
        values = [each.encode() if isinstance(each, str) else each for each in values]
    field = wire_field(wire)
    write = table_schema("t", [WireColumn(name="c", wire=wire, nullable=True)]).line_writer(True)
    rows = [[value] for value in values]
    try:
        expected = b"".join(
            tsv.line([None if value is None else field.stored_text(value)]) for value in values
        )
    except UnreadableValue:
        with pytest.raises(UnreadableValue):
            write(rows)
    else:
        assert write(rows) == expected
