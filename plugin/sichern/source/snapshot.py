"""A snapshot: everything of one run is read from one instant, while users go on working."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import Any, Self

import sqlalchemy as sa

from sichern.source import postgresql, sqlite
from sichern.source.errors import DatabaseGone, SnapshotBusy, SnapshotLost, UnsupportedDatabase
from sichern.source.login import FileLogin, Login
from sichern.source.translation import translate
from sichern.source.watch import Watch
from sichern_hooks import SichernError

PAGE = 1000
"""Rows fetched at a time."""


class Snapshot:
    """One transaction on one connection, made by `open_snapshot`. It is a `sichern_hooks.Reader`.

    Tables are named with their schema: PostgreSQL's search path is empty. Temporary tables
    are found by their bare names. Errors of the database come out as those of
    `source.errors`, also from the middle of a stream.
    """

    def __init__(
        self,
        connection: sa.Connection,
        transaction: sa.RootTransaction,
        watch: Watch | None = None,
    ) -> None:
        self._connection = connection
        self._transaction = transaction
        self._watch = watch
        self._stream: Generator[bytes, None, None] | None = None
        self._results: set[sa.CursorResult[*tuple[Any, ...]]] = set()
        sa.event.listen(connection, "before_cursor_execute", self._before)

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the database: `postgresql` or `sqlite`."""
        return self._connection.dialect.name

    @property
    def connection(self) -> sa.Connection:
        """The connection, inside the snapshot's transaction.

        Raises SnapshotLost where that has ended, SnapshotBusy while a table streams.
        """
        self._check()
        return self._connection

    def execute(self, statement: sa.Executable) -> "sa.CursorResult[*tuple[Any, ...]]":
        """Run one statement."""
        return self.connection.execute(statement)

    def ask(self, sql: str) -> "sa.CursorResult[*tuple[Any, ...]]":
        """Run one statement of SQL text without parameters, as it stands."""
        options = {"no_parameters": True, "preserve_rowcount": True}
        return self.connection.exec_driver_sql(sql, execution_options=options)

    def run(self, sql: str) -> int:
        """Run one INSERT of SQL text; give the number of rows that it added."""
        return self.ask(sql).rowcount

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[object]]:
        """Run one SELECT with `:name` parameters and give its rows as they are fetched."""
        with self.fetching(sa.text(sql), parameters) as result:
            yield from result

    @contextmanager
    def fetching(
        self, statement: sa.Executable, parameters: Mapping[str, object] | None = None
    ) -> Iterator["sa.CursorResult[*tuple[Any, ...]]"]:
        """Run one SELECT whose rows are fetched page by page; closed at the latest with this."""
        paged = statement.execution_options(yield_per=PAGE)
        with self.kept(self.connection.execute(paged, parameters or {})) as result:
            yield result

    @contextmanager
    def kept(
        self, result: "sa.CursorResult[*tuple[Any, ...]]"
    ) -> Iterator["sa.CursorResult[*tuple[Any, ...]]"]:
        """Close a result behind its reader, and before the connection where that ends first."""
        with closing(result):
            self._results.add(result)
            try:
                yield result
            finally:
                self._results.discard(result)

    def stream(self, blocks: Generator[bytes, None, None]) -> Iterator[bytes]:
        """Give blocks that hold the whole connection, and keep other statements away from it.

        Without that the driver would wait for ever.
        """
        self._check()
        self._stream = blocks
        try:
            yield from blocks
        finally:
            self._stream = None

    def largest(self) -> int:
        """Guess the bytes of the largest table: a quarter of the file on SQLite.

        On PostgreSQL by the server's statistics: 0 before the first ANALYZE.
        """
        guess = postgresql.LARGEST if self.dialect == "postgresql" else sqlite.LARGEST
        return int(self.ask(guess).scalar_one())

    def login(self) -> Login | FileLogin | None:
        """Say how another session comes to the same rows; None where none can."""
        if self.dialect == "postgresql":
            return postgresql.export_snapshot(self.connection)
        return self._watch.login if self._watch is not None else None

    def shared(self) -> bool:
        """Whether those who have come in by now see what this snapshot shows."""
        return self._watch is None or self._watch.unchanged()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the snapshot and the connection, also while a table streams; may be called twice."""
        if self._stream is not None:
            self._stream.close()
        # An error that ended the run may still hold the readers of these.
        for result in tuple(self._results):
            with suppress(DatabaseGone):
                result.close()
        self._connection.close()
        if self._watch is not None:
            self._watch.close()

    def _check(self) -> None:
        if self._connection.invalidated:
            raise DatabaseGone(reason="the connection is closed")
        if not self._transaction.is_active:
            raise SnapshotLost
        if self._stream is not None:
            raise SnapshotBusy

    def _before(self, *_: object) -> None:
        self._check()


def open_snapshot(url: str, temporary: Sequence[sa.Table] = ()) -> Snapshot:
    """Open a snapshot of the database; use it with `with`.

    `url` is SQLAlchemy's URL (`postgresql://...`, `sqlite:///path`). `temporary` tables are
    made before the snapshot and can be filled within it.

    Raises UnsupportedDatabase, DatabaseUnavailable, DatabaseBusy, TemporaryTablesDenied.
    """
    parsed = parse_url(url)
    watch = None
    if parsed.get_backend_name() == "postgresql":
        connection, transaction = postgresql.connect(parsed, temporary)
    else:
        connection, transaction, watch = sqlite.connect(parsed, temporary)
    listen_for_errors(connection, translate)
    return Snapshot(connection, transaction, watch)


def parse_url(url: str) -> sa.URL:
    """Read the URL of a PostgreSQL or SQLite database.

    Raises UnsupportedDatabase.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise UnsupportedDatabase(kind="?") from None  # the URL may hold a password
    kind = parsed.get_backend_name()
    if kind not in ("postgresql", "sqlite"):
        raise UnsupportedDatabase(kind=kind)
    return parsed


def server_of(url: str) -> str:
    """Name the server of a database: its address and port, or the file.

    Raises UnsupportedDatabase.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database)
    return f"{parsed.host or parsed.query.get('host', '')}:{parsed.port or ''}"


def listen_for_errors(
    connection: sa.Connection, translate: Callable[[BaseException], SichernError | None]
) -> None:
    """Let errors of a connection's statements out as those that `translate` makes of them.

    Those of its engine's other connections too, but none of opening one.
    """
    sa.event.listen(connection.engine, "handle_error", _handling(translate))


@cache
def _handling(
    translate: Callable[[BaseException], SichernError | None],
) -> Callable[[sa.engine.ExceptionContext], None]:
    """The one handler for `translate`: an engine that has it already takes it no second time."""

    def handle(context: sa.engine.ExceptionContext) -> None:
        if context.connection is None:
            return  # none was opened: who wanted one knows what that means
        ours = translate(context.original_exception)
        if context.is_disconnect and context.execution_context is not None:
            context.execution_context.cursor.close()  # nobody else does, and the driver warns
        if ours is not None:
            raise ours from context.original_exception

    return handle
