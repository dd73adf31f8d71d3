"""A session beside that of a run, by a driver of its own: it must be held to the same things."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from sichern.source.beside_postgresql import ServerSession
from sichern.source.login import Login, ReaderFailed
from sichern.source.query import Query
from sichern.tenancy.glance import Glance
from sichern.window_reader import enter, read_window
from tests.support.postgres import USER, Server

ROWS = 50_000
TALKS = """
create function talks(i int) returns int language plpgsql as
$$ begin raise warning 'number %', i; return i; end $$
"""


def _query(sql: str) -> Query:
    return Query(sql=sql, table="", columns=(), key=())


@pytest.fixture
def login(postgres: Server) -> Iterator[Login]:
    """The way into a snapshot that is open."""
    database = postgres.create_database()
    postgres.run(TALKS, database=database)
    with psycopg.connect(postgres.uri(database)) as connection:
        connection.execute("set transaction isolation level repeatable read")
        found = connection.execute("select pg_export_snapshot()").fetchone()
        assert found is not None
        yield Login(
            host=postgres.host, port=postgres.port, user=USER, password="", database=database,
            secured={}, options={}, snapshot=found[0],
        )


def test_no_row_is_lost_where_the_server_talks_meanwhile(postgres: Server, login: Login) -> None:
    postgres.run(f'alter database "{login.database}" set client_min_messages to debug5')
    with closing(ServerSession(login)) as session:
        query = _query(f"select public.talks(i) from generate_series(1, {ROWS}) i")
        found = b"".join(session.lines(query))
    assert found.split() == [str(number).encode() for number in range(1, ROWS + 1)]


def test_a_session_of_several_has_no_processes_of_its_own(postgres: Server, login: Login) -> None:
    setting = "max_parallel_workers_per_gather"
    postgres.run(f'alter database "{login.database}" set {setting} to 4')
    with closing(ServerSession(login)) as session:
        found = b"".join(session.lines(_query(f"select current_setting('{setting}')")))
    assert found == b"0\n"


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPINTVL"), reason="other systems' names differ")
def test_a_server_that_vanished_is_noticed_after_two_minutes(login: Login) -> None:
    with closing(ServerSession(login)) as session:
        reached = session._connection._transport.get_extra_info("socket")
        assert reached.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, interval, count = (
            reached.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
    assert idle + interval * count == 120


def test_what_the_server_refuses_is_one_line_without_rows(login: Login) -> None:
    with closing(ServerSession(login)) as session, pytest.raises(ReaderFailed) as caught:
        list(session.lines(_query("select 'secret'::int")))
    assert caught.value.sqlstate == "22P02"
    assert str(caught.value) == 'invalid input syntax for type integer: "secret"'


def test_a_server_that_is_not_there_is_said_too(login: Login) -> None:
    with pytest.raises(ReaderFailed):
        ServerSession(replace(login, port=1))


def test_a_process_reads_in_the_snapshot_of_the_run_that_asks_and_in_no_other(
    postgres: Server, login: Login
) -> None:
    database = postgres.create_database()
    everything = Glance(position=0, tenant=None, fields=2)
    query = _query("select 1, current_database()")
    (chunk,) = read_window(login, query, everything)
    assert chunk.seen.lines == f"1\t{login.database}\n".encode()
    with psycopg.connect(postgres.uri(database)) as connection:
        connection.execute("set transaction isolation level repeatable read")
        found = connection.execute("select pg_export_snapshot()").fetchone()
        assert found is not None
        other = replace(login, database=database, snapshot=found[0])
        (chunk,) = read_window(other, query, everything)
        assert chunk.seen.lines == f"1\t{database}\n".encode()
        with pytest.raises(ReaderFailed):
            enter(replace(other, database=login.database))


@pytest.mark.parametrize(
    ("module", "spared"),
    [
        ("window_reader", {"sqlalchemy", "psycopg", "asyncpg", "marshmallow", "sqlite3", "pluggy"}),
        ("source.beside_postgresql", {"sqlalchemy", "psycopg", "marshmallow", "sqlite3", "pluggy"}),
        ("source.beside_sqlite", {"sqlalchemy", "psycopg", "asyncpg"}),
    ],
)
def test_a_process_that_reads_starts_with_little(module: str, spared: set[str]) -> None:
    program = f"import sys, sichern.{module}; print(*{spared!r} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []
