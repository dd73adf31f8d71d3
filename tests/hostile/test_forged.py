"""Archives that were made to do harm: refused at once, with little memory, without a crash."""

# ruff: noqa: S311 - chance that can be repeated, and no secrets

import hashlib
import io
import json
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.archive.check import check_pair
from sichern.archive.errors import (
    ArchiveError,
    ExpandsTooFar,
    FormatTooNew,
    FormatTooOld,
    InfoDamaged,
    MemberDamaged,
    MembersDiffer,
    StructureDamaged,
)
from sichern.archive.info import FORMAT, Info, Member
from sichern.archive.info_text import canonical, read_info, write_info
from sichern.archive.layout import (
    DEFLATED,
    STORED,
    End,
    Entry,
    dos_stamp,
    pack_central,
    pack_end,
    pack_local,
)
from sichern.archive.reader import ArchiveReader, open_pair
from sichern.archive.volume import open_volume
from tests.archive.making import STEM, WHEN, make_pair


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read_at(self, length: int, offset: int) -> bytes:
        return self.data[offset : offset + length]


def entry(name: str, packed: bytes, offset: int, **changes: int) -> Entry:
    """An entry with sums that fit, but for the changes."""
    values = {"method": DEFLATED, "crc": 0, "size": 0, "packed": len(packed), "offset": offset}
    return Entry(name=name, stamp=dos_stamp(WHEN), **{**values, **changes})


def member(name: str, size: int, content: bytes = b"") -> Member:
    return Member(
        volume=0, name=name, size=size, sha256=hashlib.sha256(content).hexdigest(), rows=None
    )


