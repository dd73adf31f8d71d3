"""`schema.json` comes back as it was written, and a forged one is refused in one line."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from sichern.tenancy.describe import manifest
from sichern.tenancy.errors import ManifestDamaged
from sichern.tenancy.manifest import EXTERNAL, Manifest
from sichern.tenancy.manifest_text import read_manifest, write_manifest
from tests.support import world as small
from tests.tenancy.conftest import World

Document = dict[str, Any]
Forge = Callable[[Document], object]


@pytest.fixture
def written(world: World) -> Manifest:
    with world.closure("1") as (_, closure):
        return manifest(closure)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The description of one world, to be forged."""
    made = World(url=f"sqlite:///{tmp_path_factory.mktemp('sound') / 'w.sqlite'}", schema=None)
    engine = sa.create_engine(made.url)
    with engine.connect() as connection:
        small.create(connection, small.ROWS)
    engine.dispose()
    with made.closure("1") as (_, closure):
        return write_manifest(manifest(closure))


def table(document: Document, name: str) -> Document:
    found: Document = next(each for each in document["tables"] if each["name"] == name)
    return found


def test_what_was_written_is_read_in_the_order_of_the_archive(written: Manifest) -> None:
    read = read_manifest(write_manifest(written))
    assert read == written
    assert list(read.tables) == list(written.tables)
    assert write_manifest(read) == write_manifest(written)


def test_both_databases_say_where_rows_point_and_how_they_are_named(written: Manifest) -> None:
    tables = read_manifest(write_manifest(written)).tables
    assert tables["translation"].parent == "name"
    (names,) = tables["translation"].references
    assert names.spelled == ("name", "res_id")
    assert names.targets == {"product": "product", "unit": "unit"}
    assert [column.name for column in tables["unit"].identity][-2:] == [
        f"{EXTERNAL}module", f"{EXTERNAL}fs_id",
    ]
    assert tables["attachment"].documents == ("data",)
    assert "password" not in {column.name for column in tables["users"].columns}
    assert not tables.keys() & {"session", "names"}, "private tables are not described"


def test_what_a_later_writer_of_the_format_adds_is_passed_over(written: Manifest) -> None:
    document = json.loads(write_manifest(written))
    document["more"] = 1
    document["tables"][0]["more"] = {"a": 1}
    document["tables"][0]["columns"][0]["more"] = [1]
    assert read_manifest(json.dumps(document).encode()) == written


def _set(name: str, key: str, value: object) -> Forge:
    return lambda document: table(document, name).__setitem__(key, value)


def _change(name: str, part: str, **values: object) -> Forge:
    """Change the first entry of a list of a table."""
    return lambda document: table(document, name)[part][0].update(values)


def _append(name: str, part: str, value: object) -> Forge:
    return lambda document: table(document, name)[part].append(value)


def _column(name: str, wire: str = "text") -> Document:
    return {"name": name, "wire": wire, "nullable": True}


def _reference(*columns: str, **more: object) -> Document:
    said: Document = {
        "columns": columns, "target": "party", "target_columns": ["id"], "key_column": None,
        "targets": {},
    }
    return {**said, **more}


