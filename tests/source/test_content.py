"""A document in a table is read piece by piece, inside the snapshot."""

import random
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from sichern.source.content import PIECE, read_content
from sichern.source.snapshot import open_snapshot
from tests.support.postgres import Server

ROWS = sa.table("doc", sa.column("id"), sa.column("part"), sa.column("data"))
BIG = random.Random(1).randbytes(3 * PIECE + 17)  # noqa: S311
CONTENTS = {1: b"", 2: b"x", 3: BIG, 4: BIG[:PIECE], 5: BIG[: 2 * PIECE], 6: None}


@pytest.mark.parametrize("number", CONTENTS)
def test_content_of_postgresql_comes_in_pieces(
    postgres: Server, database: str, number: int
) -> None:
    rows = sa.table("doc", sa.column("id"), sa.column("data"), schema="public")
    with psycopg.connect(postgres.uri(database)) as connection:
        connection.execute("create table doc (id int primary key, data bytea)")
        connection.execute("insert into doc values (%s, %s)", (number, CONTENTS[number]))
    with open_snapshot(postgres.url(database)) as snapshot:
        pieces = read_content(snapshot, rows, {"id": number}, "data")
        first = next(pieces, b"")
        postgres.run("delete from doc", database=database)
        rest = list(pieces)
    assert first + b"".join(rest) == (CONTENTS[number] or b"")
    assert all(len(piece) <= PIECE for piece in (first, *rest))


@pytest.mark.parametrize("kind", ["", "without rowid"])
@pytest.mark.parametrize("number", CONTENTS)
def test_content_of_sqlite_comes_in_pieces(tmp_path: Path, number: int, kind: str) -> None:
    file = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute(
            f"create table doc (id integer, part text, data blob, primary key (id, part)) {kind}"
        )
        connection.execute("insert into doc values (?, 'a', ?)", (number, CONTENTS[number]))
        connection.commit()
    with open_snapshot(f"sqlite:///{file}") as snapshot:
        pieces = read_content(snapshot, ROWS, {"id": number, "part": "a"}, "data")
        first = next(pieces, b"")
        with closing(sqlite3.connect(file)) as other:
            other.execute("delete from doc")
            other.commit()
        rest = list(pieces)
    assert first + b"".join(rest) == (CONTENTS[number] or b"")
    assert all(len(piece) <= PIECE for piece in (first, *rest))


def test_a_text_is_content_too(postgres: Server, database: str, tmp_path: Path) -> None:
    text = "ä\U0001f600" * PIECE
    rows = sa.table("doc", sa.column("id"), sa.column("data"), schema="public")
    with psycopg.connect(postgres.uri(database)) as connection:
        connection.execute("create table doc (id int primary key, data text)")
        connection.execute("insert into doc values (1, %s)", (text,))
    with open_snapshot(postgres.url(database)) as snapshot:
        assert b"".join(read_content(snapshot, rows, {"id": 1}, "data")).decode() == text
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as connection:
        connection.execute("create table doc (id integer primary key, part text, data text)")
        connection.execute("insert into doc values (1, 'a', ?)", (text,))
        connection.commit()
    with open_snapshot(f"sqlite:///{tmp_path / 't.sqlite'}") as snapshot:
        assert b"".join(read_content(snapshot, ROWS, {"id": 1}, "data")).decode() == text


def test_a_large_document_is_never_whole_in_memory(postgres: Server, database: str) -> None:
    rows = sa.table("doc", sa.column("id"), sa.column("data"), schema="public")
    postgres.run(
        "create table doc (id int primary key, data bytea)",
        "alter table doc alter data set storage external",
        "insert into doc select 1, convert_to(repeat('0123456789abcdef', 4194304), 'UTF8')",
        database=database,
    )
    with open_snapshot(postgres.url(database)) as snapshot:
        tracemalloc.start()
        size = sum(len(piece) for piece in read_content(snapshot, rows, {"id": 1}, "data"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size == 64 * PIECE
    assert peak < 8 * PIECE


def test_a_row_that_is_not_there_is_an_error(postgres: Server, database: str) -> None:
    rows = sa.table("doc", sa.column("id"), sa.column("data"), schema="public")
    postgres.run("create table doc (id int primary key, data bytea)", database=database)
    with (
        open_snapshot(postgres.url(database)) as snapshot,
        pytest.raises(sa.exc.NoResultFound),
    ):
        list(read_content(snapshot, rows, {"id": 1}, "data"))
