"""SQLite: a file opened for reading or writing.

A file in WAL mode is read where it lies, a private copy of any other. Without SQLAlchemy, which a
process that only reads does not need.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sichern.source.errors import DatabaseBusy, DatabaseUnavailable
from sichern.source.errors_sqlite import of_sqlite
from sichern.source.reason import reason_of

PAGES = 1000
"""Pages copied at a time: writers wait for no more than these."""
PAUSE = 0.01
"""Seconds between two steps of the copy, for writers."""
RESTARTS = 5
"""How often writers may make the copy start again, before it is made in one step."""
WAIT = 30.0
"""Seconds to wait for a lock of another program."""


def open_file(path: Path) -> sqlite3.Connection:
    """Open a file for reading where it is in WAL mode, else a copy of it that nobody sees.

    Raises DatabaseUnavailable, DatabaseBusy, DatabaseDamaged.
    """
    file = None
    try:
        file = open_read_only(path)
        if in_wal_mode(file):
            file.execute("SELECT count(*) FROM main.sqlite_schema").fetchone()
            return file
        copy = _connect("")  # without a name: a file that is removed as soon as it is opened
        try:
            _copy(file, copy)
        except BaseException:
            copy.close()
            raise
        file.close()
        return copy
    except BaseException as error:
        if file is not None:
            file.close()
        raise _unavailable(error) from error


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file that exists, outside of any transaction."""
    return _connect(f"file:{quote(str(path.absolute()))}?mode=ro")


def in_wal_mode(file: sqlite3.Connection) -> bool:
    """Whether readers and a writer do not wait for each other."""
    return bool(file.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def open_writable(path: Path) -> sqlite3.Connection:
    """Open a file that exists for reading and writing, outside of any transaction.

    Raises DatabaseUnavailable, DatabaseBusy, DatabaseDamaged.
    """
    file = None
    try:
        file = _connect(f"file:{quote(str(path.absolute()))}?mode=rw")
        # Temporary tables grow with what is imported.
        file.execute("PRAGMA temp_store = FILE")
        # Rows are written in the order of tables, not of references.
        file.execute("PRAGMA foreign_keys = OFF")
        file.execute("SELECT count(*) FROM main.sqlite_schema").fetchone()
    except BaseException as error:
        if file is not None:
            file.close()
        raise _unavailable(error) from error
    return file


def _unavailable(error: BaseException) -> BaseException:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A file in WAL mode that nobody has open asks its reader for the right to write beside it.
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return DatabaseUnavailable(reason=reason_of(error))
    return of_sqlite(error) if isinstance(error, sqlite3.Error) else error


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=WAIT, check_same_thread=False
    )


class _Restarted(Exception):
    """Writers made the copy start again too often."""


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy page by page, so that writers come through; in one step where they never stop."""
    try:
        source.backup(target, pages=PAGES, sleep=PAUSE, progress=_following(RESTARTS))
    except _Restarted:
        source.backup(target, pages=-1, sleep=PAUSE, progress=_following(None))


def _following(restarts: int | None) -> Callable[[int, int, int], None]:
    """Follow a copy: it starts again when another connection writes.

    Raises DatabaseBusy from within it, where it would try for ever.
    """
    last: int | None = None
    started = 0

    def follow(status: int, remaining: int, _total: int) -> None:
        nonlocal last, started
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DatabaseBusy(reason="sqlite: database is locked")
        if last is not None and remaining >= last > 0:
            started += 1
            if restarts is not None and started > restarts:
                raise _Restarted
        last = remaining

    return follow


def begin(file: sqlite3.Connection) -> None:
    """Take a snapshot, which BEGIN alone does not: the first read does."""
    file.execute("BEGIN")
    file.execute("SELECT count(*) FROM main.sqlite_schema").fetchone()