FORGED: dict[str, Forge] = {
    "no tables": lambda document: document.pop("tables"),
    "tables of another kind": lambda document: document.update(tables={"a": 1}),
    "a table twice": lambda document: document["tables"].append(table(document, "party")),
    "no columns": lambda document: table(document, "party").pop("columns"),
    "an unknown role": _set("party", "role", "administrator"),
    "a role of another kind": _set("party", "role", ["owned"]),
    "a private table": _set("party", "role", "private"),
    "a name that is none": _set("party", "name", None),
    "an unknown wire type": _change("party", "columns", wire="polygon"),
    "an unknown wire type of a name": _change("users", "identity", wire="polygon"),
    "nested arrays": _change("party", "columns", wire="text[][]"),
    "a column twice": _append("party", "columns", _column("name")),
    "a name twice": _append("users", "identity", _column("login")),
    "another column by the same name": _append("party", "identity", _column("parent", "date")),
    "a name from nowhere": _append("party", "identity", _column("nowhere")),
    "an external name of another type": _append("unit", "identity", _column("external:x", "date")),
    "no key": _set("party", "key", []),
    "a key column twice": _set("party", "key", ["id", "id"]),
    "a key that is no column": _set("party", "key", ["nowhere"]),
    "a key that names nothing": _set("party", "key", ["name"]),
    "a tenant that is no column": _set("invoice", "tenant", "nowhere"),
    "a parent that is no column": _set("line", "parent", "nowhere"),
    "a parent that is no reference": _set("line", "parent", "amount"),
    "a natural key that is no column": _set("users", "natural_keys", [["nowhere"]]),
    "a natural key that is no name": _set("users", "natural_keys", [["id", "created_by"]]),
    "a derived column that is none": _set("party", "derived", ["nowhere"]),
    "a history of nothing": _set("party", "history_of", "nowhere"),
    "a document twice": _set("attachment", "documents", ["data", "data"]),
    "keys in a column that is none": _append(
        "party", "embedded", {"column": "nowhere", "target": "party", "form": "path"}
    ),
    "keys in an unknown form": _append(
        "party", "embedded", {"column": "name", "target": "party", "form": "pickle"}
    ),
    "a reference of no column": _append("party", "references", _reference()),
    "a reference of nothing": _append("party", "references", _reference("nowhere")),
    "a reference to a column that is none": _append(
        "party", "references", _reference("name", target_columns=["nowhere"])
    ),
    "a reference to too many columns": _append(
        "party", "references", _reference("name", target_columns=["id", "name"])
    ),
    "a reference to a table and to kinds": _append(
        "party", "references", _reference("name", targets={"x": "party"})
    ),
    "a polymorphic reference of two columns": _append(
        "party", "references", _reference("name", "parent", target=None, target_columns=[])
    ),
    "a polymorphic reference by a key from nowhere": _append(
        "party", "references",
        _reference("name", target=None, target_columns=[], key_column="nowhere"),
    ),
    "a kind that is no name": _append(
        "party", "references", _reference("name", target=None, target_columns=[], targets={"x": 1})
    ),
    "another fingerprint": lambda document: document.update(fingerprint="00" * 32),
    "no fingerprint": lambda document: document.pop("fingerprint"),
    "a column left out": lambda document: table(document, "product")["columns"].pop(),
    "another type": _change("cost", "columns", wire="text"),
    "NULL where there was none": _change("line", "columns", nullable=True),
    "half a character": _set("party", "name", "\ud800"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_description_is_refused(sound: bytes, forge: Forge) -> None:
    document = json.loads(sound)
    before = json.dumps(document)
    forge(document)
    assert json.dumps(document) != before, "nothing was forged"
    with pytest.raises(ManifestDamaged) as refused:
        read_manifest(json.dumps(document).encode())
    assert refused.value.values["reason"]
    assert len(str(refused.value)) < 700


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff", b"{", b"[]", b"null", b"1", b'"x"', b"[" * 100_000, b'{"a":' * 100_000,
        b'{"tables": ' + b"1" * 10_000 + b"}", b'{"fingerprint": NaN, "tables": [NaN]}',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_no_description_is_refused(data: bytes) -> None:
    with pytest.raises(ManifestDamaged):
        read_manifest(data)


def test_no_change_of_any_value_ends_in_another_error(sound: bytes) -> None:
    """Values of the description become ones of another kind, or go."""
    chance = random.Random(7)  # noqa: S311 - chance that can be repeated, and no secret
    strange: list[object] = [
        None, 0, -1.5, True, "", "x", [], [[]], {}, {"a": []}, "\x00", "\ud800",
    ]
    refused = 0
    for _ in range(2000):
        document = json.loads(sound)
        place, key = _somewhere(document, chance)
        if chance.random() < 0.2:
            place.pop(key)
        else:
            place[key] = chance.choice(strange)
        try:
            read_manifest(json.dumps(document).encode())
        except ManifestDamaged:
            refused += 1
    assert refused > 1500


def _somewhere(document: Any, chance: random.Random) -> tuple[Any, Any]:
    """A container in the document, and a key or index of it."""
    while True:
        key = chance.choice(list(document) if isinstance(document, dict) else range(len(document)))
        inside = document[key]
        if not isinstance(inside, dict | list) or not inside or chance.random() < 0.05:
            return document, key
        document = inside
