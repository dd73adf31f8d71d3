"""What can be wrong with the database that is written to, beside what `source.errors` names."""

import sqlite3

import psycopg
import sqlalchemy as sa

from sichern.source import errors, translation
from sichern.source.reason import reason_of
from sichern_hooks import N_, SichernError


class RowRefused(SichernError):
    """A row of the pair holds a value that the target's column cannot take."""

    code = "row-refused"
    message = N_("a row of the table %(table)s cannot be taken (line %(line)s): %(reason)s")
    hint = N_("correct the row in the system that made the pair, and back it up again")


class RowTwice(SichernError):
    """Two rows of a table have one key in the pair, or one has none."""

    code = "row-twice"
    message = N_("the pair holds rows of the table %(table)s under one key, or without a key")
    hint = N_("no backup writes that: make it again in the system that it is of")


class WriteDenied(SichernError):
    """The login, or the file's owner, does not let the program write."""

    code = "write-denied"
    message = N_("the login of the database may not write everything: %(reason)s")
    hint = N_("grant it the rights of the tables' owner; a file must be writable for this program")


class WriteRefused(SichernError):
    """A row breaks a rule of the target: unique, not empty, a reference, a check."""

    code = "write-refused"
    message = N_("the database refused a row: %(reason)s")
    hint = N_("nothing was changed; a plan shows what clashes (on the command line: --dry-run)")


class WriteClashed(SichernError):
    """Somebody changed the same rows at the same time."""

    code = "write-clashed"
    message = N_("others changed the same rows during the import: %(reason)s")
    hint = N_("nothing was changed; start the import again while nobody works in the system")


class DatabaseFull(SichernError):
    """The disk of the database, or of its temporary files, is full."""

    code = "database-full"
    message = N_("the database has no space left: %(reason)s")
    hint = N_("nothing was changed; free space where the database and its temporary files are")


class WriteFailed(errors.ReadFailed):
    """The database refused a statement of the import for a reason of its own."""

    code = "write-failed"
    message = N_("the database could not be written: %(reason)s")
    hint = N_("nothing was changed; look at the database's own log")


def translate(error: BaseException) -> SichernError | None:
    """As `source.translation.translate`, for a session that writes."""
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        error = error.orig
    kind: type[SichernError] | None = None
    if isinstance(error, psycopg.Error):
        kind = _of_postgresql(error.sqlstate or "")
    elif isinstance(error, sqlite3.Error):
        kind = _of_sqlite(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    reason = reason_of(error)
    if kind is not None:
        return kind(reason=reason)
    ours = translation.translate(error)
    if type(ours) is errors.ReadDenied:
        return WriteDenied(reason=reason)
    if type(ours) is errors.ReadFailed:
        return WriteFailed(reason=reason)
    return ours


def _of_postgresql(code: str) -> type[SichernError] | None:
    if code.startswith("23"):
        return WriteRefused
    if code in ("40001", "40P01"):
        return WriteClashed
    if code == "53100":
        return DatabaseFull
    if code == "25006":
        return WriteDenied
    return None


def _of_sqlite(code: int) -> type[SichernError] | None:
    if code == sqlite3.SQLITE_CONSTRAINT:
        return WriteRefused
    if code == sqlite3.SQLITE_FULL:
        return DatabaseFull
    if code == sqlite3.SQLITE_READONLY:
        return WriteDenied
    return None
