"""Read one window of a table in a process of its own: COPY, proof, hash, Deflate.

It imports little: such a process starts for each run.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from sichern.archive.chunks import CHUNK_ROWS
from sichern.archive.packed import PackedMember, pack_member
from sichern.source.session import open_session
from sichern.tenancy.glance import Glance

BLOCK = 1 << 18
MOST_LINES = 4096
_END = (-1, b"")


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to come into the snapshot that a run has exported; `keywords` are the driver's."""

    keywords: dict[str, Any]
    snapshot: str


@dataclass(frozen=True, kw_only=True)
class PackedChunk:
    """A chunk of rows, packed, with what was seen of its lines; `last` is its last line's key."""

    member: PackedMember
    seen: bytes
    last: int


_sessions: dict[str, psycopg.Connection[Any]] = {}


def read_window(login: Login, command: bytes, glance: Glance) -> list[PackedChunk]:
    """Run a COPY in the run's snapshot; give its rows in chunks.

    The first column must be an integer key. Raises what the driver raises.
    """
    enter(login)
    connection = _sessions[login.snapshot].pgconn
    connection.send_query(command)
    _expect(connection, connection.get_result(), ExecStatus.COPY_OUT)
    # The driver's own way to the rows costs three times as much per line.
    rows: Iterable[tuple[int, memoryview]] = iter(partial(connection.get_copy_data, 0), _END)
    lines = _Lines(map(itemgetter(1), rows))
    chunks: list[PackedChunk] = []
    while not lines.ended:
        chunk = _pack(lines, glance)
        if chunk is not None:
            chunks.append(chunk)
    _expect(connection, connection.get_result(), ExecStatus.COMMAND_OK)
    connection.get_result()
    return chunks


def enter(login: Login) -> None:
    """Come into the snapshot, once in each process."""
    if login.snapshot not in _sessions:
        connection = open_session(**login.keywords)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(f"SET TRANSACTION SNAPSHOT '{login.snapshot}'".encode())
        _sessions[login.snapshot] = connection


@dataclass
class _Lines:
    """Rows as the driver gives them, taken in blocks of complete lines and counted."""

    rows: Iterator[memoryview]
    taken: int = 0
    ended: bool = False
    _at_once: int = 64

    def blocks(self, most: int) -> Iterator[bytes]:
        """Give blocks of so many rows in all, fewer at the end."""
        self.taken = 0
        while self.taken < most:
            rows = list(islice(self.rows, min(self._at_once, most - self.taken)))
            if not rows:
                self.ended = True
                return
            self.taken += len(rows)
            buffer = io.BytesIO()
            buffer.writelines(rows)
            block = buffer.getvalue()
            # As many rows as make a block, were they as long as the last ones.
            fitting = len(rows) * BLOCK // len(block)
            self._at_once = max(1, min(MOST_LINES, 4 * len(rows), fitting))
            yield block


def _pack(lines: _Lines, glance: Glance) -> PackedChunk | None:
    """Read and pack the next chunk; None at the end."""
    seen: list[bytes] = []
    tail = b""

    def looked_at() -> Iterator[bytes]:
        nonlocal tail
        for block in lines.blocks(CHUNK_ROWS):
            seen.append(glance.at(block))
            tail = block
            yield block

    member = pack_member(looked_at(), lambda: lines.taken)
    if not member.lines:
        return None
    last = int(tail[tail.rfind(b"\n", 0, -1) + 1 :].partition(b"\t")[0])
    return PackedChunk(member=member, seen=b"".join(seen), last=last)


def _expect(connection: PGconn, result: PGresult | None, status: ExecStatus) -> None:
    if result is None:
        raise psycopg.OperationalError(connection.get_error_message())
    if result.status != status:
        raise psycopg.errors.error_from_result(result)
