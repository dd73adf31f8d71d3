"""Plant marker strings in rows and documents of a copied Tryton database."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support.archive import Pair
from tests.support.postgres import Server
from tests.support.tryton import TrytonDatabase

MARKER = "zz-marker-of-the-other"
SECRET = "zz-secret-of-the-other"  # noqa: S105 - a canary

SHIPPED = {"ir_translation.module"}
"""Columns that say by being filled that a module ships the row."""

Documents = frozenset[tuple[str, str, str]]
"""Documents as table, key and label."""

TEXT_COLUMNS = {
    "sqlite": "select name, null from pragma_table_info('{table}')"
    " where lower(type) like '%char%' or lower(type) like '%text%' or lower(type) like '%json%'",
    "postgresql": "select column_name, character_maximum_length from information_schema.columns"
    " where table_name = '{table}' and table_schema = 'public'"
    " and data_type in ('text', 'character varying', 'json', 'jsonb')",
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """A database that is written past Tryton."""

    dialect: str
    connection: Any

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a SELECT and give its rows."""
        return [tuple(row) for row in self.connection.execute(sql).fetchall()]

    def write(self, sql: str, *values: object) -> int:
        """Run a change; `?` stands for a value. Give the number of rows."""
        if self.dialect == "postgresql":
            sql = sql.replace("?", "%s")
        arguments = (values,) if values else ()
        return int(self.connection.execute(sql, *arguments).rowcount)

    def texts(self, table: str) -> dict[str, int | None]:
        """The columns of a table that hold text or JSON, with their greatest length."""
        return dict(self.ask(TEXT_COLUMNS[self.dialect].format(table=table)))


@contextmanager
def writing(database: TrytonDatabase, server: Server | None) -> Iterator[Access]:
    """Write a database of Tryton; kept at the end."""
    if server is not None:
        with psycopg.connect(server.uri(database.name)) as connection:
            # No foreign keys and triggers for the time being.
            connection.execute("set session_replication_role = replica")
            yield Access(dialect="postgresql", connection=connection)
        return
    with closing(sqlite3.connect(database.file)) as connection:
        yield Access(dialect="sqlite", connection=connection)
        connection.commit()


@dataclass(kw_only=True)
class Planted:
    """What was planted: cells whose table leaves, columns, and columns without, with a reason."""

    cells: int = 0
    secrets: int = 0
    columns: set[str] = field(default_factory=set)
    without: dict[str, str] = field(default_factory=dict)
    documents: int = 0


def plant_texts(access: Access, pair: Pair, rows: Mapping[str, frozenset[int]]) -> Planted:
    """Add a marker to every text of `rows`; `pair` tells what the columns hold."""
    planted = Planted()
    for table, ids in sorted(rows.items()):
        described = pair.schema.get(table)
        wires = {each["name"]: each["wire"] for each in described["columns"]} if described else {}
        keys = _holding_keys(described) if described else set()
        for column, longest in access.texts(table).items():
            where = f"{table}.{column}"
            wire = wires.get(column)
            if column in keys:
                planted.without[where] = "it holds the key of a record"
            elif where in SHIPPED:
                planted.without[where] = "a row where it is filled is shipped by a module"
            elif longest is not None:
                planted.without[where] = f"it holds no more than {longest} characters"
            elif wire in ("text", "jsonb"):
                planted.cells += _mark(access, table, column, ids, f"{MARKER}-{where}", wire)
                planted.columns.add(where)
            elif wire is None and not _is_locator(described, column):
                planted.secrets += _mark(access, table, column, ids, f"{SECRET}-{where}", "text")
                planted.columns.add(where)
            else:
                planted.without[where] = f"it holds no text but {wire or 'a document'}"
    return planted


def _mark(
    access: Access, table: str, column: str, ids: frozenset[int], marker: str, wire: str
) -> int:
    old = '\'{"marker": "\'' if wire == "jsonb" else f"coalesce(\"{column}\", '')"
    end = "'\"}'" if wire == "jsonb" else "''"
    value = f"{old} || '{marker}-' || cast(id as varchar(20)) || {end}"
    if wire == "jsonb" and access.dialect == "postgresql":
        value = f"cast({value} as jsonb)"
    return access.write(
        f'update "{table}" set "{column}" = {value} where id in ({",".join(map(str, ids))})'
    )


def _holding_keys(described: Mapping[str, Any]) -> set[str]:
    """The columns in which a marker would break a reference."""
    held = {name for each in described["references"] for name in each["columns"]}
    held |= {each["column"] for each in described["embedded"]}
    return held | {described["tenant"], *described["key"]}


def _is_locator(described: Mapping[str, Any] | None, column: str) -> bool:
    """Whether a column that is not in the rows holds the name of a file in the store."""
    return described is not None and bool(described["documents"]) and column.endswith("_id")


def documents_of(pair: Pair) -> Documents:
    """The documents of a pair, by the rows that name them."""
    return frozenset((str(row[0]), str(row[1]), str(row[2])) for row in pair.lines("documents.tsv"))


def plant_documents(access: Access, store: Path, documents: Documents) -> int:
    """Add a marker to the content of documents, in their table or in the store."""
    files = {path.name: path for path in store.rglob("*") if path.is_file()}
    marker = MARKER.encode()
    for table, key, label in sorted(documents):
        columns = access.texts(table)
        named = access.ask(
            f"select {', '.join(f'{chr(34)}{name}{chr(34)}' for name in columns)}"
            f' from "{table}" where id = {int(key)}'
        )
        stored = [files[str(value)] for value in named[0] if str(value) in files]
        if stored:
            for path in stored:
                path.write_bytes(path.read_bytes() + marker)
            continue
        ((content,),) = access.ask(f'select "{label}" from "{table}" where id = {int(key)}')
        access.write(
            f'update "{table}" set "{label}" = ? where id = {int(key)}', bytes(content) + marker
        )
    return len(documents)
