"""Databases that a tenant is imported into."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Server


@dataclass(frozen=True, kw_only=True)
class Place:
    """A database, and a way for somebody else to write to it and to ask it."""

    kind: str
    url: str
    run: Callable[..., None]
    ask: Callable[[str], list[tuple[object, ...]]]

    @property
    def schema(self) -> str:
        """What stands before a table's name."""
        return "public." if self.kind == "postgresql" else ""


def make_postgresql(server: Server, name: str) -> Place:
    """A database of the session's server."""

    def run(*statements: str) -> None:
        server.run("set lock_timeout = '200ms'", *statements, database=name)

    def ask(sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(server.uri(name)) as connection:
            return connection.execute(sql.encode()).fetchall()

    return Place(kind="postgresql", url=server.url(name), run=run, ask=ask)


def make_sqlite(folder: Path, mode: str) -> Place:
    """A file in a journal mode."""
    file = folder / "target with ümläut?.sqlite"
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

    url = f"sqlite:///{str(file).replace('?', '%3F')}"
    return Place(kind=f"sqlite-{mode}", url=url, run=run, ask=ask)


@pytest.fixture(params=["postgresql", "sqlite-wal", "sqlite-delete"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty database of each kind."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = server.create_database()
        yield make_postgresql(server, name)
        server.drop_database(name)
    else:
        yield make_sqlite(tmp_path, request.param.removeprefix("sqlite-"))


@pytest.fixture(scope="module")
def shared_database(postgres: Server) -> Iterator[str]:
    """An empty database for all tests of a module, by name."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)
