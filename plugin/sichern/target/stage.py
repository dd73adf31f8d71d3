"""Fill temporary tables with the lines of an archive, before anything is written."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import psycopg

from sichern.schema.columns import WireColumn
from sichern.schema.errors import MalformedText, UnreadableValue
from sichern.schema.table import TableSchema, table_schema
from sichern.schema.tsv import lines
from sichern.schema.wire import Raw, Wire
from sichern.source.reason import reason_of
from sichern.target.errors import RowRefused, translate
from sichern.target.session import TargetSession
from sichern.tenancy.sql import literal
from sichern.tenancy.sql import name as quoted
from sichern_hooks import SichernError

EXTERNAL = "external:"
"""What the names of columns with external identities begin with."""


def stage(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    *,
    table: str,
    like: str | None,
    numeric_as_bytes: bool = False,
) -> int:
    """Make the temporary table `name` with the columns, fill it; give the number of rows.

    `blocks` are complete lines of the archive, cut anywhere. `table` names the rows in errors.
    On PostgreSQL the columns have the types of the table `like` (quoted, with its schema), on
    SQLite none: values are as the host's own programs store them, numbers as bytes of their
    digits where `numeric_as_bytes` says so.

    Raises RowRefused, MalformedRow, MalformedText, and what the database may raise.
    """
    if session.dialect == "postgresql":
        return _copy(session, name, columns, blocks, table, like)
    return _insert(session, name, columns, blocks, table, numeric_as_bytes)


def _copy(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    table: str,
    like: str | None,
) -> int:
    bounded = _bounded(session, columns, like)
    selected = ", ".join(_typed(column, like, bounded) for column in columns)
    origin = f" FROM {like}" if like is not None else ""
    staged = f"pg_temp.{quoted(name)}"
    session.ask(f"CREATE TEMPORARY TABLE {quoted(name)} AS SELECT {selected}{origin} WITH NO DATA")
    sent = 0
    try:
        with session.held() as driver, driver.cursor() as cursor:
            with cursor.copy(f"COPY {staged} FROM STDIN".encode()) as copy:
                for block in _lines(blocks):
                    sent += block.count(b"\n")
                    copy.write(block)
            copied = int(cursor.rowcount)
    except psycopg.Error as error:
        raise _refused(error, table, name) or translate(error) or error from error
    if copied != sent:
        raise RowRefused(table=table, line=copied + 1, reason=f"{copied} / {sent}")
    if bounded:
        _check_bounds(session, staged, bounded, table)
    session.ask(f"ANALYZE {staged}")
    return copied


@dataclass(frozen=True, kw_only=True)
class _Bounded:
    """A column whose type has a bound: `numeric(16,2)`; `wide` is the type without it."""

    name: str
    bound: str
    wide: str


_BOUNDED = """
SELECT attname, pg_catalog.format_type(atttypid, atttypmod), pg_catalog.format_type(atttypid, NULL)
FROM pg_catalog.pg_attribute
JOIN pg_catalog.pg_type ON pg_type.oid = atttypid
CROSS JOIN LATERAL (SELECT CASE WHEN typcategory = 'A' THEN typelem ELSE atttypid END) AS of (kind)
WHERE attrelid = CAST({like} AS regclass) AND atttypmod <> -1 AND NOT attisdropped
AND (kind IN (CAST('numeric' AS regtype), CAST('varchar' AS regtype))
    OR atttypmod < 6 AND kind IN (CAST('timestamp' AS regtype), CAST('timestamptz' AS regtype),
        CAST('time' AS regtype), CAST('timetz' AS regtype)))
"""


def _bounded(
    session: TargetSession, columns: Sequence[WireColumn], like: str | None
) -> dict[str, _Bounded]:
    """The columns in which COPY would round a number or a time, or cut spaces, without a word."""
    if like is None:
        return {}
    names = {column.name for column in columns}
    found = session.ask(_BOUNDED.format(like=literal(like))).all()
    return {
        name: _Bounded(name=name, bound=bound, wide=wide)
        for name, bound, wide in found
        if name in names
    }


def _typed(column: WireColumn, like: str | None, bounded: Mapping[str, _Bounded]) -> str:
    if like is None or column.name.startswith(EXTERNAL):
        kind = "bigint" if like is None and column.wire == "integer" else "text"
        return f"CAST(NULL AS {kind}) AS {quoted(column.name)}"
    if column.name in bounded:
        wide = bounded[column.name].wide
        return f"CAST({quoted(column.name)} AS {wide}) AS {quoted(column.name)}"
    return quoted(column.name)


def _check_bounds(
    session: TargetSession, staged: str, bounded: Mapping[str, _Bounded], table: str
) -> None:
    """Refuse the first row with a value that its column would change, or not hold at all."""
    cut = {
        each: f"{quoted(each.name)} <> CAST({quoted(each.name)} AS {each.bound})"
        for each in bounded.values()
    }
    try:
        first = session.ask(
            f"SELECT ctid FROM {staged} WHERE {' OR '.join(cut.values())} ORDER BY ctid LIMIT 1"
        ).scalar()
        if first is None:
            return
        row = f"{staged} WHERE ctid = '{first}'"
        reasons = [
            f"{each.name}: {session.ask(f'SELECT {quoted(each.name)} FROM {row}').scalar()!s:.40}"
            f" / {each.bound}"
            for each, changed in cut.items()
            if session.ask(f"SELECT {changed} FROM {row}").scalar()
        ]
        line = session.ask(f"SELECT count(*) FROM {staged} WHERE ctid <= '{first}'").scalar_one()
    except SichernError as error:
        # A number that is too large is an error of the cast.
        if isinstance(error.__cause__, psycopg.errors.DataError):
            raise RowRefused(table=table, line="?", reason=reason_of(error.__cause__)) from error
        raise
    raise RowRefused(table=table, line=line, reason="; ".join(reasons))


_STRANGE = re.compile(rb"\r|\\(?!000|[bfnrtv]|N[\t\n])|[^\t\n]\\N")
"""What no backup writes, in lines whose doubled backslashes were taken out. COPY would take it for
the end of the data, or for other characters than the archive means."""


_ESCAPES = (b"\\n", b"\\t", b"\\r", b"\\b", b"\\f", b"\\v", b"\\000")
_LONGER = re.compile(rb"\\N[^\t\n]")


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Give blocks of complete lines.

    Raises MalformedText.
    """
    begun: list[bytes] = []
    for block in blocks:
        whole, end, rest = block.rpartition(b"\n")
        if end:
            complete = b"".join([*begun, whole, end])
            begun.clear()
            if b"\\" in complete or b"\r" in complete:
                _demand_escapes(complete)
            yield complete
        if rest:
            begun.append(rest)
    if begun:
        raise MalformedText(text=begun[0][:80].decode(errors="replace"))


