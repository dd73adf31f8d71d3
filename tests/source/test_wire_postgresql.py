"""On a real PostgreSQL both paths write the same bytes, and COPY takes these bytes back."""

import math
import random
import struct
from collections.abc import Iterator
from itertools import chain

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.schema import tsv
from sichern.schema.fields import VERBATIM, wire_field
from sichern.schema.shortest import float4_text, float8_text
from sichern.schema.table import table_schema
from sichern.schema.types import wire_type
from sichern.source.snapshot import Snapshot, open_snapshot
from tests.schema.values import BEYOND_PYTHON, VALUES
from tests.source.reading import columns, read
from tests.support.postgres import Server

TYPES = {
    "integer": "bigint",
    "float": "double precision",
    "float4": "real",
    "bytes": "bytea",
    "enum": "mood",
    "text": "character varying",
    "bit": "bit(8)",
    "varbit": "bit varying",
}
WIRES = [wire for wire, strategy in VALUES.items() if not strategy.is_empty]


@pytest.fixture(scope="module")
def connection(postgres: Server, shared_database: str) -> Iterator[psycopg.Connection]:
    """A connection that writes; one table per wire type, and one for its arrays."""
    with psycopg.connect(postgres.uri(shared_database), autocommit=True) as connection:
        connection.execute("create type mood as enum ('a', 'b c', 'ü,\\')")
        connection.execute("set timezone = 'UTC'")
        for wire in WIRES:
            kind = TYPES.get(wire, wire)
            for name, spelled in ((wire, kind), (f"{wire}_array", f"{kind}[]")):
                for target in (name, f"{name}_back"):
                    connection.execute(
                        f'create table "{target}" (id int primary key, v {spelled})'.encode()
                    )
        yield connection


def _fill(connection: psycopg.Connection, name: str, kind: str, texts: list[str | None]) -> None:
    connection.execute(f'truncate "{name}", "{name}_back"'.encode())
    with connection.cursor() as cursor:
        cursor.executemany(
            f'insert into "{name}" values (%s, %s::text::{kind})'.encode(),
            list(enumerate(texts)),
        )


def _read_both(snapshot: Snapshot, name: str, wire: str) -> bytes:
    wires = columns(id="integer", v=wire)
    fast = read(snapshot, name, wires, path="fast")
    assert read(snapshot, name, wires, path="portable") == fast
    return fast


def _check_back(connection: psycopg.Connection, url: str, name: str, wire: str) -> bytes:
    with open_snapshot(url) as snapshot:
        lines = _read_both(snapshot, name, wire)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'copy "{name}_back" from stdin'.encode()) as copy,
    ):
        copy.write(lines)
    with open_snapshot(url) as snapshot:
        assert _read_both(snapshot, f"{name}_back", wire) == lines
    return lines


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=8)
@given(data=st.data())
def test_every_type_comes_back_through_copy(
    connection: psycopg.Connection,
    postgres: Server,
    shared_database: str,
    wire: str,
    data: st.DataObject,
) -> None:
    field = wire_field(wire)
    values = data.draw(st.lists(st.none() | VALUES[wire], min_size=1, max_size=60))
    texts = [None if value is None else field.text(value) for value in values]
    texts += BEYOND_PYTHON.get(wire, [])
    _fill(connection, wire, TYPES.get(wire, wire), texts)
    lines = _check_back(connection, postgres.url(shared_database), wire, wire)
    read_texts = [tsv.values(line)[1] for line in tsv.lines([lines])]
    assert len(read_texts) == len(texts)
    if wire not in ("jsonb", "inet", "cidr"):  # these have more than one spelling
        assert read_texts[: len(values)] == texts[: len(values)]
    schema = table_schema(wire, columns(id="integer", v=wire))
    rows = [schema.load_line(line) for line in tsv.lines([lines])]
    assert schema.line_writer()(rows) == lines


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=5)
@given(data=st.data())
def test_arrays_of_every_type_come_back_through_copy(
    connection: psycopg.Connection,
    postgres: Server,
    shared_database: str,
    wire: str,
    data: st.DataObject,
) -> None:
    kind = TYPES.get(wire, wire)
    odd = [text for text in BEYOND_PYTHON.get(wire, []) if len(text) < 100]
    item = st.none() | VALUES[wire]
    flat = st.lists(item | st.sampled_from(odd) if odd else item, max_size=5)
    values = data.draw(st.lists(flat, min_size=1, max_size=20))
    field = wire_field(f"{wire}[]")
    _fill(connection, f"{wire}_array", f"{kind}[]", [field.text(value) for value in values])
    lines = _check_back(
        connection, postgres.url(shared_database), f"{wire}_array", f"{wire}[]"
    )
    schema = table_schema(wire, columns(id="integer", v=f"{wire}[]"))
    rows = [schema.load_line(line) for line in tsv.lines([lines])]
    assert all(isinstance(row[1], list) for row in rows)
    assert schema.line_writer()(rows) == lines