def deflated(content: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


def archive(
    entries: Iterable[Entry], packed: Iterable[bytes], central: bytes | None = None
) -> bytes:
    """A zip of these entries, one behind the other."""
    listed = list(entries)
    body = b"".join(pack_local(e) + p for e, p in zip(listed, packed, strict=True))
    records = b"".join(map(pack_central, listed)) if central is None else central
    return body + records + pack_end(End(count=len(listed), size=len(records), offset=len(body)))


@contextmanager
def at_once() -> Iterator[None]:
    """Within one second and 16 MB."""
    tracemalloc.start()
    begun = time.monotonic()
    try:
        yield
        assert time.monotonic() - begun < 1
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


def test_a_member_that_unpacks_to_more_than_it_says_stops_at_once() -> None:
    bomb = deflated(bytes(50_000_000))
    one = entry("README.txt", bomb, 0, size=100)
    data = archive([one], [bomb])
    with at_once():
        volume = open_volume(Bytes(data), "a.zip", len(data), [member("README.txt", 100)])
        with pytest.raises(MemberDamaged, match="more than the declared 100 bytes"):
            list(volume.blocks(*volume.members[0]))


def test_a_member_that_says_it_unpacks_further_than_deflate_can_is_refused() -> None:
    packed = deflated(b"x")
    one = entry("README.txt", packed, 0, size=10**12)
    data = archive([one], [packed])
    with at_once(), pytest.raises(StructureDamaged, match="further than Deflate can"):
        open_volume(Bytes(data), "a.zip", len(data), [member("README.txt", 10**12)])


def test_an_honest_bomb_is_refused_by_the_callers_limit(tmp_path: Path) -> None:
    make_pair(tmp_path)
    with open_pair(tmp_path / f"{STEM}.ztx") as pair:
        with pytest.raises(ExpandsTooFar):
            ArchiveReader(pair, limit=1000)
        reader = ArchiveReader(pair, limit=1_000_000)
        with pytest.raises(ExpandsTooFar):
            reader.read("README.txt", limit=10)


def test_an_honest_bomb_takes_no_memory() -> None:
    bomb = deflated(bytes(60_000_000))
    content_sha = hashlib.sha256(bytes(60_000_000)).hexdigest()
    one = entry("README.txt", bomb, 0, size=60_000_000, crc=zlib.crc32(bytes(60_000_000)))
    data = archive([one], [bomb])
    listed = replace(member("README.txt", 60_000_000), sha256=content_sha)
    tracemalloc.start()
    volume = open_volume(Bytes(data), "a.zip", len(data), [listed])
    assert sum(map(len, volume.blocks(*volume.members[0]))) == 60_000_000
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


def test_members_that_overlap_are_refused() -> None:
    """The bomb of David Fifield: many names for one kernel."""
    kernel = deflated(bytes(1_000_000))
    first = entry("documents/" + "a" * 64, kernel, 0, size=1_000_000)
    others = [
        replace(first, name="documents/" + hashlib.sha256(b"%d" % n).hexdigest())
        for n in range(100)
    ]
    body = pack_local(first) + kernel
    records = b"".join(map(pack_central, [first, *others]))
    data = body + records + pack_end(End(count=101, size=len(records), offset=len(body)))
    listed = [member(e.name, e.size) for e in [first, *others]]
    with at_once(), pytest.raises(StructureDamaged, match="gap or overlap"):
        open_volume(Bytes(data), "a.zip", len(data), listed)


def two_members() -> tuple[list[Entry], list[bytes], list[Member]]:
    contents = [b"first\n" * 10, b"second\n" * 10]
    packed = [deflated(content) for content in contents]
    entries: list[Entry] = []
    offset = 0
    for name, content, data in zip(("README.txt", "schema.json"), contents, packed, strict=True):
        made = entry(name, data, offset, size=len(content), crc=zlib.crc32(content))
        entries.append(made)
        offset = made.end
    members = [
        member(e.name, len(c), c) for e, c in zip(entries, contents, strict=True)
    ]
    return entries, packed, members


def read_all(data: bytes, members: list[Member]) -> list[bytes]:
    volume = open_volume(Bytes(data), "a.zip", len(data), members)
    return [b"".join(volume.blocks(m, e)) for m, e in volume.members]


def test_the_pair_of_members_is_sound_before_it_is_forged() -> None:
    entries, packed, members = two_members()
    assert read_all(archive(entries, packed), members) == [b"first\n" * 10, b"second\n" * 10]


@pytest.mark.parametrize(
    "change",
    [{"name": "SCHEMA.json"}, {"size": 71}, {"packed": 5}, {"crc": 1}, {"method": STORED},
     {"stamp": 77}, {"name": "README.txt"}, {"name": "../../x.txt"}, {"offset": 0}],
)
def test_a_central_directory_that_disagrees_with_the_local_headers_is_refused(
    change: dict[str, int | str]
) -> None:
    entries, packed, members = two_members()
    lie = replace(entries[1], **change)  # type: ignore[arg-type]
    data = archive(entries, packed, central=pack_central(entries[0]) + pack_central(lie))
    with pytest.raises((StructureDamaged, MembersDiffer, MemberDamaged)):
        read_all(data, members)
    # And where the info file tells the same lie as the directory.
    size = change.get("size", members[1].size)
    name = change.get("name", members[1].name)
    lying = [members[0], replace(members[1], name=str(name), size=int(size))]
    with pytest.raises((StructureDamaged, MembersDiffer, MemberDamaged)):
        read_all(data, lying)


def test_a_name_twice_is_refused() -> None:
    entries, packed, members = two_members()
    first, second = entries[0], replace(entries[1], name="README.txt", offset=entries[0].end)
    data = archive([first, second], packed)
    with pytest.raises(StructureDamaged, match="twice"):
        read_all(data, [members[0], replace(members[1], name="README.txt")])


@pytest.mark.parametrize(
    "name",
    ["../README.txt", "/etc/passwd", "C:\\x", "data/t/../../../x.tsv", "con", "readme.txt",
     "data/con/00001.tsv", "documents/" + "A" * 64, "x" * 300, "a\0b"],
)
def test_hostile_names_are_refused(name: str) -> None:
    entries, packed, members = two_members()
    forged = [replace(entries[0], name=name)]
    data = archive(forged, packed[:1])
    with pytest.raises(StructureDamaged):
        read_all(data, [replace(members[0], name=name)])


@pytest.mark.parametrize(
    "make",
    [
        lambda data: b"MZ" + data,
        lambda data: data + b"comment",
        lambda data: data.replace(b"PK\1\2", b"gap!PK\1\2", 1),
        lambda data: data[:-2] + struct.pack("<H", 9) + b"a comment",
        lambda data: data[:6] + b"\1" + data[7:],
        lambda data: data[:0],
        lambda data: data[-22:],
        lambda data: b"PK\5\6" + bytes(18) + data[:0],
    ],
)
def test_bytes_before_between_and_behind_are_refused(make: Callable[[bytes], bytes]) -> None:
    entries, packed, members = two_members()
    with pytest.raises((StructureDamaged, MembersDiffer)):
        read_all(make(archive(entries, packed)), members)


def test_encrypted_members_and_data_descriptors_are_refused() -> None:
    entries, packed, members = two_members()
    for bit in (1, 8, 64):
        records = bytearray(b"".join(map(pack_central, entries)))
        records[8] |= bit
        with pytest.raises(StructureDamaged, match="not canonical"):
            read_all(archive(entries, packed, central=bytes(records)), members)


def test_a_directory_that_is_far_too_large_is_not_read() -> None:
    data = bytes(50_000_000)
    end = pack_end(End(count=1, size=len(data), offset=0))
    source = Bytes(data + end)
    with at_once(), pytest.raises(StructureDamaged, match="too large"):
        open_volume(source, "a.zip", len(source.data), [member("README.txt", 1)])


def test_zips_of_other_programs_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("README.txt", b"first\n")
    with pytest.raises(StructureDamaged):
        read_all(file.getvalue(), [member("README.txt", 6)])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_random_changes_never_end_in_anything_but_an_archive_error(data: st.DataObject) -> None:
    entries, packed, members = two_members()
    forged = bytearray(archive(entries, packed))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(forged) - 1))
        forged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(forged)))
    for candidate in (bytes(forged), bytes(forged[:cut]), bytes(forged[cut:])):
        try:
            found = read_all(candidate, members)
        except ArchiveError:
            continue
        # What survives may differ in bits without a meaning only.
        assert found == [b"first\n" * 10, b"second\n" * 10]