def _demand_escapes(lines: bytes) -> None:
    """Hold each escape against those of the format.

    What can be counted is counted: the search for anything strange takes ten times as long.
    Raises MalformedText.
    """
    single = lines.replace(b"\\\\", b"x") if b"\\\\" in lines else lines
    nulls = single.count(b"\\N")
    alone = single.count(b"\t\\N") + single.count(b"\n\\N") + single.startswith(b"\\N")
    if alone == nulls and not _LONGER.search(single) and b"\r" not in single:
        left = single.count(b"\\") - nulls
        if not left or left == sum(map(single.count, _ESCAPES)):
            return
    strange = _STRANGE.search(single)
    if strange is not None:
        raise MalformedText(text=ascii(strange[0].decode(errors="replace")))


_REFUSED = ("22", "23", "54")
"""Classes of PostgreSQL's codes: data exception, a domain's check, a limit of the program."""


def _refused(error: psycopg.Error, table: str, name: str) -> RowRefused | None:
    if not (error.sqlstate or "").startswith(_REFUSED):
        return None
    # `COPY name, line 3, column v: "x"`, in the language of the server, behind other contexts.
    place = rf"^COPY {re.escape(name)}, \D*(\d+)"
    line = re.search(place, error.diag.context or "", re.MULTILINE)
    return RowRefused(table=table, line=line[1] if line else "?", reason=reason_of(error))


def _insert(
    session: TargetSession,
    name: str,
    columns: Sequence[WireColumn],
    blocks: Iterable[bytes],
    table: str,
    numeric_as_bytes: bool,
) -> int:
    schema = table_schema(table, columns)
    names = ", ".join(quoted(column.name) for column in columns)
    session.ask(f"CREATE TEMPORARY TABLE {quoted(name)} ({names})")
    marks = ", ".join("?" * len(columns))
    rows = _rows(schema, blocks, numeric_as_bytes)
    insert = f"INSERT INTO temp.{quoted(name)} VALUES ({marks})"
    with session.held() as driver:
        own = not driver.in_transaction
        try:
            if own:
                # Only the temporary database takes part: the file itself is not locked.
                driver.execute("BEGIN")
            with closing(driver.cursor()) as cursor:
                cursor.executemany(insert, rows)
                count = int(cursor.rowcount)
            if own:
                driver.execute("COMMIT")
        except BaseException as error:
            if own and driver.in_transaction:
                driver.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise translate(error) or error from error
            raise
    return max(count, 0)


def _rows(
    schema: TableSchema, blocks: Iterable[bytes], numeric_as_bytes: bool
) -> Iterator[list[Raw | None]]:
    readers = [_reader(wire, numeric_as_bytes) for wire in schema.wires]
    for number, line in enumerate(lines(_lines(blocks)), 1):
        texts = schema.load_texts(line)
        try:
            row = [
                None if text is None else read(text)
                for read, text in zip(readers, texts, strict=True)
            ]
        except UnreadableValue as error:
            reason = _explain(schema, readers, texts)
            raise RowRefused(table=schema.table, line=number, reason=reason) from error
        yield row


def _reader(wire: Wire, numeric_as_bytes: bool) -> Callable[[str], Raw]:
    if numeric_as_bytes and wire.wire == "numeric":
        return lambda text: str(wire.text_raw(text)).encode()
    return wire.text_raw


def _explain(
    schema: TableSchema, readers: Sequence[Callable[[str], Raw]], texts: Sequence[str | None]
) -> str:
    """Find the value that SQLite has no form for, and name it."""
    for column, read, text in zip(schema.columns, readers, texts, strict=True):
        try:
            if text is not None:
                read(text)
        except UnreadableValue as error:
            return f"{column.name}: {error}"
    return ""
