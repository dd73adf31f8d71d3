"""A snapshot shows one instant of all tables, and nobody waits for it."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from sichern.source.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseGone,
    DatabaseUnavailable,
    ReadFailed,
    SnapshotBusy,
    SnapshotLost,
    UnsupportedDatabase,
)
from sichern.source.rows import read_rows
from sichern.source.snapshot import Snapshot, open_snapshot
from sichern_hooks import SichernError
from tests.source.reading import columns, read, table
from tests.source.temporary import KEYS
from tests.support.postgres import Server

WIRES = columns(id="integer", amount="integer")
TABLES = ("account", "ledger")
ROWS = 100


@dataclass(frozen=True, kw_only=True)
class World:
    """A database with two tables, and a way to write to it."""

    url: str
    write: Callable[[str], None]


@contextmanager
def _postgresql(server: Server) -> Iterator[World]:
    name = server.create_database()
    server.run(
        *(f"create table {t} (id int primary key, amount int)" for t in TABLES),
        *(f"insert into {t} select i, 10 from generate_series(1, {ROWS}) i" for t in TABLES),
        database=name,
    )
    yield World(url=server.url(name), write=lambda sql: server.run(sql, database=name))
    server.drop_database(name)


@contextmanager
def _sqlite(folder: Path, mode: str) -> Iterator[World]:
    file = folder / "test with ümläut?.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"pragma journal_mode = {mode}")
        for name in TABLES:
            connection.execute(f"create table {name} (id integer primary key, amount integer)")
            connection.executemany(
                f"insert into {name} values (?, 10)", [(i,) for i in range(1, ROWS + 1)]
            )
        connection.commit()

    def write(sql: str) -> None:
        with closing(sqlite3.connect(file, timeout=2)) as connection:
            connection.execute(sql)
            connection.commit()

    yield World(url=sa.URL.create("sqlite", database=str(file)).render_as_string(), write=write)


@pytest.fixture(params=["postgresql", "sqlite-wal", "sqlite-delete"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The same tables on each kind of database."""
    if request.param == "postgresql":
        with _postgresql(request.getfixturevalue("postgres")) as found:
            yield found
    else:
        with _sqlite(tmp_path, request.param.removeprefix("sqlite-")) as found:
            yield found


def test_later_writes_are_not_seen_in_any_table(world: World) -> None:
    with open_snapshot(world.url, [KEYS]) as snapshot:
        for name in TABLES:
            world.write(f"update {name} set amount = 0")
            world.write(f"delete from {name} where id > 50")
        for name in TABLES:
            lines = read(snapshot, name, WIRES).splitlines()
            assert len(lines) == ROWS
            assert lines[-1] == b"100\t10"
    with open_snapshot(world.url) as snapshot:
        assert read(snapshot, "account", WIRES).count(b"\n") == 50


def test_the_total_is_exact_while_money_is_moved(world: World) -> None:
    stop = threading.Event()

    def move() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            one, other = turn % ROWS + 1, (turn * 7) % ROWS + 1
            world.write(
                f"update account set amount = amount + case id when {one} then 1 else 0 end"
                f" - case id when {other} then 1 else 0 end"
            )

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(10):
            with open_snapshot(world.url) as snapshot:
                lines = read(snapshot, "account", WIRES).splitlines()
            assert sum(int(line.split(b"\t")[1]) for line in lines) == 10 * ROWS
    finally:
        stop.set()
        mover.join()


def test_a_writer_is_not_blocked_while_rows_are_read(world: World) -> None:
    with open_snapshot(world.url) as snapshot:
        rows = table("account", WIRES, "public" if snapshot.dialect == "postgresql" else None)
        blocks = read_rows(snapshot, rows, WIRES, ["id"], None)
        first = next(blocks)
        world.write("insert into account values (1000, 5)")
        assert b"1000" not in first + b"".join(blocks)


