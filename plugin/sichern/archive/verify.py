"""Re-reads a pair from end to end: the read-back after writing, and `sichern check`."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sichern.archive.documents import DocumentList
from sichern.archive.errors import ArchiveError, RowsDiffer
from sichern.archive.info import Info, Member
from sichern.archive.layout import Entry
from sichern.archive.names import DOCUMENTS, Kind, parse_member
from sichern.archive.volume import Input, ZipVolume, open_volume

_READ = 1 << 20
_MOST_PROBLEMS = 50
_THREADS = 2
"""Threads that unpack, at most: more would wait for the one that reads."""
_AHEAD = 4
"""Members that are unpacked before their turn: one long one does not keep the threads waiting."""
_THREADED = (1 << 16, 1 << 23)
"""Bytes of a member that is worth a thread, and of one that may lie in memory."""

RowHook = Callable[[Member, Iterator[bytes]], None]
ProgressHook = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a full reading found: the SHA-256 of each volume and table, and what is wrong."""

    sha256: tuple[str, ...]
    tables: Mapping[str, str]
    problems: tuple[ArchiveError, ...]


@dataclass(frozen=True)
class _Held:
    """A part of a file that was read already."""

    data: bytes
    start: int

    def read_at(self, length: int, offset: int) -> bytes:
        """Give up to `length` bytes."""
        return self.data[offset - self.start : offset - self.start + length]


class _Sequential:
    """Reads a file once from start to end, hashes it, and serves parts of it in order."""

    def __init__(self, source: Input, length: int, seen: Callable[[int], None]) -> None:
        self._source = source
        self._length = length
        self._seen = seen
        self._buffer = b""
        self._start = 0
        self.digest = hashlib.sha256()

    def read_at(self, length: int, offset: int) -> bytes:
        """Give up to `length` bytes; `offset` never goes back behind the last read."""
        while offset + length > (end := self._start + len(self._buffer)):
            # A long part is read as it is: what is read beyond it would be copied once more.
            if not self._fill(max(offset, self._start), max(_READ, offset + length - end)):
                break
        return self._buffer[offset - self._start : offset - self._start + length]

    def finish(self) -> str:
        """Read what is left; give the SHA-256 of the whole file."""
        while self._fill(self._start + len(self._buffer), _READ):
            pass
        return self.digest.hexdigest()

    def _fill(self, keep_from: int, length: int) -> bool:
        position = self._start + len(self._buffer)
        block = self._source.read_at(min(length, self._length - position), position)
        if not block:
            return False
        self.digest.update(block)
        self._seen(len(block))
        kept = self._buffer[max(0, keep_from - self._start) :]
        self._start = position - len(kept)
        self._buffer = kept + block
        return True


@dataclass
class _Tables:
    """Counts and hashes the rows of each table as its chunks go by."""

    lines: dict[str, int] = field(default_factory=dict)
    digests: dict[str, "hashlib._Hash"] = field(default_factory=dict)

    def watch(self, member: Member, blocks: Iterator[bytes]) -> Iterator[bytes]:
        if member.rows is None:
            yield from blocks
            return
        parsed = parse_member(member.name)
        table = parsed.table if parsed is not None and parsed.kind is Kind.DATA else None
        digest = None if table is None else self.digests.setdefault(table, hashlib.sha256())
        lines = 0
        for block in blocks:
            lines += block.count(b"\n")
            if digest is not None:
                digest.update(block)
            yield block
        self.lines[member.name] = lines


def verify_pair(
    info: Info,
    names: Sequence[str],
    inputs: Sequence[Input],
    lengths: Sequence[int],
    *,
    rows: RowHook | None = None,
    progress: ProgressHook | None = None,
    threads: int = _THREADS,
) -> Verified:
    """Read every byte of every volume once, and unpack and hash every member.

    `names`, `inputs`, `lengths` (bytes) are the volumes as they lie there. The SHA-256 of
    volumes and tables are given back, not compared. `rows` is called for every member but
    documents, in the order of the archive, with the member and its bytes; what it raises as an
    ArchiveError is a problem as well, and every other exception comes through. `progress`
    takes bytes read and bytes in all. With `threads` 1 nothing is done in threads.
    """
    problems: list[ArchiveError] = []
    total = sum(lengths)
    done = 0

    def seen(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    tables = _Tables()
    documents = DocumentList()
    digests: list[str] = []
    for number, (name, source, length) in enumerate(zip(names, inputs, lengths, strict=True)):
        once = _Sequential(source, length, seen)
        try:
            members = [member for member in info.members if member.volume == number]
            volume = open_volume(source, name, length, members)
            for member, unpacked in _unpacked(volume, once, threads):
                if len(problems) >= _MOST_PROBLEMS:
                    break
                blocks = tables.watch(member, unpacked)
                problem = _consume(member, blocks, documents, rows)
                if problem is not None:
                    problems.append(problem)
            digests.append(once.finish())
        except ArchiveError as error:
            problems.append(error)
            digests.append("")
    if not problems:
        problems.extend(_compare_tables(info, tables))
        problems.extend(documents.compare(info))
    hashes = {
        table.name: tables.digests.get(table.name, hashlib.sha256()).hexdigest()
        for table in info.tables
    }
    return Verified(sha256=tuple(digests), tables=hashes, problems=tuple(problems))


def _unpacked(
    volume: ZipVolume, once: _Sequential, threads: int
) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, in order; those of middling size are unpacked in threads.

    Inflating and hashing let go of the interpreter's lock: two cores do it in half the time.
    """
    ahead: deque[tuple[Member, Future[list[bytes]]]] = deque()
    with ThreadPoolExecutor(min(threads, _THREADS)) as pool:
        for member, entry in volume.members:
            size = max(entry.size, entry.packed)
            alone = threads == 1 or not _THREADED[0] <= size <= _THREADED[1]
            while len(ahead) > (0 if alone else _AHEAD):
                yield _next(ahead)
            if alone:
                yield member, volume.blocks(member, entry, once)
            else:
                held = _Held(once.read_at(entry.end - entry.offset, entry.offset), entry.offset)
                ahead.append((member, pool.submit(_unpack, volume, member, entry, held)))
        while ahead:
            yield _next(ahead)


def _unpack(volume: ZipVolume, member: Member, entry: Entry, held: _Held) -> list[bytes]:
    return list(volume.blocks(member, entry, held))


def _next(
    ahead: "deque[tuple[Member, Future[list[bytes]]]]",
) -> tuple[Member, Iterator[bytes]]:
    member, future = ahead.popleft()

    def blocks() -> Iterator[bytes]:
        yield from future.result()

    return member, blocks()


def _consume(
    member: Member, blocks: Iterator[bytes], documents: DocumentList, rows: RowHook | None
) -> ArchiveError | None:
    """Read a member to its end, through those who want to see it."""
    try:
        if member.name == DOCUMENTS:
            blocks = documents.watch(blocks)
        if rows is not None and not member.name.startswith("documents/"):
            rows(member, blocks)
        for _ in blocks:
            pass
    except ArchiveError as error:
        return error
    return None


def _compare_tables(info: Info, tables: _Tables) -> Iterator[ArchiveError]:
    for member in info.members:
        if member.rows is not None and tables.lines.get(member.name) != member.rows:
            parsed = parse_member(member.name)
            table = parsed.table if parsed is not None and parsed.table else member.name
            found = tables.lines.get(member.name, 0)
            yield RowsDiffer(table=table, found=found, expected=member.rows)