def info(folder: Path) -> Info:
    return make_pair(folder).info


def forge(content: dict[str, object]) -> bytes:
    """An info file whose own hash fits."""
    bare = {key: value for key, value in content.items() if key != "sha256"}
    return canonical({**bare, "sha256": hashlib.sha256(canonical(bare)).hexdigest()})


def test_newer_and_older_formats_are_told_apart_from_damage(tmp_path: Path) -> None:
    content = json.loads(write_info(info(tmp_path)))
    with pytest.raises(FormatTooNew, match=f"format {FORMAT + 1}"):
        read_info(forge({**content, "format": FORMAT + 1, "new": "key"}), "a.ztx")
    with pytest.raises(FormatTooOld, match="format 0"):
        read_info(forge({**content, "format": 0}), "a.ztx")
    with pytest.raises(InfoDamaged):
        read_info(canonical({**content, "format": FORMAT + 1}), "a.ztx")


@pytest.mark.parametrize(
    "change",
    [{"unknown": 1}, {"format": "1"}, {"format": True}, {"warnings": -1}, {"warnings": 1.0},
     {"warnings": True}, {"created": "yesterday"}, {"created": None}, {"volumes": []},
     {"members": {}}, {"members": [1]}, {"members": [{}]}, {"tables": [{"name": 1}]},
     {"authentication": "x"}, {"outcome": "good"}, {"tenant": None}, {"actor": {"login": 1}},
     {"schema_fingerprint": "x"}, {"documents": {"count": 2**70}}, {"tables": []},
     {"documents": {"bytes": 1, "count": 2, "left_out": 0, "missing": 0}}],
)
def test_an_info_file_with_other_content_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    content = json.loads(write_info(info(tmp_path)))
    with pytest.raises(InfoDamaged):
        read_info(forge({**content, **change}), "a.ztx")


@pytest.mark.parametrize("field", ["name", "size", "sha256", "rows", "volume"])
def test_members_and_volumes_that_lie_are_found(tmp_path: Path, field: str) -> None:
    lies = {"name": "data/zzz/00001.tsv", "size": 1, "sha256": "0" * 64, "rows": 9, "volume": 1}
    content = json.loads(write_info(info(tmp_path)))
    content["members"][2][field] = lies[field]
    path = tmp_path / f"{STEM}.ztx"
    path.write_bytes(forge(content))
    if field == "size":
        assert "members-differ" in {problem.code for problem in check_pair(path).problems}
    else:
        with pytest.raises(InfoDamaged):
            check_pair(path)


def test_a_member_whose_hash_in_the_info_file_is_another_is_found(tmp_path: Path) -> None:
    content = json.loads(write_info(info(tmp_path)))
    assert content["members"][1]["name"] == "schema.json"
    content["members"][1]["sha256"] = "0" * 64
    path = tmp_path / f"{STEM}.ztx"
    path.write_bytes(forge(content))
    (problem,) = check_pair(path).problems
    assert problem.code == "member-damaged"
    assert "SHA-256" in str(problem)


def test_a_member_with_another_number_of_lines_is_found(tmp_path: Path) -> None:
    content = json.loads(write_info(info(tmp_path)))
    chunk = next(each for each in content["members"] if each["name"].startswith("data/"))
    table = next(each for each in content["tables"] if each["rows"])
    chunk["rows"] += 1
    table["rows"] += 1
    path = tmp_path / f"{STEM}.ztx"
    path.write_bytes(forge(content))
    assert [problem.code for problem in check_pair(path).problems] == ["rows-differ"]


@pytest.mark.parametrize(
    "name", ["../x.zip", "/x.zip", "x.zip", "a_2026-11-22T223000Z.ztx", "", "a" * 300, ".zip"]
)
def test_the_names_of_volumes_are_no_paths(tmp_path: Path, name: str) -> None:
    content = json.loads(write_info(info(tmp_path)))
    content["volumes"][0]["name"] = name
    with pytest.raises(InfoDamaged):
        read_info(forge(content), "a.ztx")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 200_000, b'{"format":' + b"9" * 9000 + b"}",
     b'{"sha256":"\\ud800"}', b'{"sha256":NaN}', b'{"sha256":"a","sha256":"b"}', b"[" * 100_000],
)
def test_what_is_no_info_file_is_called_damaged(data: bytes) -> None:
    with pytest.raises(InfoDamaged):
        read_info(data, "a.ztx")


def test_random_bytes_are_never_an_info_file_and_never_a_crash(tmp_path: Path) -> None:
    good = write_info(info(tmp_path))
    random.seed(11)
    for _ in range(2000):
        bad = bytearray(good)
        for _ in range(random.randint(1, 5)):
            bad[random.randrange(len(bad))] = random.randrange(256)
        if bytes(bad) == good:
            continue
        with pytest.raises(InfoDamaged):
            read_info(bytes(bad), "a.ztx")
