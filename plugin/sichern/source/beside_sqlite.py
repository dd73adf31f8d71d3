"""SQLite: a session beside that of a run, that reads rows as the run does."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sichern.schema.table import table_schema
from sichern.source.errors_sqlite import sqlite_errors
from sichern.source.login import FileLogin
from sichern.source.query import Query
from sichern.source.sqlite_file import begin, open_read_only
from sichern.source.stored import stored_lines


class FileSession:
    """A session in what a file holds now. All that it does raises errors of `source.errors`."""

    def __init__(self, login: FileLogin) -> None:
        """Come in."""
        with sqlite_errors():
            self._file = open_read_only(Path(login.path))
            try:
                begin(self._file)
            except BaseException:
                self._file.close()
                raise

    def lines(self, query: Query) -> Iterator[bytes]:
        """Give the rows of a query as blocks of complete lines."""

        def execute() -> sqlite3.Cursor:
            return self._file.execute(query.sql)

        return stored_lines(execute, table_schema(query.table, query.columns), query.key)

    def close(self) -> None:
        """Leave."""
        self._file.close()
