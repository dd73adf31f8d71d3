"""Writes a ZIP to a seekable file, member by member, with one piece of it in memory."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Protocol

from sichern.archive.deflate import (
    PIECE,
    TERMINATOR,
    CompressedChunk,
    Deflate,
    compresses,
    crc_of,
    deflate_piece,
    hash_and_compress,
    join_crc,
    pieces,
)
from sichern.archive.layout import (
    DEFLATED,
    STORED,
    End,
    Entry,
    dos_stamp,
    local_length,
    pack_central,
    pack_end,
    pack_local,
)
from sichern.archive.names import document_member
from sichern.archive.packed import PackedMember

_PROBE = 1 << 16
_FLUSH = 1 << 20


class Output(Protocol):
    """A file that can be written at any place."""

    def write_at(self, data: bytes, offset: int) -> None:
        """Write all of `data`."""
        ...

    def truncate(self, length: int) -> None:
        """Cut the file to `length` bytes."""
        ...


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """A member as it was written: `sha256` in hex over its bytes before compression.

    `packed_crc` is of its bytes in the archive. `lines` is the number of its line feeds;
    documents are not counted.
    """

    entry: Entry
    sha256: str
    packed_crc: int
    lines: int

    @property
    def name(self) -> str:
        """The member's name."""
        return self.entry.name


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document of the Belegarchiv; `new` False where its bytes were there already."""

    sha256: str
    size: int
    new: bool


@dataclass(frozen=True, kw_only=True)
class BegunDocument:
    """A document to be added; `digest` is of its bytes once `chunks` are used up.

    `whole` where it was read to its end: no file of it is open any more.
    """

    method: int
    whole: bool
    chunks: Iterator[CompressedChunk]
    digest: "hashlib._Hash"


class OpenMember:
    """A member that is being written; chunks are appended in order."""

    def __init__(self, output: Output, name_length: int, offset: int, method: int) -> None:
        self._output = output
        self._offset = offset
        self._position = offset + local_length("x" * name_length)
        self._start = self._position
        self.method = method
        self.crc = 0
        self.packed_crc = 0
        self.size = 0

    @property
    def packed(self) -> int:
        """The compressed bytes so far."""
        return self._position - self._start

    def append(self, chunk: CompressedChunk) -> None:
        """Write a chunk behind the last one. Its method must be the member's."""
        if chunk.method != self.method:
            raise ValueError("a chunk of another compression method")
        self._write(chunk.data, chunk.packed_crc)
        self.crc = join_crc(self.crc, chunk.crc, chunk.size)
        self.size += chunk.size

    def finish(self) -> None:
        """End the Deflate stream."""
        if self.method == DEFLATED:
            self._write(TERMINATOR, crc_of(TERMINATOR))

    def _write(self, data: bytes, crc: int) -> None:
        self._output.write_at(data, self._position)
        self._position += len(data)
        self.packed_crc = join_crc(self.packed_crc, crc, len(data))


