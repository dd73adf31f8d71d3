"""Read one window of a table in a process of its own: lines, proof, hash, Deflate.

It imports little: such a process starts for each run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sichern.archive.chunks import Chunks
from sichern.archive.packed import PackedMember, pack_member
from sichern.collector import uncollected
from sichern.source.login import FileLogin, Login, ReaderFailed
from sichern.source.query import Query
from sichern.tenancy.glance import Glance, Seen


@dataclass(frozen=True, kw_only=True)
class PackedChunk:
    """A chunk of rows, packed, with what was seen of its lines; `last` is its last line's key."""

    member: PackedMember
    seen: Seen
    last: int


class Session(Protocol):
    """A session inside a snapshot."""

    def lines(self, query: Query) -> Iterator[bytes]:
        """Give the rows of a query as blocks of complete lines."""

    def close(self) -> None:
        """Leave."""


_entered: list[tuple[Login | FileLogin, Session]] = []
"""The one snapshot that this process is in. The name alone, or the path, does not tell it."""


def enter(login: Login | FileLogin) -> None:
    """Come into the snapshot, and out of that of another run.

    Raises ReaderFailed on PostgreSQL, errors of `source.errors` on SQLite.
    """
    if not _is_in(login):
        while _entered:
            _entered.pop()[1].close()
        _entered.append((login, _come_in(login)))


def _is_in(login: Login | FileLogin) -> bool:
    return any(known == login for known, _ in _entered)


def _come_in(login: Login | FileLogin) -> Session:
    # Each database's own imports, and no others.
    if isinstance(login, FileLogin):
        from sichern.source.beside_sqlite import FileSession

        return FileSession(login)
    from sichern.source.beside_postgresql import ServerSession

    return ServerSession(login)


def read_window(login: Login | FileLogin, query: Query, glance: Glance) -> list[PackedChunk]:
    """Read what a query gives in the run's snapshot, in chunks.

    The first column must be an integer key. Raises as `enter`, UnreadableRow, CompressedWrong.
    """
    if isinstance(login, FileLogin) and not _is_in(login):
        raise ReaderFailed("", "a process came when the file may have been written to", "")
    enter(login)
    ((_, session),) = _entered
    chunks = Chunks(session.lines(query))
    # Rows make no cycles; to look for some takes 4 % of the time.
    with uncollected():
        return [_pack(chunk, chunks, glance) for chunk in chunks]


def _pack(chunk: Iterator[bytes], chunks: Chunks, glance: Glance) -> PackedChunk:
    seen: list[Seen] = []
    tail = b""

    def looked_at() -> Iterator[bytes]:
        nonlocal tail
        for block in chunk:
            seen.append(glance.at(block))
            tail = block
            yield block

    member = pack_member(looked_at(), lambda: chunks.taken)
    last = int(tail[tail.rfind(b"\n", 0, -1) + 1 :].partition(b"\t")[0])
    return PackedChunk(member=member, seen=Seen.united(seen), last=last)
