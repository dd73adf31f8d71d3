"""Names of members and of files."""

# ruff: noqa: S311 - chance that can be repeated, and no secrets

import random
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.archive.errors import TableNameTooLong
from sichern.archive.names import Kind, document_member, parse_member, rows_member
from sichern.archive.stems import Stem, parse_stem, slug, slugs, split_ending, stem
from sichern_hooks import Tenant, TenantRef
from tests.archive.making import WHEN

DEVICES = ["CON", "prn", "Aux", "NUL", *[f"COM{n}" for n in range(10)], "lpt1", "CONIN$"]
ODD = [
    "", " ", ".", "..", "...", "/", "\\", "a/b", "../../etc/passwd", "C:\\Windows", "a\0b", "\n",
    "-", "--", "-rf", "~", "$(id)", "`id`", "a;b", "|", "*", "?", "a. ", "a.", "A", "a", "Ä", "ä",
    "A\u0308", "a\u0308", "ß", "ẞ", "SS", "ﬁ", "①", "İ", "ı", "Ω", "株式会社",
    "🏢", "\u202e", "\ufeff",
    "x" * 500, "x" * 501, "ü" * 300, "a_b", "a b", "a-b", "a--b", "\ud7ff", "%s%n", "{0}", "\t",
]


def hostile_names(count: int) -> list[str]:
    """Odd names, device names, case twins and NFC twins, then random ones."""
    random.seed(17)
    names = ODD + DEVICES + [d.lower() for d in DEVICES] + [f"{d}.txt" for d in DEVICES]
    while len(names) < count:
        text = "".join(chr(random.choice([*range(0x250), 0x3000, 0x1F600])) for _ in range(9))
        names += [text, text.upper(), unicodedata.normalize("NFD", text)]
    return names[:count]


def test_500_hostile_names_give_safe_and_distinct_stems() -> None:
    names = hostile_names(500)
    tenants = [
        Tenant(ref=TenantRef(host="h", key=str(n)), name=name) for n, name in enumerate(names)
    ]
    found = slugs(tenants)
    assert len(found) == 500
    assert len(set(found.values())) == 500
    for text in found.values():
        parsed = parse_stem(str(Stem(slug=text, when=WHEN)))
        assert parsed is not None
        assert parsed.slug == text
        assert 1 <= len(text) <= 60
        assert text.upper() not in DEVICES
        assert not text.startswith("-")


def test_hostile_keys_are_told_apart_too() -> None:
    keys = ["A", "a", "a ", "a/", "../a", "", "\0", "x" * 300, "x" * 301, "1-2", "1_2"]
    tenants = [Tenant(ref=TenantRef(host="h", key=key), name="Muster") for key in keys]
    found = slugs(tenants)
    assert len(set(found.values())) == len(keys)
    assert all(parse_stem(str(Stem(slug=text, when=WHEN))) for text in found.values())


def test_the_key_is_appended_only_where_two_share_a_slug() -> None:
    tenants = [
        Tenant(ref=TenantRef(host="h", key=key), name=name)
        for key, name in [("1", "Muster GmbH"), ("2", "Müller & Söhne"), ("3", "muster gmbh")]
    ]
    assert list(slugs(tenants).values()) == ["muster-gmbh-1", "mueller-und-soehne", "muster-gmbh-3"]


def test_a_stem_is_the_slug_and_the_time_in_utc() -> None:
    assert stem("Muster GmbH", "1", WHEN) == "muster-gmbh_2026-11-22T223000Z"
    assert stem("Ärger/Größe", "1", WHEN) == "aerger-groesse_2026-11-22T223000Z"
    assert stem("株式会社", "7", WHEN) == "tenant-7_2026-11-22T223000Z"
    berlin = datetime.fromisoformat("2026-11-22T23:30:00+01:00")
    assert stem("a", "1", berlin) == "a_2026-11-22T223000Z"


@given(st.text(), st.integers(1, 99), st.integers(0, 2**32))
def test_every_stem_is_read_back(name: str, number: int, second: int) -> None:
    when = datetime.fromtimestamp(second, UTC)
    written = Stem(slug=slug(name), when=when, number=number)
    assert parse_stem(str(written)) == written
    assert split_ending(f"{written}.belege.zip") == (str(written), ".belege.zip")


@pytest.mark.parametrize("text", ["a", "a_2026-13-01T000000Z", "a_2026-01-01T000000Z-1",
                                  "a_2026-01-01T000000Z-02", "A_2026-01-01T000000Z", "_"])
def test_other_names_are_no_stems(text: str) -> None:
    assert parse_stem(text) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=16),
       st.integers(1, 10**9 - 1))
def test_every_table_name_makes_a_member_and_is_read_back(table: str, number: int) -> None:
    name = rows_member(Kind.DATA, table, number)
    parsed = parse_member(name)
    assert parsed is not None
    assert (parsed.kind, parsed.table, parsed.number) == (Kind.DATA, table, number)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-%ABCDEF/.")


def test_twins_of_case_and_devices_do_not_meet_in_a_folder() -> None:
    names = [rows_member(Kind.DATA, t, 1).lower() for t in ("Party", "party", "con", "%63on")]
    assert len(set(names)) == 4
    assert "data/con/00001.tsv" not in names


def test_a_table_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(TableNameTooLong):
        rows_member(Kind.DATA, "x" * 201, 1)


@pytest.mark.parametrize(
    "name",
    ["", "/", "../README.txt", "/etc/passwd", "readme.txt", "README.TXT", "data/", "data/t",
     "data//00001.tsv", "data/../00001.tsv", "data/t/1.tsv", "data/t/00000.tsv",
     "data/t/000001.tsv", "data/T/00001.tsv", "data/%74/00001.tsv", "data/%c3/00001.tsv",
     "data/%C3/00001.tsv", "data/t/00001.tsv ", "data/t/00001.tsv\n", "data/con/00001.tsv",
     "documents/x", "documents/" + "A" * 64, "documents/" + "a" * 63, "data\\t\\00001.tsv",
     "C:README.txt", "data/t/٠٠٠٠١.tsv"],
)
def test_names_outside_the_grammar_are_none_of_ours(name: str) -> None:
    assert parse_member(name) is None


def test_documents_are_named_by_their_sha256() -> None:
    parsed = parse_member(document_member("a" * 64))
    assert parsed is not None
    assert parsed.kind is Kind.DOCUMENT
