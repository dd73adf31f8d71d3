"""Databases that a tenant is imported into."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.postgres import Server


@dataclass(frozen=True, kw_only=True)
class Place:
    """A database, and statements of somebody else on it; `schema` is a prefix for names."""

    kind: str
    url: str
    run: Callable[..., None]
    ask: Callable[[str], list[tuple[object, ...]]]

    @property
    def schema(self) -> str:
        """What stands before a table's name."""
        return "public." if self.kind == "postgresql" else ""


def make_sqlite(folder: Path, mode: str) -> Place:
    """An empty file in a journal mode."""
    file = folder / "target.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"pragma journal_mode = {mode}")
        connection.execute("create table made (id integer primary key)")
        connection.commit()

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(file, timeout=0.2)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def ask(sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(file, timeout=0.2)) as connection:
            return connection.execute(sql).fetchall()

    return Place(kind=f"sqlite-{mode}", url=f"sqlite:///{file}", run=run, ask=ask)


def _make_postgresql(server: Server) -> Iterator[Place]:
    import psycopg

    name = server.create_database()

    def run(*statements: str) -> None:
        server.run("set lock_timeout = '200ms'", *statements, database=name)

    def ask(sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(server.uri(name)) as connection:
            return connection.execute(sql.encode()).fetchall()

    yield Place(kind="postgresql", url=server.url(name), run=run, ask=ask)
    server.drop_database(name)


@pytest.fixture(params=["postgresql", "sqlite-wal", "sqlite-delete"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        yield from _make_postgresql(request.getfixturevalue("postgres"))
    else:
        yield make_sqlite(tmp_path, request.param.removeprefix("sqlite-"))
