"""The session of an import: reads at first, then writes in one transaction, all or nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from sichern.source import postgresql, sqlite
from sichern.source.errors import DatabaseGone, SnapshotBusy, SnapshotLost
from sichern.source.snapshot import Snapshot, listen_for_errors, parse_url
from sichern.source.sqlite_file import open_writable
from sichern.target.errors import WriteDenied, translate
from sichern.tenancy.closure import KEY_TABLES

MEMORY = {
    # Staged rows and key maps are temporary tables, and joined with each other: in memory a join
    # keeps the order of the rows, and so that of the index that they go into.
    "temp_buffers": "64MB",
    "work_mem": "128MB",
    "hash_mem_multiplier": "2",
    "maintenance_work_mem": "64MB",
    # What is asked of them is how large they are, more than what stands in them.
    "default_statistics_target": "25",
}
"""Settings of PostgreSQL for an import: its own are for many small statements at a time."""


class TargetSession(Snapshot):
    """A connection to the target, made by `open_session`. It is a `sichern_hooks.Writer`.

    Whatever reads a snapshot reads the target through it. Until `begin` each statement stands
    for itself, and only temporary tables should be written: so nobody waits for the staging of a
    large pair. From `begin` to `commit` everything is of one instant, and of one transaction.

    Errors of the database come out as those of `source.errors` and `target.errors`.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._writing: sa.RootTransaction | None = None
        self._held = False
        super().__init__(connection, connection.begin())
        self._idle()

    def execute(
        self, statement: sa.Executable, parameters: Mapping[str, object] | None = None
    ) -> "sa.CursorResult[*tuple[Any, ...]]":
        """Run one statement."""
        return self.connection.execute(statement, parameters or {})

    def write(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Run one statement with `:name` parameters; give the number of rows that it changed."""
        statement = sa.text(sql).execution_options(preserve_rowcount=True)
        return self.connection.execute(statement, parameters or {}).rowcount

    @contextmanager
    def held(self) -> Iterator[Any]:
        """Give the driver's own connection, and keep other statements away from it meanwhile."""
        self._check()
        self._held = True
        try:
            yield self._connection.connection.driver_connection
        finally:
            self._held = False

    def close(self) -> None:
        """Roll back what was not committed and end the connection; may be called twice."""
        # Of a connection that is gone the server has rolled back everything.
        with suppress(DatabaseGone):
            super().close()

    def begin(self, alone: Sequence[str] = ()) -> None:
        """Start the one transaction that writes.

        Nobody else can write from here on: on PostgreSQL in the tables `alone`, as SQL spells
        them, on SQLite in any. Raises DatabaseBusy where another program
        has the file locked for half a minute, WriteDenied.
        """
        self._check()
        if self._writing is not None:
            raise RuntimeError("the session writes already")
        self._connection.commit()
        if self.dialect == "postgresql":
            self._connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=False
            )
        self._transaction = self._connection.begin()
        if self.dialect == "postgresql":
            if alone:  # before the first query, which takes the snapshot
                lock = f"LOCK TABLE {', '.join(alone)} IN SHARE ROW EXCLUSIVE MODE"
                self._connection.exec_driver_sql(lock)
            self._connection.exec_driver_sql("SELECT 1")
        else:
            self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        self._writing = self._transaction

    def commit(self) -> None:
        """Keep what was written; each statement stands for itself again.

        Raises WriteClashed, DatabaseBusy, DatabaseFull: then nothing was kept once the session
        is closed.
        """
        self._check()
        if self._writing is None:
            raise RuntimeError("there is nothing to commit before begin()")
        self._writing.commit()
        self._writing = None
        self._idle()

    def _idle(self) -> None:
        """Let each statement stand for itself."""
        self._connection.commit()
        if self.dialect == "postgresql":
            self._connection.execution_options(isolation_level="AUTOCOMMIT")

    def _check(self) -> None:
        if self._connection.invalidated:
            raise DatabaseGone(reason="the connection is closed")
        if self._held or self._stream is not None:
            raise SnapshotBusy
        # SQLite ends a transaction by itself when the disk is full: the rest would be kept.
        if self._writing is not None and (
            not self._writing.is_active or (self.dialect == "sqlite" and not self._locked())
        ):
            raise SnapshotLost

    def _locked(self) -> bool:
        driver: Any = self._connection.connection.driver_connection
        return bool(driver.in_transaction)


class _HeldCursor(psycopg.ServerCursor[Any]):
    """Gives its rows page by page also outside of a transaction, where the server keeps them."""

    def __init__(self, connection: "psycopg.Connection[Any]", name: str, **options: Any) -> None:
        super().__init__(connection, name, **{**options, "withhold": connection.autocommit})


def open_session(url: str) -> TargetSession:
    """Open a database for an import; use it with `with`. What is not committed is rolled back.

    `url` is SQLAlchemy's URL; a file of SQLite must exist. The tables that the closure collects
    keys in are there.

    Raises UnsupportedDatabase, DatabaseUnavailable, DatabaseBusy, TemporaryTablesDenied,
    WriteDenied.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        connection = postgresql.open_connection(postgresql.make_engine(parsed, MEMORY), KEY_TABLES)
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        driver.server_cursor_factory = _HeldCursor
    else:
        path = sqlite.path_of(parsed)
        file = open_writable(path)
        if not os.access(path, os.W_OK):
            file.close()
            raise WriteDenied(reason=path.name)
        connection = sqlite.open_connection(file, KEY_TABLES)
    listen_for_errors(connection, translate)
    return TargetSession(connection)
