"""How a driver's error becomes one of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from sichern.source.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseGone,
    ReadDenied,
    ReadFailed,
    RowsHidden,
)
from sichern.source.errors_sqlite import of_sqlite
from sichern.source.login import ReaderFailed
from sichern.source.reason import reason_of
from sichern_hooks import SichernError

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
        return of_sqlite(error)
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
