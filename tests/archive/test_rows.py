"""A check reads every row by its schema."""

from collections.abc import Iterator

import pytest

from sichern.archive.errors import RowDamaged
from sichern.archive.info import Member
from sichern.archive.rows import RowCheck
from sichern.schema.columns import WireColumn
from sichern.tenancy.manifest import Manifest, ManifestTable, fingerprint
from sichern.tenancy.manifest_text import write_manifest
from sichern_hooks import Role

COLUMNS = (
    WireColumn(name="id", wire="integer", nullable=False),
    WireColumn(name="day", wire="date", nullable=True),
)
TABLE = ManifestTable(
    name="t", label="t", role=Role.OWNED, key=("id",), columns=COLUMNS, identity=COLUMNS[:1],
    tenant=None, parent=None, references=(), natural_keys=(), embedded=(), documents=(),
    derived=frozenset(), history_of=None,
)
SCHEMA = write_manifest(Manifest(fingerprint=fingerprint([TABLE]), tables={"t": TABLE}))


def see(check: RowCheck, name: str, *blocks: bytes) -> None:
    def stream() -> Iterator[bytes]:
        yield from blocks

    check(Member(volume=0, name=name, size=0, sha256="", rows=None), stream())


def ready() -> RowCheck:
    check = RowCheck()
    see(check, "schema.json", SCHEMA)
    return check


def test_rows_of_the_schema_pass_in_blocks_cut_anywhere() -> None:
    see(ready(), "data/t/00001.tsv", b"1\t2026-", b"11-23\n2\t\\N\n")
    see(ready(), "identities/t/00001.tsv", b"1\n")


@pytest.mark.parametrize(
    "line",
    [b"1\n", b"1\t2\t3\n", b"\\N\t\\N\n", b"1\t\\q\n", b"1\t\xff\n", b"1\t2026-11-23"],
)
def test_a_line_that_is_no_row_of_its_table_is_damage(line: bytes) -> None:
    with pytest.raises(RowDamaged):
        see(ready(), "data/t/00001.tsv", line)


def test_rows_of_an_unknown_table_or_without_a_schema_are_damage() -> None:
    with pytest.raises(RowDamaged):
        see(ready(), "data/u/00001.tsv", b"1\n")
    with pytest.raises(RowDamaged):
        see(RowCheck(), "data/t/00001.tsv", b"1\n")


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"tables": [{"name": "t"}]}', b"\xff"])
def test_a_damaged_schema_is_said_once(text: bytes) -> None:
    check = RowCheck()
    with pytest.raises(RowDamaged):
        see(check, "schema.json", text)
    see(check, "data/t/00001.tsv", b"anything")
