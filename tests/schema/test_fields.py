"""Each value has one text, and nothing is lost between the two."""

import datetime as dt
import json
import math
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.schema.errors import UnknownWireType, UnreadableValue
from sichern.schema.fields import WIRES, wire_field
from tests.schema.values import BEYOND_PYTHON, TEXT, VALUES

STRATEGIES = {name: strategy for name, strategy in VALUES.items() if not strategy.is_empty}
each_wire = pytest.mark.parametrize("wire", list(STRATEGIES))


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and (left == right or (left != left and right != right))


@each_wire
@given(data=st.data())
def test_a_value_comes_back_from_its_text(wire: str, data: st.DataObject) -> None:
    field = wire_field(wire)
    value = data.draw(STRATEGIES[wire])
    assert _same(field.value(field.text(value)), value)


@each_wire
@given(data=st.data())
def test_an_array_comes_back_from_its_text(wire: str, data: st.DataObject) -> None:
    field = wire_field(f"{wire}[]")
    element = st.none() | STRATEGIES[wire] | st.sampled_from([None, *BEYOND_PYTHON.get(wire, [])])
    width = data.draw(st.integers(1, 3))
    rows = st.lists(element, min_size=width, max_size=width)
    nested = st.lists(rows, min_size=1, max_size=3)
    value = data.draw(st.lists(element) if wire.startswith("json") else st.lists(element) | nested)
    text = field.text(value)
    # An element's text may itself be one that names a value: `NaN`, or 1.0 as json.
    assert field.text(field.value(text)) == text
    assert isinstance(field.value(text), list)


@pytest.mark.parametrize(
    ("wire", "text"), [(wire, text) for wire, texts in BEYOND_PYTHON.items() for text in texts]
)
def test_a_text_that_python_cannot_hold_passes_through(wire: str, text: str) -> None:
    field = wire_field(wire)
    assert field.text(field.value(text)) == text


@pytest.mark.parametrize("wire", list(WIRES))
@given(text=TEXT)
def test_any_text_at_all_passes_through(wire: str, text: str) -> None:
    field = wire_field(wire)
    assert field.text(field.value(text)) == text
    array = wire_field(f"{wire}[]")
    assert array.text(array.value(text)) == text


@pytest.mark.parametrize(
    "text",
    ["[0:1]={1,2}", "{1,2", "{1}}", "{1,,2}", "{1 2}", "{{1},2}", "{,}", "{1,}", "1", "{ 1}"],
)
def test_an_array_with_bounds_or_of_a_strange_form_is_a_text(text: str) -> None:
    field = wire_field("integer[]")
    assert field.text(field.value(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.10"), "1.10"), (Decimal("1E-7"), "0.0000001"), (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0.00"), (Decimal("NaN"), "NaN"), (Decimal("-Infinity"), "-Infinity"),
    ],
)
def test_a_numeric_keeps_its_scale_and_never_has_an_exponent(value: Decimal, text: str) -> None:
    assert wire_field("numeric").text(value) == text


def test_not_a_number_is_a_number_of_its_kind() -> None:
    assert wire_field("numeric").value("NaN").is_nan()
    assert math.isnan(wire_field("float").value("NaN"))
    assert math.isnan(wire_field("float4").value("NaN"))


def test_minus_zero_stays_minus_zero() -> None:
    for wire in ("float", "float4"):
        field = wire_field(wire)
        assert field.text(-0.0) == "-0"
        assert math.copysign(1, field.value("-0")) == -1


def test_a_number_with_a_monstrous_exponent_is_refused_before_it_is_written_out() -> None:
    with pytest.raises(UnreadableValue):
        wire_field("numeric").text(Decimal("1E+99999999"))
    assert wire_field("numeric").value("1E+99999999") == "1E+99999999"


@pytest.mark.parametrize("wire", ["money", "", "[]", "integer[][]", "oid"])
def test_there_is_no_field_of_another_name(wire: str) -> None:
    with pytest.raises(UnknownWireType) as caught:
        wire_field(wire)
    assert caught.value.code == "unknown-wire-type"


@pytest.mark.parametrize("wire", list(WIRES))
def test_a_wire_type_is_known_by_its_own_name(wire: str) -> None:
    assert wire_field(wire).wire == wire
    assert wire_field(f"{wire}[]").wire == f"{wire}[]"
    assert WIRES[wire].__doc__


@pytest.mark.parametrize("wire", [*WIRES, "integer[]"])
def test_a_value_of_another_type_is_refused(wire: str) -> None:
    for value in (object(), ("a",), None):
        with pytest.raises(UnreadableValue):
            wire_field(wire).text(value)


@each_wire
@given(data=st.data())
def test_a_value_comes_back_from_what_sqlite_is_to_store(wire: str, data: st.DataObject) -> None:
    field = wire_field(wire)
    drawn = TEXT if wire == "text" else STRATEGIES[wire]
    value = data.draw(drawn)
    try:
        raw = field.raw(value)
    except UnreadableValue:
        # Seconds as a float hold microseconds of some 270 years.
        assert wire == "interval"
        assert abs(value) > dt.timedelta(days=90_000)
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        (stored,) = connection.execute("select ?", (raw,)).fetchone()
    if wire in ("json", "jsonb"):
        assert json.loads(field.stored(stored)) == value
        assert wire == "jsonb" or field.stored_text(stored) == field.text(value)
    else:
        assert _same(field.stored(stored), value)
    assert field.text_raw(field.text(value)) == raw


@pytest.mark.parametrize("wire", list(WIRES))
@given(text=TEXT)
def test_any_text_is_stored_as_what_it_stands_for_or_refused(wire: str, text: str) -> None:
    field = wire_field(wire)
    try:
        raw = field.text_raw(text)
    except UnreadableValue:
        return
    if wire not in ("jsonb", "interval"):
        assert field.stored_text(raw) == text


@pytest.mark.parametrize(
    ("wire", "text"), [(wire, text) for wire, texts in BEYOND_PYTHON.items() for text in texts]
)
def test_a_text_that_python_cannot_hold_is_stored_without_loss_or_refused(
    wire: str, text: str
) -> None:
    field = wire_field(wire)
    try:
        raw = field.text_raw(text)
    except UnreadableValue:
        assert wire not in ("numeric", "float", "float4", "enum")
        return
    if wire != "interval":
        assert field.stored_text(raw) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("-1 days +23:00:00", -3600), ("36:00:00", 129_600), ("1 day -00:00:01", 86_399),
        ("-01:30:00", -5400), ("1 day 00:00:00.5", 86_400.5),
    ],
)
def test_an_interval_of_postgresql_is_stored_as_its_seconds(text: str, seconds: float) -> None:
    assert wire_field("interval").text_raw(text) == seconds


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_an_integer_that_sqlite_cannot_hold_is_refused(number: int) -> None:
    with pytest.raises(UnreadableValue):
        wire_field("integer").raw(number)


@pytest.mark.parametrize("wire", [*WIRES, "integer[]"])
def test_nothing_is_stored_of_a_value_of_another_type(wire: str) -> None:
    for value in (object(), ("a",), None):
        with pytest.raises(UnreadableValue):
            wire_field(wire).raw(value)