@dataclass
class ZipWriter:
    """Writes members to `output`, then the central directory.

    `when` is the time that every member carries. `deflate` compresses one piece. An exception
    out of a member's blocks comes through unchanged, and the member is cut away again: the
    writer can go on.
    """

    output: Output
    when: datetime
    deflate: Deflate = deflate_piece
    members: list[MemberRecord] = field(default_factory=list, init=False)
    position: int = field(default=0, init=False)
    _names: set[str] = field(default_factory=set, init=False)
    _beside: Executor = field(default_factory=lambda: ThreadPoolExecutor(1), init=False)

    def add(
        self, name: str, blocks: Iterable[bytes], *, method: int = DEFLATED
    ) -> MemberRecord:
        """Write a member of any length.

        Raises ValueError where the name was written before, CompressedWrong, and what the blocks
        raise.
        """
        if name in self._names:
            raise ValueError(f"{name} was written already")
        digest = hashlib.sha256()
        lines = 0

        def seen() -> Iterator[bytes]:
            nonlocal lines
            for piece in pieces(blocks):
                lines += piece.count(b"\n")
                yield piece

        with self._member(len(name.encode()), method) as member:
            for chunk in self._packed(seen(), digest, method):
                member.append(chunk)
            member.finish()
            return self._record(name, member, digest.hexdigest(), lines)

    def add_packed(self, name: str, packed: PackedMember) -> MemberRecord:
        """Write a member that was packed elsewhere.

        Raises ValueError where the name was written before.
        """
        if name in self._names:
            raise ValueError(f"{name} was written already")
        with self._member(len(name.encode()), DEFLATED) as member:
            for chunk in packed.chunks:
                member.append(chunk)
            member.finish()
            return self._record(name, member, packed.sha256, packed.lines)

    def begin_document(self, blocks: Iterable[bytes]) -> BegunDocument:
        """Begin a document: its first piece is read, and hashed and compressed beside.

        So the document before it can be added meanwhile. It is stored where it does not compress.
        Raises what its blocks raise up to there.
        """
        cut = pieces(blocks)
        first = next(cut, b"")
        method = DEFLATED if compresses(first[:_PROBE]) else STORED
        digest = hashlib.sha256()
        chunks = self._packed(chain([first], cut), digest, method)
        return BegunDocument(
            method=method, whole=len(first) < PIECE, chunks=chunks, digest=digest
        )

    def add_document(self, begun: BegunDocument) -> Document:
        """Write `documents/<sha256>`, once for equal bytes.

        Raises CompressedWrong, and what the rest of its blocks raises.
        """
        with self._member(len(document_member("0" * 64)), begun.method) as member:
            for chunk in begun.chunks:
                member.append(chunk)
            member.finish()
            sha256 = begun.digest.hexdigest()
            new = document_member(sha256) not in self._names
            if new:
                self._record(document_member(sha256), member, sha256, 0)
            document = Document(sha256=sha256, size=member.size, new=new)
        if not new:
            self.output.truncate(self.position)
        return document

    def finish(self) -> int:
        """Write the central directory and the end records; give the file's length."""
        start = self.position
        held: list[bytes] = []
        length = 0
        for record in self.members:
            held.append(pack_central(record.entry))
            length += len(held[-1])
            if length >= _FLUSH:
                self._append(held)
                held, length = [], 0
        self._append(held)
        end = End(count=len(self.members), size=self.position - start, offset=start)
        self._append([pack_end(end)])
        return self.position

    def _packed(
        self, cut: Iterator[bytes], digest: "hashlib._Hash", method: int
    ) -> Iterator[CompressedChunk]:
        """Hash and compress each piece while the next one is read, and the last one written.

        Both let go of the interpreter's lock. The first piece is begun at once.
        """

        def pack(piece: bytes) -> "Future[CompressedChunk]":
            return self._beside.submit(hash_and_compress, piece, digest, method, self.deflate)

        def rest(running: "Future[CompressedChunk]") -> Iterator[CompressedChunk]:
            try:
                for piece in cut:
                    ahead = pack(piece)
                    yield running.result()
                    running = ahead
            except BaseException:
                running.result()  # a faulty machine is not to hide behind a missing document
                raise
            yield running.result()

        first = next(cut, None)
        return iter(()) if first is None else rest(pack(first))

    def _append(self, parts: list[bytes]) -> None:
        data = b"".join(parts)
        self.output.write_at(data, self.position)
        self.position += len(data)

    @contextmanager
    def _member(self, name_length: int, method: int) -> Iterator[OpenMember]:
        try:
            yield OpenMember(self.output, name_length, self.position, method)
        except BaseException as error:
            try:
                self.output.truncate(self.position)
            except BaseException as second:
                # The cause is what matters; a writer that cannot truncate is given up anyway.
                error.add_note(f"and the member could not be cut away: {second!r}")
            raise

    def _record(self, name: str, member: OpenMember, sha256: str, lines: int) -> MemberRecord:
        entry = Entry(
            name=name, method=member.method, stamp=dos_stamp(self.when), crc=member.crc,
            size=member.size, packed=member.packed, offset=self.position,
        )
        self.output.write_at(pack_local(entry), entry.offset)
        record = MemberRecord(
            entry=entry, sha256=sha256, packed_crc=member.packed_crc, lines=lines
        )
        self.members.append(record)
        self._names.add(name)
        self.position = entry.end
        return record
