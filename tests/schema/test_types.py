"""A type is known under every spelling that a database has for it, or it is unknown."""

import pytest

from sichern.schema.types import wire_type


@pytest.mark.parametrize(
    ("spelled", "wire"),
    [
        ("numeric(16,4)", "numeric"), ("numeric", "numeric"), ("character varying(80)", "text"),
        ("character(3)", "text"), ("timestamp(6) without time zone", "timestamp"),
        ("timestamp(0) with time zone", "timestamptz"), ("time(3) with time zone", "timetz"),
        ("integer[]", "integer[]"), ("numeric(10,2)[]", "numeric[]"), ("bit(8)", "bit"),
        ("bit varying(5)", "varbit"), ("interval(3)", "interval"),
        ("interval day to second(3)", "interval"), ("double precision", "float"),
        ("real", "float4"), ("BYTEA", "bytes"),
    ],
)
def test_modifiers_do_not_matter_on_postgresql(spelled: str, wire: str) -> None:
    assert wire_type("postgresql", spelled) == wire


@pytest.mark.parametrize(
    "spelled",
    ["money", "oid", "regclass", "xml", "tsvector", "public.own", "hstore", "point", "oid[]",
     '"char"', "", "name", "-"],
)
def test_other_types_of_postgresql_are_unknown(spelled: str) -> None:
    assert wire_type("postgresql", spelled) is None


@pytest.mark.parametrize(
    ("spelled", "wire"),
    [
        ("INTEGER", "integer"), ("VARCHAR(80)", "text"), ("varchar", "text"), ("text", "text"),
        ("NUMERIC", "numeric"), ("DECIMAL(16, 4)", "numeric"), ("FLOAT", "float"),
        ("BOOLEAN", "boolean"), ("DATE", "date"), ("TIMESTAMP", "timestamp"),
        ("DATETIME", "timestamp"), ("INTERVAL", "interval"), ("BLOB", "bytes"), ("JSON", "json"),
    ],
)
def test_declared_types_of_sqlite_are_known(spelled: str, wire: str) -> None:
    assert wire_type("sqlite", spelled) == wire


@pytest.mark.parametrize("spelled", ["", "any", "money", "integer[]", "geometry"])
def test_other_types_of_sqlite_are_unknown(spelled: str) -> None:
    assert wire_type("sqlite", spelled) is None


def test_an_enumeration_is_known_whatever_its_name() -> None:
    assert wire_type("postgresql", "public.mood", enum=True) == "enum"
    assert wire_type("postgresql", "public.mood[]", enum=True) == "enum[]"


def test_other_databases_have_no_types() -> None:
    assert wire_type("mysql", "integer") is None
