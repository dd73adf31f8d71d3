"""Pages of rows as blocks of lines of the archive, and which row cannot be one."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sichern.schema.errors import UnreadableValue
from sichern.schema.table import TableSchema
from sichern.source.errors import UnreadableRow

PAGE = 500
"""Rows fetched at a time: few enough to stay in the cache of a core."""
BLOCK = 1 << 18
"""Bytes that a block of lines has at least, but the last."""

Page = Sequence[Sequence[object]]


def blocks_of(
    pages: Iterable[Page], schema: TableSchema, key: Sequence[str], *, stored: bool
) -> Iterator[bytes]:
    """Give blocks of complete lines; `stored` takes values as SQLite stores them.

    Raises UnreadableRow.
    """
    write = schema.line_writer(stored)
    return gathered(_write(write, page, schema, key, stored) for page in pages)


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces of complete lines into blocks."""
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        pending.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield b"".join(pending)
            pending, size = [], 0
    if pending:
        yield b"".join(pending)


def key_of(row: Sequence[object], schema: TableSchema, key: Sequence[str]) -> str:
    """Spell the key of a row for a person."""
    named = {column.name: value for column, value in zip(schema.columns, row, strict=True)}
    return ",".join(
        value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for value in (named[name] for name in key)
    )


def _write(
    write: Callable[[Page], bytes],
    page: Page,
    schema: TableSchema,
    key: Sequence[str],
    stored: bool,
) -> bytes:
    try:
        return write(page)
    except UnreadableValue as error:
        raise _explain(page, schema, key, stored) or error from error


def _explain(
    page: Page, schema: TableSchema, key: Sequence[str], stored: bool
) -> UnreadableRow | None:
    """Find the value that could not be read, and name it."""
    for row in page:
        for column, wire, value in zip(schema.columns, schema.wires, row, strict=True):
            try:
                if value is not None:
                    _ = wire.stored_text(value) if stored else wire.text(value)
            except UnreadableValue as error:
                return UnreadableRow(
                    table=schema.table,
                    column=column.name,
                    key=key_of(row, schema, key),
                    value=str(error),
                )
    return None
