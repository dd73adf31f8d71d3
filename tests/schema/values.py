"""Values of every wire type for property tests, and texts that Python cannot hold."""

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from sichern.schema.fields import VERBATIM, WIRES
from sichern.schema.shortest import float4_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", "\\N", "\\", "\t", "\n", "\r\n", "\b\f\v", "\\.", "NULL", "null", '"', "{}", "ä\U0001f600"]
)
POSTGRESQL_TEXT = TEXT.map(lambda text: text.replace("\0", ""))
NUMERIC = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("1.10"), Decimal("1E-7"), Decimal("1E+3"), Decimal("0.00"), Decimal("0E-16383")]
)
TIMES = st.times() | st.sampled_from([dt.time.min, dt.time.max])
OFFSETS = st.timedeltas(dt.timedelta(hours=-15), dt.timedelta(hours=15)).map(
    lambda delta: dt.timezone(dt.timedelta(seconds=delta // dt.timedelta(seconds=1)))
)
INTERVALS = st.timedeltas(dt.timedelta(days=-99999), dt.timedelta(days=99999))
# Numbers that JSON spells as PostgreSQL does: jsonb keeps no exponents and no negative zero.
JSON = st.recursive(
    st.booleans() | st.none() | st.integers() | POSTGRESQL_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(POSTGRESQL_TEXT, inner),
    max_leaves=8,
).filter(lambda value: value is not None and not isinstance(value, str))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "numeric": NUMERIC | st.sampled_from([Decimal("Infinity"), Decimal("-Infinity")]),
    "float": st.floats(allow_nan=False),
    # A real's value is the number that its text names, not the binary one behind it.
    "float4": st.floats(width=32, allow_nan=False).map(lambda x: float(float4_text(x))),
    "text": POSTGRESQL_TEXT,
    "enum": st.sampled_from(["a", "b c", "ü,\\"]),
    "bytes": st.binary(max_size=40),
    "uuid": st.uuids(),
    "json": JSON,
    "jsonb": JSON,
    "date": st.dates(),
    "time": TIMES,
    "timetz": st.builds(lambda time, zone: time.replace(tzinfo=zone), TIMES, OFFSETS),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(timezones=st.just(dt.UTC)),
    "interval": INTERVALS,
    **{name: st.nothing() for name in VERBATIM},
    "inet": st.ip_addresses().map(lambda address: f"{address}/{address.max_prefixlen}"),
    "cidr": st.ip_addresses().map(lambda address: f"{address}/{address.max_prefixlen}"),
    "macaddr": st.just("08:00:2b:01:02:03"),
    "bit": st.text("01", min_size=8, max_size=8),
    "varbit": st.text("01", max_size=8),
    "int4range": st.sampled_from(["empty", "[1,5)", "(,)", "[7,)"]),
    "tsrange": st.just('["2020-01-01 00:00:00","2021-01-01 12:00:00.5")'),
}
assert set(VALUES) == set(WIRES)

BEYOND_PYTHON: dict[str, list[str]] = {
    "date": ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "5874897-12-31"],
    "timestamp": ["infinity", "0044-03-15 12:00:00 BC", "10000-01-01 00:00:00.000001"],
    "timestamptz": ["-infinity", "0044-03-15 12:00:00+00 BC", "10000-01-01 00:00:00+00"],
    "time": ["24:00:00"],
    "timetz": ["24:00:00+02", "24:00:00-15:59:59"],
    "interval": [
        "1 mon", "1 year 2 mons -3 days +04:05:06.789", "36:00:00", "-1 days +23:00:00",
        "1 day -00:00:01", "2147483647 days", "-178956970 years -8 mons",
    ],
    "numeric": ["NaN"],
    "float": ["NaN"],
    "float4": ["NaN"],
    "json": [
        '"a"', "null", "1.10", "1e400", '{"a": 1, "a": 2}', '{"a":1}', " [ 1 ] ", '"\\u00e4"', "-0",
        "[" * 3000 + "]" * 3000,
    ],
    "jsonb": ['"a"', "null", "1.10", "1" + "0" * 400, "1" + "0" * 5000, "0.10000000000000000001"],
    "enum": [],
}
"""Texts of PostgreSQL; those that are no value in Python must pass through all the same."""
