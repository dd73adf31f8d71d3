"""Rows as SQLite stores them, as lines of the archive."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from sichern.schema.table import TableSchema
from sichern.source.errors import ReadFailed, UnreadableRow
from sichern.source.errors_sqlite import sqlite_errors
from sichern.source.lines import PAGE, Page, blocks_of, key_of


def stored_lines(
    execute: Callable[[], sqlite3.Cursor], schema: TableSchema, key: Sequence[str]
) -> Iterator[bytes]:
    """Give the rows of a query as blocks of complete lines; `execute` runs it anew.

    Raises UnreadableRow, and what the database may raise.
    """
    return blocks_of(_pages(execute, schema, key), schema, key, stored=True)


def _pages(
    execute: Callable[[], sqlite3.Cursor], schema: TableSchema, key: Sequence[str]
) -> Iterator[Page]:
    try:
        with sqlite_errors():
            cursor = execute()
            while page := cursor.fetchmany(PAGE):
                yield page
    except ReadFailed as error:
        raise _find_undecodable(execute, schema, key) or error from error


class _Undecodable(bytes):
    """A text that is no UTF-8."""


def _decoded(text: bytes) -> str | _Undecodable:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return _Undecodable(text)


def _find_undecodable(
    execute: Callable[[], sqlite3.Cursor], schema: TableSchema, key: Sequence[str]
) -> UnreadableRow | None:
    """Find the text that is no UTF-8, of which the driver says nothing more."""
    with sqlite_errors():
        cursor = execute()
        cursor.connection.text_factory = _decoded
        try:
            for row in cursor:
                for column, value in zip(schema.columns, row, strict=True):
                    if isinstance(value, _Undecodable):
                        return UnreadableRow(
                            table=schema.table,
                            column=column.name,
                            key=key_of(row, schema, key),
                            value=repr(bytes(value[:40])),
                        )
        finally:
            cursor.connection.text_factory = str
    return None
