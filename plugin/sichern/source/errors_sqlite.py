"""How an error of SQLite's driver becomes one of ours. Without any other driver."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sichern.source.errors import DatabaseBusy, DatabaseDamaged, DatabaseGone, ReadFailed
from sichern.source.reason import reason_of
from sichern_hooks import SichernError


@contextmanager
def sqlite_errors() -> Iterator[None]:
    """Let the driver's errors out as ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise of_sqlite(error) from error


def of_sqlite(error: sqlite3.Error) -> SichernError:
    """Give what an error of the driver means."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reason = reason_of(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(reason=reason)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseDamaged(reason=reason)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return DatabaseGone(reason=reason)
    return ReadFailed(reason=reason)
