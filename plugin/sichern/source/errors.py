"""What can be wrong with a database, and how a driver's error becomes one of these."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from sichern.source.login import ReaderFailed
from sichern.source.reason import reason_of
from sichern_hooks import N_, SichernError, UsageError


class UnsupportedDatabase(SichernError):
    """The URL names a database that cannot be read, or none at all."""

    code = "unsupported-database"
    message = N_("this kind of database cannot be backed up: %(kind)s")
    hint = N_("PostgreSQL (in UTF-8) and files of SQLite can be")


class DatabaseUnavailable(SichernError):
    """The database cannot be opened."""

    code = "database-unavailable"
    message = N_("the database cannot be opened: %(reason)s")
    hint = N_("check that it is running, its address, and the login of the configuration")


class DatabaseGone(SichernError):
    """The database broke off while it was read."""

    code = "database-gone"
    message = N_("the database broke off while it was read: %(reason)s")
    hint = N_("nothing was kept of this run; start it again when the database is back")


class DatabaseDamaged(SichernError):
    """The database itself says that it is damaged."""

    code = "database-damaged"
    message = N_("the database is damaged: %(reason)s")
    hint = N_("have the database checked; keep the last backups, and do not delete any")


class DatabaseBusy(SichernError):
    """Somebody kept the database locked for too long."""

    code = "database-busy"
    message = N_("the database is locked by another program: %(reason)s")
    hint = N_("start the run again when the other program has finished")


class RowsHidden(SichernError):
    """Row level security would have hidden rows: they would be missing in the backup."""

    code = "rows-hidden"
    message = N_("row level security hides rows from this login: %(reason)s")
    hint = N_("give the login the attribute BYPASSRLS, or use that of the tables' owner")


class ReadDenied(SichernError):
    """The login may not read something."""

    code = "read-denied"
    message = N_("the login of the database may not read everything: %(reason)s")
    hint = N_("grant it SELECT on all tables and USAGE on the schema")


class TemporaryTablesDenied(SichernError):
    """Keys cannot be collected, since the login may not make temporary tables."""

    code = "temporary-tables-denied"
    message = N_("the login of the database may not make temporary tables: %(reason)s")
    hint = N_("grant it TEMPORARY on the database; a standby server cannot be used")


class ReadFailed(SichernError):
    """The database refused a statement for a reason of its own."""

    code = "read-failed"
    message = N_("the database could not be read: %(reason)s")
    hint = N_("look at the database's own log")


class UnreadableRow(SichernError):
    """A row holds a value that does not fit its column's type, as SQLite allows."""

    code = "unreadable-value"
    message = N_("the table %(table)s holds a value that does not fit %(column)s: %(value)s")
    hint = N_("correct the row with the key %(key)s, or let the host name another type for it")


class SnapshotBusy(UsageError):
    """Something was asked of a snapshot while a table streams from it."""

    code = "snapshot-busy"
    message = N_("the snapshot is still streaming a table")
    hint = N_("read the table to its end, or close its rows, before the next statement")


class SnapshotLost(SichernError):
    """The transaction of the snapshot has ended: what follows would be of another instant."""

    code = "snapshot-lost"
    message = N_("the snapshot has ended before everything was read")
    hint = N_("report this, it is an error of the program")


_GONE = ("08", "57P", "58")
"""Classes of PostgreSQL's codes: connection, operator's intervention, system error."""


def translate(error: BaseException) -> SichernError | None:
    """Make of a driver's error one of ours; None where it is no error of a driver."""
    if isinstance(error, SichernError):
        return error
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, psycopg.Error):
        gone = isinstance(error, psycopg.OperationalError)
        function = error.diag.source_function
        return _of_postgresql(error.sqlstate or "", reason_of(error), function, gone)
    if isinstance(error, ReaderFailed):
        return _of_postgresql(error.sqlstate, error.reason, error.function, True)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Let a driver's errors out as ours."""
    try:
        yield
    except (psycopg.Error, ReaderFailed, sqlite3.Error, sa.exc.DBAPIError) as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error


def _of_postgresql(code: str, reason: str, function: str | None, gone: bool) -> SichernError:
    """`gone`: an error without a code says that the connection is."""
    if code == "42501":
        # The function's name is the same in every language of the server, the text is not.
        hidden = function == "check_enable_rls"
        return RowsHidden(reason=reason) if hidden else ReadDenied(reason=reason)
    if code in ("XX001", "XX002"):
        return DatabaseDamaged(reason=reason)
    if code == "55P03":
        return DatabaseBusy(reason=reason)
    if code.startswith(_GONE) or (gone and not code):
        return DatabaseGone(reason=reason)
    return ReadFailed(reason=reason)


def _of_sqlite(error: sqlite3.Error) -> SichernError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reason = reason_of(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(reason=reason)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseDamaged(reason=reason)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return DatabaseGone(reason=reason)
    return ReadFailed(reason=reason)
