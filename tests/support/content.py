"""All rows of a database as it holds them, and what became of them later."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

Values = Mapping[str, object]
Content = Mapping[str, Mapping[object, Values]]
"""By table and key, the values by column."""


def content(database: Path | str) -> Content:
    """Read every table of a SQLite file, or of a PostgreSQL database by its URI."""
    if isinstance(database, Path):
        with closing(sqlite3.connect(database)) as connection:
            return _read(connection.cursor(), _TABLES_SQLITE)
    with psycopg.connect(database) as connection:
        return _read(connection.cursor(), _TABLES_POSTGRESQL)


_TABLES_SQLITE = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
_TABLES_POSTGRESQL = "select tablename from pg_tables where schemaname = 'public'"


def _read(cursor: Any, tables: str) -> Content:
    names = [str(row[0]) for row in cursor.execute(tables).fetchall()]
    found: dict[str, dict[object, Values]] = {}
    for name in names:
        rows = cursor.execute(f'select * from "{name}"').fetchall()
        columns = [str(each[0]) for each in cursor.description]
        key = next((each for each in ("__id", "id") if each in columns), None)
        found[name] = {
            row[columns.index(key)] if key else place: dict(zip(columns, row, strict=True))
            for place, row in enumerate(rows)
        }
    return found


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What differs between two contents: `values` are table, key, column, before, after."""

    gone: set[tuple[str, object]] = field(default_factory=set)
    added: set[tuple[str, object]] = field(default_factory=set)
    values: list[tuple[str, object, str, object, object]] = field(default_factory=list)

    def touched(self) -> set[tuple[str, object]]:
        """Rows that were there and are gone or differ."""
        return self.gone | {(table, key) for table, key, *_ in self.values}

    def columns(self) -> Counter[str]:
        """How many values changed, by column."""
        return Counter(f"{table}.{column}" for table, _, column, *_ in self.values)


def changes(before: Content, after: Content) -> Changes:
    """Compare two contents, every row and column."""
    found = Changes()
    for table in {**before, **after}:
        one, other = before.get(table, {}), after.get(table, {})
        found.gone.update((table, key) for key in one.keys() - other.keys())
        found.added.update((table, key) for key in other.keys() - one.keys())
        for key in one.keys() & other.keys():
            found.values.extend(_values(table, key, one[key], other[key]))
    return found


def _values(
    table: str, key: object, before: Values, after: Values
) -> Iterator[tuple[str, object, str, object, object]]:
    for column in {**before, **after}:
        was, now = before.get(column), after.get(column)
        if was != now or type(was) is not type(now):
            yield table, key, column, was, now
