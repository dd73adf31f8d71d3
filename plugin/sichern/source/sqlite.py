"""SQLite: the connection of a run to a file, and its snapshot."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from sichern.source.errors import DatabaseUnavailable
from sichern.source.sqlite_file import begin, in_wal_mode, open_file
from sichern.source.translation import translated
from sichern.source.watch import Watch, identity

LARGEST = """
SELECT page_count * page_size / 4 FROM pragma_page_count('main'), pragma_page_size('main')
"""
"""A quarter of the file, for the largest table: only reading all of it would tell more."""


def connect(
    url: sa.URL, temporary: Sequence[sa.Table]
) -> tuple[sa.Connection, sa.RootTransaction, Watch | None]:
    """Open the file and its snapshot, as `open_snapshot` says."""
    path = path_of(url)
    known = identity(path)
    file = open_file(path)
    connection = open_connection(file, temporary)
    watch = None
    try:
        with translated():
            # A copy is nobody else's, and whoever opens the file finds no copy.
            watch = Watch(path, known) if in_wal_mode(file) else None
            transaction = connection.begin()
            begin(file)
    except BaseException:
        connection.close()
        if watch is not None:
            watch.close()
        raise
    return connection, transaction, watch


def path_of(url: sa.URL) -> Path:
    """The file that a URL names.

    Raises DatabaseUnavailable where it names none.
    """
    if not url.database or url.database == ":memory:":
        raise DatabaseUnavailable(reason="sqlite: no file")
    return Path(url.database.removeprefix("file:"))


def open_connection(file: sqlite3.Connection, temporary: Sequence[sa.Table]) -> sa.Connection:
    """Give an open file to SQLAlchemy and make its temporary tables."""
    try:
        with translated():
            engine = sa.create_engine("sqlite://", creator=lambda: file, poolclass=sa.NullPool)
            connection = engine.connect()
            for table in temporary:
                connection.execute(sa.schema.CreateTable(table))
            connection.commit()
    except BaseException:
        file.close()
        raise
    return connection
