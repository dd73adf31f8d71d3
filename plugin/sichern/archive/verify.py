"""Re-reads a pair from end to end, and unpacks all of it."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from sichern.archive.documents import DocumentList
from sichern.archive.errors import ArchiveError, RowsDiffer
from sichern.archive.info import Info, Member
from sichern.archive.layout import Entry
from sichern.archive.names import DOCUMENTS, parse_member
from sichern.archive.sequential import ProgressHook, Sequential, counting
from sichern.archive.volume import Input, ZipVolume, open_volume

_MOST_PROBLEMS = 50
_THREADS = 2
"""Threads that unpack: more would wait for the one that reads."""
_AHEAD = 4
"""Members that are unpacked before their turn: one long one does not keep the threads waiting."""
_THREADED = (1 << 16, 1 << 23)
"""Bytes of a member that is worth a thread, and of one that may lie in memory."""

RowHook = Callable[[Member, Iterator[bytes]], None]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a full reading found: the SHA-256 of each volume, and what is wrong."""

    sha256: tuple[str, ...]
    problems: tuple[ArchiveError, ...]


@dataclass(frozen=True)
class _Held:
    """A part of a file that was read already."""

    data: bytes
    start: int

    def read_at(self, length: int, offset: int) -> bytes:
        """Give up to `length` bytes."""
        return self.data[offset - self.start : offset - self.start + length]


@dataclass
class _Lines:
    """Counts the rows of members as they go by."""

    counted: dict[str, int] = field(default_factory=dict)

    def watch(self, member: Member, blocks: Iterator[bytes]) -> Iterator[bytes]:
        if member.rows is None:
            yield from blocks
            return
        lines = 0
        for block in blocks:
            lines += block.count(b"\n")
            yield block
        self.counted[member.name] = lines


def verify_pair(
    info: Info,
    names: Sequence[str],
    inputs: Sequence[Input],
    lengths: Sequence[int],
    *,
    rows: RowHook | None = None,
    progress: ProgressHook | None = None,
) -> Verified:
    """Read every byte of every volume once, and unpack and hash every member.

    `names`, `inputs`, `lengths` (bytes) are the volumes as they lie there. The SHA-256 of
    volumes are given back, not compared. `rows` is called for every member but
    documents, in the order of the archive, with the member and its bytes; what it raises as an
    ArchiveError is a problem as well, and every other exception comes through. `progress`
    takes bytes read and bytes in all.
    """
    problems: list[ArchiveError] = []
    seen = counting(progress, sum(lengths))
    lines = _Lines()
    documents = DocumentList()
    digests: list[str] = []
    for number, (name, source, length) in enumerate(zip(names, inputs, lengths, strict=True)):
        once = Sequential(source, length, seen)
        try:
            members = [member for member in info.members if member.volume == number]
            volume = open_volume(source, name, length, members)
            for member, unpacked in _unpacked(volume, once):
                if len(problems) >= _MOST_PROBLEMS:
                    break
                blocks = lines.watch(member, unpacked)
                problem = _consume(member, blocks, documents, rows)
                if problem is not None:
                    problems.append(problem)
            digests.append(once.finish())
        except ArchiveError as error:
            problems.append(error)
            digests.append("")
    if not problems:
        problems.extend(_compare_lines(info, lines))
        problems.extend(documents.compare(info))
    return Verified(sha256=tuple(digests), problems=tuple(problems))


def _unpacked(
    volume: ZipVolume, once: Sequential
) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Give each member with its bytes, in order; those of middling size are unpacked in threads.

    Inflating and hashing let go of the interpreter's lock: two cores do it in half the time.
    """
    ahead: deque[tuple[Member, Future[list[bytes]]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for member, entry in volume.members:
            size = max(entry.size, entry.packed)
            alone = not _THREADED[0] <= size <= _THREADED[1]
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


def _compare_lines(info: Info, lines: _Lines) -> Iterator[ArchiveError]:
    for member in info.members:
        if member.rows is not None and lines.counted.get(member.name) != member.rows:
            parsed = parse_member(member.name)
            table = parsed.table if parsed is not None and parsed.table else member.name
            found = lines.counted.get(member.name, 0)
            yield RowsDiffer(table=table, found=found, expected=member.rows)
