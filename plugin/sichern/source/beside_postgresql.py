"""PostgreSQL: a session inside the snapshot of a run, that reads rows beside it.

By asyncpg, which gives the rows of a COPY as the network brings them, hundreds at once: half a
second of a core for 3,000,000 rows, where a driver that gives one after another takes 3 s.

Little is imported: the processes that read start with this.
"""

import asyncio
import json
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import asyncpg

from sichern.source.login import Login, ReaderFailed
from sichern.source.query import Query
from sichern.source.reason import reason_of
from sichern.source.settings import KEEPALIVE, PIN, PINNED

MOMENT = 0.0005
"""Seconds in which a fast server sends some 100 KiB."""

SINGLE = {"max_parallel_workers_per_gather": "0"}
"""Several sessions read at once. With processes of the server's own for each window, started for
it and taken from its users' cores, a table that lies in no order took 9.0 s instead of 5.8 s."""


class ServerSession:
    """A session inside a snapshot. All that it does raises ReaderFailed."""

    def __init__(self, login: Login) -> None:
        """Come in."""
        self._runner = asyncio.Runner(loop_factory=_Loop)
        try:
            with _failures():
                self._connection = self._runner.run(_come_in(login))
        except BaseException:
            self._runner.close()
            raise

    def lines(self, query: Query) -> Iterator[bytes]:
        """Give the rows of a query as COPY writes them, in blocks of complete lines."""
        blocks: deque[bytes] = deque()

        async def take(block: bytes | bytearray) -> None:
            blocks.append(bytes(block))

        with _failures():
            self._runner.run(self._connection.copy_from_query(query.sql, output=take))
        while blocks:
            yield blocks.popleft()

    def close(self) -> None:
        """Leave."""
        self._connection.terminate()
        self._runner.close()


# Linux's names; elsewhere a server that vanished is noticed when the system says so.
_KEEPALIVE = tuple(
    (getattr(socket, option), int(KEEPALIVE[name]))
    for option, name in (
        ("TCP_KEEPIDLE", "keepalives_idle"),
        ("TCP_KEEPINTVL", "keepalives_interval"),
        ("TCP_KEEPCNT", "keepalives_count"),
    )
    if hasattr(socket, option)
)


class _Gathering(selectors.DefaultSelector):
    """Lets more arrive before any of it is read.

    The server sends 8 KiB at a time: to wake up for each costs four times what reading them does.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until there is something, and a moment longer."""
        ready = super().select(timeout)
        if ready and timeout != 0:
            time.sleep(MOMENT)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """Notices a server that vanished without a word, as the session of the run does."""

    def __init__(self) -> None:
        super().__init__(_Gathering())

    async def create_connection(self, *arguments: Any, **keywords: Any) -> Any:
        transport, protocol = await super().create_connection(*arguments, **keywords)
        reached = transport.get_extra_info("socket")
        reached.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            reached.setsockopt(socket.IPPROTO_TCP, option, value)
        return transport, protocol


async def _come_in(login: Login) -> Any:
    connection = await asyncpg.connect(
        f"postgresql://?{urlencode(login.secured)}", host=login.host, port=login.port,
        user=login.user, password=login.password or None, database=login.database,
        server_settings={**login.options, "statement_timeout": "0"},
        timeout=int(KEEPALIVE["connect_timeout"]),
    )  # fmt: skip
    try:
        await connection.execute(PIN.format(settings=f"'{json.dumps({**PINNED, **SINGLE})}'"))
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{login.snapshot}'")
    except BaseException:
        connection.terminate()
        raise
    return connection


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except asyncpg.PostgresError as error:
        function = getattr(error, "server_source_function", None)
        raise ReaderFailed(error.sqlstate or "", reason_of(error), function or "") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        raise ReaderFailed("", reason_of(error), "") from error
