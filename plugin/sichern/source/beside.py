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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import asyncpg

from sichern.source.settings import KEEPALIVE, PIN, PINNED

MOMENT = 0.0005
"""Seconds in which a fast server sends some 100 KiB."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to come into the snapshot that a run has exported.

    `secured` are libpq's parameters for TLS, `options` what else the server is told.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    secured: Mapping[str, str]
    options: Mapping[str, str]
    snapshot: str


class ReaderFailed(Exception):
    """What went wrong, as it can be sent to another process.

    The SQLSTATE, empty where the server said nothing; what was said; and which function of the
    server said so.
    """

    def __init__(self, sqlstate: str, reason: str, function: str) -> None:
        super().__init__(sqlstate, reason, function)
        self.sqlstate, self.reason, self.function = sqlstate, reason, function


class Session:
    """A session inside a snapshot. All that it does raises ReaderFailed."""

    def __init__(self, login: Login) -> None:
        """Come in."""
        self._runner = asyncio.Runner(loop_factory=_Loop)
        with _failures():
            self._connection = self._runner.run(_come_in(login))

    def copy(self, query: str) -> list[bytes]:
        """Give the rows of a query as COPY writes them, in blocks of complete lines."""
        blocks: list[bytes] = []

        async def take(block: bytes) -> None:
            blocks.append(block)

        with _failures():
            self._runner.run(self._connection.copy_from_query(query, output=take))
        return blocks


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
        for name, value in KEEPALIVE.items():
            option = getattr(socket, name.replace("keepalives_", "TCP_KEEP").upper(), None)
            if option is not None:
                reached.setsockopt(socket.IPPROTO_TCP, option, int(value))
        return transport, protocol


async def _come_in(login: Login) -> Any:
    connection = await asyncpg.connect(
        f"postgresql://?{urlencode(login.secured)}", host=login.host, port=login.port,
        user=login.user, password=login.password or None, database=login.database,
        server_settings={**login.options, "statement_timeout": "0"},
        timeout=int(KEEPALIVE["connect_timeout"]),
    )  # fmt: skip
    await connection.execute(PIN.format(settings=f"'{json.dumps(PINNED)}'"))
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await connection.execute(f"SET TRANSACTION SNAPSHOT '{login.snapshot}'")
    return connection


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except asyncpg.PostgresError as error:
        function = getattr(error, "server_source_function", None)
        raise ReaderFailed(error.sqlstate or "", str(error), function or "") from error
    except (asyncpg.InterfaceError, OSError) as error:
        raise ReaderFailed("", str(error) or type(error).__name__, "") from error
