"""Damage to a pair is found, wherever it is."""

# ruff: noqa: S311 - chance that can be repeated, and no secrets

import os
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sichern.archive.check import check_pair
from sichern.archive.errors import ArchiveError, MemberDamaged
from sichern.archive.info import Member
from sichern.archive.names import Kind, rows_member
from sichern.archive.pair import PairWriter
from tests.archive.making import STEM, make_pair


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A pair with the least that it may hold, so that every bit can be tried."""

    def write(pair: PairWriter) -> None:
        pair.data.add("schema.json", [b"{}\n"])
        pair.data.add("data/party_party/00001.tsv", [b"1\tMuster\n"])
        pair.data.add("documents.tsv", [])

    make_pair(tmp_path, write=write)
    return tmp_path


def codes(folder: Path) -> set[str]:
    """What a check finds, raised or listed."""
    try:
        return {problem.code for problem in check_pair(folder / f"{STEM}.ztx").problems}
    except ArchiveError as error:
        return {error.code}


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    for place, byte in enumerate(data):
        for bit in range(8):
            yield place, data[:place] + bytes([byte ^ 1 << bit]) + data[place + 1 :]


@pytest.mark.parametrize("ending", [".zip", ".ztx"])
def test_every_single_bit_flip_is_found(small: Path, ending: str) -> None:
    path = small / (STEM + ending)
    good = path.read_bytes()
    missed = []
    for place, bad in flips(good):
        path.write_bytes(bad)
        if not codes(small):
            missed.append(place)
    path.write_bytes(good)
    assert codes(small) == set()
    assert missed == []


@pytest.mark.parametrize("ending", [".zip", ".ztx"])
def test_every_truncation_is_found(small: Path, ending: str) -> None:
    path = small / (STEM + ending)
    good = path.read_bytes()
    expected = {"volume-truncated"} if ending == ".zip" else {"info-damaged"}
    for length in range(0, len(good), 3):
        path.write_bytes(good[:length])
        assert codes(small) == expected, length


def test_bytes_that_were_appended_are_found(small: Path) -> None:
    for ending, expected in ((".zip", {"volume-longer"}), (".ztx", {"info-damaged"})):
        path = small / (STEM + ending)
        good = path.read_bytes()
        path.write_bytes(good + b"\0")
        assert codes(small) == expected
        path.write_bytes(good)


def test_a_large_pair_shows_a_flip_at_any_sampled_place(tmp_path: Path) -> None:
    rows = b"".join(b"%d\tLine %d\t%d.10\n" % (n, n % 977, n * 7919 % 9973) for n in range(40_000))

    def write(pair: PairWriter) -> None:
        pair.data.add(rows_member(Kind.DATA, "party_party", 1), [rows])
        pair.data.add("documents.tsv", [])

    make_pair(tmp_path, write=write)
    path = tmp_path / f"{STEM}.zip"
    random.seed(5)
    for _ in range(150):
        place, bit = random.randrange(path.stat().st_size), random.randrange(8)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << bit]))
        assert "volume-damaged" in codes(tmp_path)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(bytes([byte]))
    assert codes(tmp_path) == set()


def test_a_missing_zip_or_info_file_says_so(tmp_path: Path) -> None:
    make_pair(tmp_path, separate=True)
    for ending, code in ((".belege.zip", "volume-missing"), (".zip", "volume-missing"),
                         (".ztx", "info-missing")):
        path = tmp_path / (STEM + ending)
        path.rename(tmp_path / "away")
        with pytest.raises(Exception, match=STEM) as caught:
            check_pair(tmp_path / f"{STEM}.ztx")
        assert getattr(caught.value, "code", "") == code
        (tmp_path / "away").rename(path)


def test_an_info_file_of_another_backup_is_told_from_damage(tmp_path: Path) -> None:
    other = STEM.replace("22T22", "22T23")
    make_pair(tmp_path)
    make_pair(tmp_path, stem=other)
    shutil.copy(tmp_path / f"{other}.ztx", tmp_path / f"{STEM}.ztx")
    assert "pair-mismatch" in codes(tmp_path)


def test_a_zip_that_was_repacked_by_another_program_is_refused(small: Path) -> None:
    path = small / f"{STEM}.zip"
    with zipfile.ZipFile(path) as old:
        content = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in content:
            new.writestr(name, data)
    (code,) = codes(small)
    assert code in {"volume-truncated", "volume-longer"}


def test_the_callers_own_look_at_rows_adds_problems(tmp_path: Path) -> None:
    make_pair(tmp_path)
    seen: list[str] = []

    def look(member: Member, blocks: Iterator[bytes]) -> None:
        seen.append(member.name)
        if member.name.startswith("data/") and b"M\xc3\xbcller" in b"".join(blocks):
            raise MemberDamaged(member=member.name, volume="x", reason="no Müller allowed")

    result = check_pair(tmp_path / f"{STEM}.ztx", rows=look)
    assert [str(problem) for problem in result.problems] == [
        "data/party_party/00002.tsv in x is damaged: no Müller allowed"
    ]
    assert seen[:3] == ["README.txt", "schema.json", "data/party_party/00001.tsv"]
    assert not [name for name in seen if name.startswith("documents/")]


def test_progress_counts_every_byte_and_may_stop_the_check(tmp_path: Path) -> None:
    make_pair(tmp_path, separate=True)
    calls: list[tuple[int, int]] = []
    check_pair(tmp_path / f"{STEM}.ztx", progress=lambda done, total: calls.append((done, total)))
    total = sum(path.stat().st_size for path in tmp_path.glob("*.zip"))
    assert calls[-1] == (total, total)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_pair(tmp_path / f"{STEM}.ztx", progress=stop)


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{STEM}.ztx"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert codes(tmp_path) == {"info-unreadable"}
