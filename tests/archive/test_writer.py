"""The ZIP that Sichern writes."""

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.archive.deflate import (
    PIECE,
    TERMINATOR,
    InflateError,
    compress_chunk,
    deflate_piece,
    hash_and_compress,
    inflate,
    pieces,
)
from sichern.archive.errors import CompressedWrong
from sichern.archive.info import Member
from sichern.archive.layout import STORED
from sichern.archive.names import Kind, document_member, rows_member
from sichern.archive.packed import PackedMember
from sichern.archive.volume import open_volume
from sichern.archive.writer import ZipWriter
from tests.archive.making import WHEN, add_document
from tests.support.need import need


class SparseFile:
    """A file in which runs of zeros are holes."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w+b")

    def write_at(self, data: bytes, offset: int) -> None:
        if data.strip(b"\0"):
            self.file.seek(offset)
            self.file.write(data)
        elif self.file.seek(0, 2) < offset + len(data):
            self.file.truncate(offset + len(data))

    def truncate(self, length: int) -> None:
        self.file.truncate(length)

    def read_at(self, length: int, offset: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(length)

    def close(self) -> None:
        self.file.close()


@pytest.fixture
def output(tmp_path: Path) -> Iterator[SparseFile]:
    file = SparseFile(tmp_path / "a.zip")
    yield file
    file.close()


def zip_writer(output: SparseFile) -> ZipWriter:
    return ZipWriter(output, WHEN)


def opens_everywhere(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    subprocess.run([need("unzip"), "-tqq", path], check=True, stdout=subprocess.PIPE)
    seven = shutil.which("7zz") or need("7z")
    done = subprocess.run([seven, "t", path], check=True, capture_output=True, text=True)
    assert "Everything is Ok" in done.stdout
    assert "Warning" not in done.stdout


def test_the_programs_that_people_have_open_it(output: SparseFile, tmp_path: Path) -> None:
    writer = zip_writer(output)
    content = b"1\tM\xc3\xbcller\n" * 500_000
    writer.add("README.txt", [b"hello\r\n"])
    writer.add(rows_member(Kind.DATA, "party", 1), [content])
    writer.add("references.tsv", [])
    stored = add_document(writer, [bytes(range(256))])
    writer.finish()
    output.close()
    opens_everywhere(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("data/party/00001.tsv") == content
        assert archive.read("references.tsv") == b""
        info = archive.getinfo(f"documents/{stored.sha256}")
        assert info.date_time == (2026, 11, 22, 22, 30, 0)
        assert info.external_attr >> 16 == 0o100600
        assert all(member.flag_bits == 0x800 for member in archive.infolist())


def test_70001_members_open(output: SparseFile, tmp_path: Path) -> None:
    writer = zip_writer(output)
    for number in range(70_001):
        writer.add(rows_member(Kind.DATA, "t", number + 1), [b"%d\n" % number])
    writer.finish()
    output.close()
    opens_everywhere(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.namelist()) == 70_001
        assert archive.read(rows_member(Kind.DATA, "t", 70_001)) == b"70000\n"


def test_a_member_over_4_gib_and_members_behind_it_open(
    output: SparseFile, tmp_path: Path
) -> None:
    writer = zip_writer(output)
    hole = bytes(PIECE)
    large = writer.add("schema.json", (hole for _ in range(4097)), method=STORED)
    writer.add("README.txt", [b"behind\r\n"])
    length = writer.finish()
    assert large.entry.size > 2**32
    members = [
        Member(volume=0, name=m.name, size=m.entry.size, sha256=m.sha256, rows=None)
        for m in writer.members
    ]
    volume = open_volume(output, "a.zip", length, members)
    assert b"".join(volume.blocks(*volume.members[1])) == b"behind\r\n"
    output.close()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("README.txt") == b"behind\r\n"
    tested = subprocess.run(
        [need("unzip"), "-tqq", tmp_path / "a.zip", "README.txt"], capture_output=True, text=True
    )
    assert tested.returncode == 0, tested.stdout
    seven = shutil.which("7zz") or need("7z")
    subprocess.run(
        [seven, "t", tmp_path / "a.zip", "README.txt"], check=True, stdout=subprocess.PIPE
    )


def test_a_deflated_member_over_4_gib_opens(output: SparseFile, tmp_path: Path) -> None:
    writer = zip_writer(output)
    piece = compress_chunk(bytes(PIECE))
    large = writer.add_packed(
        "schema.json", PackedMember(chunks=(piece,) * 4097, sha256="0" * 64, lines=0)
    )
    writer.finish()
    output.close()
    assert large.entry.size == 4097 * PIECE
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.getinfo("schema.json").file_size == 4097 * PIECE
    seven = shutil.which("7zz") or need("7z")
    subprocess.run([seven, "t", tmp_path / "a.zip"], check=True, stdout=subprocess.PIPE)


def test_chunks_compressed_in_threads_give_the_same_bytes(tmp_path: Path) -> None:
    content = b"".join(b"%d\tLine %d\n" % (n, n % 97) for n in range(400_000))
    one, other = SparseFile(tmp_path / "one"), SparseFile(tmp_path / "other")
    alone = zip_writer(one)
    record = alone.add("data/t/00001.tsv", [content])
    alone.finish()
    together = zip_writer(other)
    with ThreadPoolExecutor(4) as pool:
        chunks = tuple(pool.map(compress_chunk, pieces([content])))
        packed = PackedMember(chunks=chunks, sha256=record.sha256, lines=record.lines)
        again = together.add_packed("data/t/00001.tsv", packed)
    together.finish()
    one.close()
    other.close()
    assert again == record
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_equal_documents_are_kept_once(output: SparseFile, tmp_path: Path) -> None:
    writer = zip_writer(output)
    first = add_document(writer, [b"Rechnung " * 1000])
    position = writer.position
    second = add_document(writer, [b"Rechnung " * 500, b"Rechnung " * 500])
    assert (first.new, second.new) == (True, False)
    assert (first.sha256, first.size) == (second.sha256, second.size)
    assert writer.position == position
    add_document(writer, [b"another"])
    writer.finish()
    output.close()
    opens_everywhere(tmp_path / "a.zip")


def test_documents_that_do_not_compress_are_stored(output: SparseFile) -> None:
    writer = zip_writer(output)
    noise = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(5000))
    add_document(writer, [noise])
    add_document(writer, [b"text " * 5000])
    assert [m.entry.method for m in writer.members] == [0, 8]
    assert writer.members[0].entry.packed == len(noise)


class OwnError(Exception):
    """An error of the caller's."""