def test_temporary_tables_are_filled_and_joined_within_the_snapshot(world: World) -> None:
    with open_snapshot(world.url, [KEYS]) as snapshot:
        rows = table("account", WIRES, "public" if snapshot.dialect == "postgresql" else None)
        snapshot.execute(sa.insert(KEYS).from_select(["key"], sa.select(rows.c.id)))
        snapshot.execute(sa.delete(KEYS).where(KEYS.c.key > 3))
        inside = rows.c.id.in_(sa.select(KEYS.c.key))
        lines = b"".join(read_rows(snapshot, rows, WIRES, ["id"], inside))
        assert lines == b"1\t10\n2\t10\n3\t10\n"


def test_nothing_reaches_the_database_through_a_snapshot(world: World) -> None:
    with open_snapshot(world.url) as snapshot:
        rows = table("account", WIRES, "public" if snapshot.dialect == "postgresql" else None)
        # What is not refused went to a copy of the file.
        with contextlib.suppress(ReadFailed):
            snapshot.execute(sa.delete(rows))
    with open_snapshot(world.url) as snapshot:
        assert read(snapshot, "account", WIRES).count(b"\n") == ROWS


def test_a_host_reads_with_named_parameters(world: World) -> None:
    with open_snapshot(world.url) as snapshot:
        prefix = "public." if snapshot.dialect == "postgresql" else ""
        sql = f"select id, amount from {prefix}account where id <= :last order by id"
        assert [tuple(row) for row in snapshot.rows(sql, {"last": 2})] == [(1, 10), (2, 10)]
        left = snapshot.rows(sql, {"last": 90})
        next(left)
        left.close()  # type: ignore[attr-defined]
        assert len(list(snapshot.rows(sql, {"last": 3}))) == 3


@pytest.mark.parametrize("path", ["fast", "portable"])
def test_rows_that_are_closed_early_leave_the_snapshot_usable(
    postgres: Server, database: str, path: str
) -> None:
    postgres.run(
        "create table t (id int primary key, amount text)",
        "insert into t select i, repeat('x', 1000) from generate_series(1, 5000) i",
        database=database,
    )
    wires = columns(id="integer", amount="text")
    with open_snapshot(postgres.url(database), [KEYS]) as snapshot:
        snapshot.execute(sa.insert(KEYS).values(key=1))
        for _ in range(3):
            blocks = read_rows(
                snapshot, table("t", wires), wires, ["id"], None, path=path  # type: ignore[arg-type]
            )
            assert next(blocks).startswith(b"1\tx")
            blocks.close()  # type: ignore[attr-defined]
            postgres.run("delete from t where id = 1", database=database)
        assert read(snapshot, "t", wires).count(b"\n") == 5000
        assert snapshot.execute(sa.select(KEYS.c.key)).all() == [(1,)]


def test_a_statement_while_a_table_streams_is_refused_instead_of_waiting_for_ever(
    postgres: Server, database: str
) -> None:
    postgres.run("create table t as select i as id from generate_series(1, 9) i", database=database)
    wires = columns(id="integer")
    with open_snapshot(postgres.url(database)) as snapshot:
        blocks = read_rows(snapshot, table("t", wires), wires, ["id"], None)
        next(blocks)
        with pytest.raises(SnapshotBusy):
            snapshot.execute(sa.select(1))
        assert list(blocks) == []
        assert snapshot.execute(sa.select(1)).scalar_one() == 1