def test_nested_arrays_and_arrays_with_bounds_come_back(
    connection: psycopg.Connection, postgres: Server, shared_database: str
) -> None:
    texts = ["{{1,2},{3,NULL}}", "[0:1]={1,2}", "{}", "{{{1}}}", "[-1:0][2:3]={{1,2},{3,4}}", None]
    _fill(connection, "integer_array", "bigint[]", texts)
    lines = _check_back(
        connection, postgres.url(shared_database), "integer_array", "integer[]"
    )
    assert [tsv.values(line)[1] for line in tsv.lines([lines])] == texts
    field = wire_field("integer[]")
    assert field.value("{{1,2},{3,NULL}}") == [[1, 2], [3, None]]


def _boundaries() -> Iterator[float]:
    """Doubles and reals where a short decimal lies near or on the middle of two neighbours."""
    for power in range(-323, 309):
        yield float(f"1e{power}")
    for power in range(-1074, 1024):
        yield math.ldexp(1.0, power)
        yield math.nextafter(math.ldexp(1.0, power), 0.0)
    for digits in range(1, 1000, 7):
        for power in range(12, 25):
            yield float(f"{digits}e{power}")
            yield float(f"{digits}5e{power}")


def test_doubles_are_written_as_postgresql_writes_them(connection: psycopg.Connection) -> None:
    chance = random.Random(20261122)  # noqa: S311
    bits = (struct.unpack("<d", chance.randbytes(8))[0] for _ in range(20_000))
    big = (float(chance.randrange(2**53, 2**80)) for _ in range(20_000))
    middles = (float((2**53 + 2 * chance.randrange(2**40)) * 5**k) for k in range(12) for _ in "ab")
    numbers = [x for x in chain(_boundaries(), bits, big, middles) if math.isfinite(x)]
    numbers += [0.0, -0.0, 1e23, -1e23, 5e-324, 9007199254740993.0, 1e15, 999999999999999.9]
    rows = connection.execute(
        "select x::text from unnest(%s::float8[]) with ordinality as t (x, n) order by n",
        (numbers,),
    )
    written = [row[0] for row in rows]
    assert len(written) > 40_000
    wrong = [
        (text, float8_text(number))
        for text, number in zip(written, numbers, strict=True)
        if text != float8_text(number)
    ]
    assert wrong == []


def test_a_double_between_two_decimals_is_not_written_as_python_does() -> None:
    assert repr(1e23) == "1e+23"
    assert float8_text(1e23) == "9.999999999999999e+22"


def test_reals_are_written_as_postgresql_writes_them(connection: psycopg.Connection) -> None:
    chance = random.Random(20261122)  # noqa: S311
    bits = [struct.unpack("<f", chance.randbytes(4))[0] for _ in range(8_000)]
    short = [float(f"{digits}e{power}") for digits in range(1, 400, 7) for power in range(-44, 36)]
    powers = [math.ldexp(1.0, power) for power in range(-149, 128)]
    numbers = [
        struct.unpack("<f", struct.pack("<f", x))[0]
        for x in chain(bits, short, powers, [0.0, -0.0, 1e6, 999999.0, 16777216.0, 8388608.5])
        if math.isfinite(x)
    ]
    rows = connection.execute(
        "select x::float4::text from unnest(%s::float8[]) with ordinality as t (x, n) order by n",
        (numbers,),
    )
    wrong = [
        (row[0], float4_text(number))
        for row, number in zip(rows, numbers, strict=True)
        if row[0] != float4_text(number)
    ]
    assert wrong == []


def test_padding_of_characters_is_left_out(
    postgres: Server, database: str
) -> None:
    postgres.run(
        "create table t (id char(4) primary key, v char(10), w char(3)[])",
        "insert into t values ('b', ' x ', '{a,bc}'), ('a', '', null)",
        database=database,
    )
    with open_snapshot(postgres.url(database)) as snapshot:
        wires = columns(id="text", v="text", w="text[]")
        fast = read(snapshot, "t", wires, path="fast")
        assert fast == read(snapshot, "t", wires, path="portable")
    assert fast == b"a\t\t\\N\nb\t x\t{\"a  \",\"bc \"}\n"


@pytest.mark.parametrize("wire", sorted({*WIRES, *VERBATIM}))
def test_the_database_s_own_spelling_of_a_type_is_known(
    connection: psycopg.Connection, wire: str
) -> None:
    kind = TYPES.get(wire, wire)
    for spelled, expected in ((kind, wire), (f"{kind}[]", f"{wire}[]")):
        row = connection.execute(
            "select format_type(%s::regtype, null)", (spelled,)
        ).fetchone()
        assert row is not None
        assert wire_type("postgresql", row[0], enum=wire == "enum") == expected
