"""Insert many rows into every table of a database, as whoever works on after an import does."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

MANY = 1000
_COLUMNS_SQLITE = """
    select tables.name, columns.name, columns.pk, columns."notnull"
    from sqlite_master as tables join pragma_table_info(tables.name) as columns
    where tables.type = 'table' and tables.name not like 'sqlite_%'
"""
_KEYS_POSTGRESQL = """
    select table_name, column_name,
        pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name)
    from information_schema.columns where table_schema = 'public'
        and (column_name = '__id' or column_name = 'id' and not exists (
            select from information_schema.columns history
            where history.table_name = columns.table_name and history.column_name = '__id'))
"""
_REQUIRED = """
    select table_name, column_name from information_schema.columns
    where table_schema = 'public' and is_nullable = 'NO'
"""
_CONSTRAINTS = """
    select relname, conname from pg_constraint join pg_class on pg_class.oid = conrelid
    where contype in ('c', 'x')
"""
"""Singletons, and what must be said of a record."""


@dataclass(kw_only=True)
class Inserted:
    """How many tables took their rows; `refused` maps the others to the database's words."""

    tables: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def insert_into_every_table(database: Path | str, count: int = MANY) -> Inserted:
    """Insert `count` rows with keys of the table's own making; nothing stays.

    Only the keys are tried: all else is empty, and on PostgreSQL need not be filled meanwhile.
    """
    if isinstance(database, Path):
        return _sqlite(database, count)
    return _postgresql(database, count)


def _sqlite(file: Path, count: int) -> Inserted:
    found = Inserted()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        required: dict[str, list[str]] = {}
        for table, column, key, filled in connection.execute(_COLUMNS_SQLITE).fetchall():
            required.setdefault(table, []).extend([column] if filled and not key else [])
        for table, columns in required.items():
            # Trytond's own tables want a few values; any will do that no other row has.
            names = ", ".join(f'"{each}"' for each in columns)
            values = ", ".join(f"'new {each} ' || :n" for each in columns)
            statement = (
                f'insert into "{table}" ({names}) values ({values})'
                if columns
                else f'insert into "{table}" default values'
            )
            connection.execute("begin")
            try:
                for number in range(count):
                    connection.execute(statement, {"n": number} if columns else {})
                found.tables += 1
            except sqlite3.Error as error:
                found.refused[str(table)] = str(error)
            finally:
                connection.execute("rollback")
    return found


def _postgresql(uri: str, count: int) -> Inserted:
    found = Inserted()
    with psycopg.connect(uri) as connection:
        required: dict[str, list[str]] = {}
        for table, column in connection.execute(_REQUIRED).fetchall():
            required.setdefault(table, []).append(column)
        constraints: dict[str, list[str]] = {}
        for table, name in connection.execute(_CONSTRAINTS).fetchall():
            constraints.setdefault(table, []).append(name)
        keys = connection.execute(_KEYS_POSTGRESQL).fetchall()
        connection.rollback()
        for table, key, sequence in keys:
            # No foreign keys, and nothing is required: it is the keys that are tried.
            connection.execute("set local session_replication_role = replica")
            drops = ", ".join([
                *(f'alter column "{each}" drop not null' for each in required[table]
                  if each != key),
                *(f'drop constraint "{each}"' for each in constraints.get(table, ())),
            ])  # fmt: skip
            try:
                if drops:
                    connection.execute(f'alter table "{table}" {drops}'.encode())
                connection.execute(
                    f'insert into "{table}" ("{key}") select nextval(%s)'
                    f" from generate_series(1, {count})".encode(),
                    [sequence],
                )
                found.tables += 1
            except psycopg.Error as error:
                found.refused[table] = str(error)
            finally:
                connection.rollback()
    return found
