"""What a session beside that of a run is given, and what PostgreSQL's gives back when it fails.

Without a driver, which only the processes that read need.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to come into the snapshot that a run has exported on PostgreSQL.

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


@dataclass(frozen=True, kw_only=True)
class FileLogin:
    """How to come to a file of SQLite, for the readers of one `run` of its own.

    They find what the file holds when they come: `Snapshot.shared` says whether that is what
    the run has before it.
    """

    path: str
    run: str


class ReaderFailed(Exception):
    """What went wrong, as it can be sent to another process.

    The SQLSTATE, empty where the server said nothing; the first line of what was said; and which
    function of the server said so.
    """

    def __init__(self, sqlstate: str, reason: str, function: str) -> None:
        super().__init__(sqlstate, reason, function)
        self.sqlstate, self.reason, self.function = sqlstate, reason, function

    def __str__(self) -> str:
        return self.reason