@pytest.mark.parametrize("path", ["fast", "portable"])
def test_an_error_of_the_consumer_ends_a_snapshot_that_is_streaming(
    postgres: Server, database: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.run(
        "create table t as select i as id, repeat('x', 1000) as v from generate_series(1, 9999) i",
        database=database,
    )
    wires = columns(id="integer", v="text")

    def fail() -> None:
        with open_snapshot(postgres.url(database)) as snapshot:
            for _ in read_rows(
                snapshot, table("t", wires), wires, ["id"], None, path=path  # type: ignore[arg-type]
            ):
                raise ZeroDivisionError

    # The error holds on to the frame, and so to the rows, while the snapshot is closed.
    with pytest.raises(ZeroDivisionError):
        fail()
    assert caplog.records == []


def test_a_snapshot_whose_transaction_was_ended_gives_nothing(world: World) -> None:
    with open_snapshot(world.url) as snapshot:
        snapshot.connection.rollback()
        with pytest.raises(SnapshotLost):
            read(snapshot, "account", WIRES)


@pytest.mark.parametrize("path", ["fast", "portable"])
def test_a_server_that_dies_in_the_middle_of_a_table_is_an_error(path: str) -> None:
    wires = columns(id="integer", v="text")
    with Server() as server:
        server.run(
            "create table t as select i as id, repeat('x', 1000) as v"
            " from generate_series(1, 30000) i"
        )
        with open_snapshot(server.url("postgres")) as snapshot:
            blocks = read_rows(
                snapshot, table("t", wires), wires, ["id"], None, path=path  # type: ignore[arg-type]
            )
            next(blocks)
            server.crash()
            with pytest.raises(DatabaseGone) as caught:
                list(blocks)
            assert caught.value.code == "database-gone"
            with pytest.raises(SichernError):
                snapshot.execute(sa.select(1))
        with pytest.raises(DatabaseUnavailable):
            open_snapshot(server.url("postgres"))


def test_a_session_that_an_administrator_ends_is_an_error(postgres: Server, database: str) -> None:
    with open_snapshot(postgres.url(database)) as snapshot:
        postgres.run(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where datname = '{database}' and pid <> pg_backend_pid()"
        )
        with pytest.raises(DatabaseGone):
            list(snapshot.rows("select 1"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://u@h/d", UnsupportedDatabase),
        ("no url at all", UnsupportedDatabase),
        ("sqlite://", DatabaseUnavailable),
        ("sqlite:////no/such/file.sqlite", DatabaseUnavailable),
        ("postgresql://u:secret@127.0.0.1:1/d", DatabaseUnavailable),
    ],
)
def test_a_database_that_cannot_be_opened_is_an_error_without_its_password(
    url: str, expected: type[SichernError]
) -> None:
    with pytest.raises(expected) as caught:
        open_snapshot(url)
    assert "secret" not in str(caught.value)
    assert not Path("/no/such/file.sqlite").exists()


def test_an_unknown_database_or_login_is_an_error(postgres: Server) -> None:
    for url in (postgres.url("nowhere"), postgres.url("postgres", "nobody-at-all")):
        with pytest.raises(DatabaseUnavailable):
            open_snapshot(url)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "no.sqlite"
    file.write_bytes(b"this is no database, but it is long enough to be looked at" * 50)
    with pytest.raises(DatabaseDamaged):
        open_snapshot(f"sqlite:///{file}")


def test_a_file_that_stays_locked_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sichern.source.sqlite_file.WAIT", 0.2)
    with _sqlite(tmp_path, "delete") as world:
        file = sa.make_url(world.url).database
        assert file is not None
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("begin exclusive")
            with pytest.raises(DatabaseBusy):
                open_snapshot(world.url)


def test_a_copy_of_a_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "temporary"
    here.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(here))
    with _sqlite(tmp_path, "delete") as world, open_snapshot(world.url) as snapshot:
        assert read(snapshot, "account", WIRES).count(b"\n") == ROWS
        assert list(here.iterdir()) == []


def test_two_snapshots_do_not_disturb_each_other(world: World) -> None:
    def open_both() -> tuple[Snapshot, Snapshot]:
        return open_snapshot(world.url, [KEYS]), open_snapshot(world.url, [KEYS])

    first, second = open_both()
    with first, second:
        first.execute(sa.insert(KEYS).values(key=1))
        assert second.execute(sa.select(KEYS.c.key)).all() == []
        assert read(first, "ledger", WIRES) == read(second, "ledger", WIRES)


def test_a_session_ends_with_its_snapshot(postgres: Server, database: str) -> None:
    with open_snapshot(postgres.url(database)):
        pass
    with psycopg.connect(postgres.uri("postgres")) as connection:
        count = "select count(*) from pg_stat_activity where datname = %s"
        for _ in range(50):
            if connection.execute(count, (database,)).fetchone() == (0,):
                break
            connection.execute("select pg_sleep(0.05), pg_stat_clear_snapshot()")
        assert connection.execute(count, (database,)).fetchone() == (0,)
