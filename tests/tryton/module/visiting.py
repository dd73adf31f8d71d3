"""A served database, links in it, visitors, and pairs to send and fetch."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.support.serving import WebServer
from tests.support.tryton import environment
from tests.support.visitor import Answer, Visitor

STEM = "muster-gmbh_2026-03-01T020000Z"
MEGA = 1 << 20
NOWHERE = (404, 405)
"""What trytond says of an address below which it serves nothing."""


class Links:
    """Makes links in the served database, as its wizards do."""

    def __init__(self, server: WebServer) -> None:
        database = server.databases[0]
        self._file = database.file
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.tryton.module.linking", str(server.config),
             database.name],
            env=environment(database.uri), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=Path(__file__).parents[3],
        )

    def down(self, login: str, tenant: str, info: Path) -> str:
        return str(self._make("down", login, tenant, str(info))[0])

    def up(self, login: str, tenant: str | None = None) -> str:
        return str(self._make("up", login, tenant)[0])

    def _make(self, *request: str | None) -> list[object]:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(request) + "\n")
        self._program.stdin.flush()
        return list(json.loads(self._program.stdout.readline()))

    def close(self) -> None:
        self._program.communicate()

    def change(self, sql: str, *values: object) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection, connection:
            connection.execute(sql, values)

    def folder(self) -> Path:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection:
            ((folder,),) = connection.execute(
                "SELECT folder FROM sichern_transfer ORDER BY id DESC LIMIT 1"
            ).fetchall()
        return Path(folder)


def signed_in(server: WebServer, login: str) -> Visitor:
    visitor = Visitor(port=server.port, database=server.databases[0].name)
    visitor.sign_in(login, f"{login}-sichern")
    return visitor


def send(visitor: Visitor, address: str, piece: bytes, offset: int) -> Answer:
    return visitor.ask("PATCH", address, piece, {
        "Upload-Offset": str(offset), "Content-Type": "application/octet-stream",
    })


def zip_of(info: Path) -> Path:
    return info.with_suffix(".zip")