def test_an_error_out_of_the_blocks_comes_through_and_the_writer_goes_on(
    output: SparseFile, tmp_path: Path
) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(3 * PIECE)
        raise OwnError

    writer = zip_writer(output)
    writer.add("README.txt", [b"first"])
    with pytest.raises(OwnError):
        writer.add("schema.json", broken())
    with pytest.raises(OwnError):
        add_document(writer, broken())
    writer.add("schema.json", [b"{}"])
    writer.finish()
    output.close()
    opens_everywhere(tmp_path / "a.zip")


def test_a_name_is_written_once(output: SparseFile) -> None:
    writer = zip_writer(output)
    writer.add("README.txt", [b"first"])
    with pytest.raises(ValueError, match="already"):
        writer.add("README.txt", [b"second"])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: bytes([data[0] ^ 8]) + data[1:],
        lambda data: data + data,
        lambda data: data + TERMINATOR,
        lambda data: data + b"\x00",
        lambda _: b"",
    ],
    ids=["short", "half", "bit", "twice", "ended", "more", "nothing"],
)
def test_a_piece_that_was_compressed_wrongly_is_refused_at_once(
    wrong: Callable[[bytes], bytes],
) -> None:
    piece = b"1\tMuster\n" * 5000
    assert compress_chunk(piece).size == len(piece)
    with pytest.raises(CompressedWrong):
        compress_chunk(piece, deflate=lambda given: wrong(deflate_piece(given)))


def test_a_piece_that_changes_in_memory_before_it_is_hashed_is_refused() -> None:
    piece = bytearray(b"1\tMuster\n" * 5000)

    def changing(given: bytes) -> bytes:
        piece[7] ^= 4
        return deflate_piece(given)

    with pytest.raises(CompressedWrong):
        hash_and_compress(piece, hashlib.sha256(), deflate=changing)  # type: ignore[arg-type]


def test_a_faulty_machine_does_not_hide_behind_a_document_that_breaks_off(
    output: SparseFile,
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"text " * PIECE
        raise OwnError

    writer = ZipWriter(output, WHEN, deflate=lambda given: deflate_piece(given)[:-1])
    with pytest.raises(CompressedWrong):
        add_document(writer, broken())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=8), st.integers(0, 3))
def test_what_is_deflated_in_pieces_inflates_to_itself(blocks: list[bytes], repeat: int) -> None:
    content = b"".join(blocks) * (1 + 400 * repeat)
    packed = [deflate_piece(piece) for piece in pieces([content])] + [b"\x03\x00"]
    assert b"".join(inflate(packed, len(content))) == content
    for size in {len(content) - 1, len(content) + 1} - {-1}:
        with pytest.raises(InflateError):
            list(inflate(packed, size))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.binary(max_size=500))), max_size=8))
def test_every_member_is_read_back_as_it_was_written(
    contents: list[tuple[bool, list[bytes]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = SparseFile(Path(folder) / "a.zip")
        writer = zip_writer(output)
        for number, (document, blocks) in enumerate(contents, 1):
            if document:
                add_document(writer, blocks)
            else:
                writer.add(rows_member(Kind.DATA, "t", number), blocks)
        length = writer.finish()
        members = [
            Member(volume=0, name=m.name, size=m.entry.size, sha256=m.sha256, rows=None)
            for m in writer.members
        ]
        volume = open_volume(output, "a.zip", length, members)
        found = {m.name: b"".join(volume.blocks(m, e)) for m, e in volume.members}
        output.close()
    expected = {
        document_member(hashlib.sha256(b"".join(blocks)).hexdigest())
        if document
        else rows_member(Kind.DATA, "t", number): b"".join(blocks)
        for number, (document, blocks) in enumerate(contents, 1)
    }
    assert found == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3 * PIECE), max_size=6))
def test_pieces_keep_every_byte_and_have_one_length(lengths: list[int]) -> None:
    blocks = [bytes([n % 256]) * length for n, length in enumerate(lengths)]
    cut = list(pieces(blocks))
    assert b"".join(cut) == b"".join(blocks)
    assert all(len(piece) == PIECE for piece in cut[:-1])
    assert all(cut)
