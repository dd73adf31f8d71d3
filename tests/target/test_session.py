"""What an import writes is there altogether, or not at all; until then nobody waits for it."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from sichern.source.errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseGone,
    DatabaseUnavailable,
    SnapshotLost,
    TemporaryTablesDenied,
    UnsupportedDatabase,
)
from sichern.source.reflect import read_catalog
from sichern.source.rows import Path as RowsPath
from sichern.source.rows import read_rows
from sichern.target.errors import (
    DatabaseFull,
    WriteClashed,
    WriteDenied,
    WriteFailed,
    WriteRefused,
)
from sichern.target.session import TargetSession, open_session
from sichern.tenancy.closure import INTEGER_KEYS, KEY_TABLES
from sichern_hooks import SichernError
from tests.source.reading import columns, table
from tests.support.postgres import Server
from tests.target.conftest import Place, make_sqlite


@pytest.fixture
def filled(place: Place) -> Place:
    """A table with two rows."""
    place.run(
        "create table t (id integer primary key, v integer not null unique)",
        "insert into t values (1, 10), (2, 20)",
    )
    return place


def _count(session: TargetSession, place: Place) -> object:
    return session.ask(f"select count(*) from {place.schema}t").scalar_one()


def test_what_is_committed_is_there(filled: Place) -> None:
    name = f"{filled.schema}t"
    with open_session(filled.url) as session:
        session.begin()
        assert session.write(f"insert into {name} values (:id, :v)", {"id": 3, "v": 30}) == 1
        assert session.write(f"update {name} set v = v + 1 where id < :id", {"id": 3}) == 2
        assert session.run(f"delete from {name} where id = 1") == 1
        assert session.run(f"insert into {name} select id + 10, v + 10 from {name}") == 2
        assert filled.ask("select * from t order by id") == [(1, 10), (2, 20)]
        session.commit()
        assert _count(session, filled) == 4
    assert filled.ask("select * from t order by id") == [(2, 21), (3, 30), (12, 31), (13, 40)]


def test_what_is_not_committed_is_gone(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        session.run(f"delete from {filled.schema}t")
    assert filled.ask("select count(*) from t") == [(2,)]
    filled.run("delete from t")


def test_an_error_of_the_importer_leaves_nothing(filled: Place) -> None:
    def fail() -> None:
        with open_session(filled.url) as session:
            session.begin()
            session.run(f"delete from {filled.schema}t")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert filled.ask("select count(*) from t") == [(2,)]


def test_before_it_begins_others_write_between_its_statements(filled: Place) -> None:
    with open_session(filled.url) as session:
        assert _count(session, filled) == 2
        filled.run("insert into t values (3, 30)")
        assert _count(session, filled) == 3
        session.run(f"insert into sichern_integer_keys select 1, 1, id from {filled.schema}t")
        filled.run("insert into t values (4, 40)", "drop table t", "create table t (id int)")
        session.begin()
        assert session.execute(sa.select(sa.func.count()).select_from(INTEGER_KEYS)).scalar() == 3
        assert _count(session, filled) == 0


def test_from_its_begin_it_sees_one_instant(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        if filled.kind == "postgresql":
            filled.run("insert into t values (3, 30)")
        else:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                filled.run("insert into t values (3, 30)")
        assert _count(session, filled) == 2


@pytest.mark.parametrize("path", ["fast", "portable"])
@pytest.mark.parametrize("writing", [False, True])
def test_whatever_reads_a_snapshot_reads_a_target(
    filled: Place, writing: bool, path: RowsPath
) -> None:
    wires = columns(id="integer", v="integer")
    schema = "public" if filled.schema else None
    with open_session(filled.url) as session:
        if writing:
            session.begin()
        assert "t" in {found.name for found in read_catalog(session, schema).tables.values()}
        chosen = path if filled.kind == "postgresql" else None
        for _ in range(2):
            blocks = read_rows(
                session, table("t", wires, schema), wires, ["id"], None, path=chosen
            )
            assert next(blocks) == b"1\t10\n2\t20\n"
            blocks.close()  # type: ignore[attr-defined]
        both = session.rows(f"select id, v from {filled.schema}t order by id")
        assert tuple(next(both)) == (1, 10)
        assert _count(session, filled) == 2
        assert [tuple(row) for row in both] == [(2, 20)]


def test_many_rows_are_read_page_by_page_while_nothing_is_locked(place: Place) -> None:
    place.run(
        "create table t (id integer primary key, v integer not null)",
        "insert into t with recursive n (i) as (select 1 union all select i + 1 from n"
        " where i < 5000) select i, i from n",
    )
    with open_session(place.url) as session:
        rows = session.rows(f"select id from {place.schema}t where id > :id", {"id": 0})
        assert sum(1 for _ in rows) == 5000
        place.run("delete from t")


@pytest.mark.parametrize("sql", ["insert into {}t values (1, 5)", "update {}t set v = null"])
def test_a_row_that_breaks_a_rule_is_an_error_with_a_code(filled: Place, sql: str) -> None:
    with open_session(filled.url) as session:
        session.begin()
        with pytest.raises(WriteRefused) as caught:
            session.run(sql.format(filled.schema))
    assert caught.value.code == "write-refused"
    assert str(caught.value)


def test_a_statement_that_is_wrong_is_an_error_of_writing(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        with pytest.raises(WriteFailed) as caught:
            session.run("delete from nowhere")
    assert caught.value.code == "write-failed"


def test_a_transaction_that_the_database_ended_writes_no_more(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        session.run(f"delete from {filled.schema}t where id = 1")
        session.connection.rollback()
        with pytest.raises(SnapshotLost):
            session.run(f"delete from {filled.schema}t where id = 2")
        with pytest.raises(SnapshotLost):
            session.commit()
    assert filled.ask("select count(*) from t") == [(2,)]


def test_begin_and_commit_stand_in_their_order(filled: Place) -> None:
    with open_session(filled.url) as session:
        with pytest.raises(RuntimeError):
            session.commit()
        session.begin()
        with pytest.raises(RuntimeError):
            session.begin()
        session.commit()
        session.begin()
        session.run(f"delete from {filled.schema}t")
        session.commit()
    assert filled.ask("select count(*) from t") == [(0,)]


def test_keys_can_be_collected(place: Place) -> None:
    with open_session(place.url) as session:
        for keys in KEY_TABLES:
            assert session.execute(sa.select(keys)).all() == []
            session.execute(sa.insert(keys), {"side": 1, "number": 2, "key": 3})
        session.begin()
        assert session.execute(sa.select(INTEGER_KEYS)).all() == [(1, 2, 3)]


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    place = make_sqlite(tmp_path, "wal")
    place.run("create table t (v text)", "insert into t values ('x')")
    with open_session(place.url) as session:
        session.begin()
        session.ask("pragma main.max_page_count = 4")
        session.run("delete from t")
        with pytest.raises(DatabaseFull) as caught:
            session.run("insert into t values (zeroblob(1000000))")
        assert caught.value.code == "database-full"
        # SQLite has taken everything back: what came now would be kept on its own.
        with pytest.raises(SnapshotLost):
            session.run("insert into t values ('y')")
    assert place.ask("select * from t") == [("x",)]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_file_that_stays_locked_is_an_error_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr("sichern.source.sqlite_file.WAIT", 0.2)
    place = make_sqlite(tmp_path, mode)
    file = sa.make_url(place.url).database
    assert file is not None
    with open_session(place.url) as session:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(DatabaseBusy):
                session.begin()
            other.execute("rollback")
        session.begin()
        session.run("insert into made values (1)")
        session.commit()
    assert place.ask("select * from made") == [(1,)]


def test_a_reader_who_never_ends_stops_the_commit_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sichern.source.sqlite_file.WAIT", 0.2)
    place = make_sqlite(tmp_path, "delete")
    file = sa.make_url(place.url).database
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        with open_session(place.url) as session:
            session.begin()
            session.run("insert into made values (1)")
            other.execute("begin")
            other.execute("select * from made").fetchall()
            with pytest.raises(DatabaseBusy):
                session.commit()
        other.execute("rollback")
    assert place.ask("select * from made") == []


def test_foreign_keys_may_be_broken_for_a_while_on_sqlite(tmp_path: Path) -> None:
    place = make_sqlite(tmp_path, "wal")
    place.run("create table t (id integer primary key, other integer references made)")
    with open_session(place.url) as session:
        assert session.ask("pragma foreign_keys").scalar_one() == 0
        assert session.ask("pragma temp_store").scalar_one() == 1
        session.begin()
        assert session.run("insert into t values (1, 99)") == 1


def test_rows_that_others_changed_meanwhile_are_an_error(
    postgres: Server, tmp_path: Path
) -> None:
    name = postgres.create_database()
    postgres.run("create table t as select 1 as id, 1 as v", database=name)
    with open_session(postgres.url(name)) as session:
        session.begin()
        postgres.run("update t set v = 2", database=name)
        with pytest.raises(WriteClashed):
            session.run("update public.t set v = 3")
    postgres.drop_database(name)


def test_a_session_that_an_administrator_ends_is_an_error(postgres: Server) -> None:
    name = postgres.create_database()
    for writing in (False, True):
        with open_session(postgres.url(name)) as session:
            if writing:
                session.begin()
            postgres.run(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                f" where datname = '{name}' and pid <> pg_backend_pid()"
            )
            with pytest.raises(DatabaseGone):
                session.ask("select 1")
            with pytest.raises(SichernError):
                session.ask("select 1")
    postgres.drop_database(name)


def test_a_login_without_rights_is_an_error(postgres: Server) -> None:
    name = postgres.create_database()
    postgres.run(f"create role writer_{name} login", "create table t (id int)", database=name)
    url = postgres.url(name, f"writer_{name}")
    with open_session(url) as session:
        session.begin()
        with pytest.raises(WriteDenied):
            session.run("insert into public.t values (1)")
    postgres.run(f"revoke temporary on database {name} from public")
    with pytest.raises(TemporaryTablesDenied):
        open_session(url)
    postgres.drop_database(name)
    postgres.run(f"drop role writer_{name}")


def test_settings_of_a_login_do_not_reach_the_session(postgres: Server) -> None:
    name = postgres.create_database()
    postgres.run(
        f"create role strange_{name} login superuser",
        *(
            f"alter role strange_{name} set {setting}"
            for setting in (
                "default_transaction_read_only = on", "statement_timeout = 1",
                "default_transaction_isolation = serializable", "datestyle = 'German, DMY'",
                "idle_in_transaction_session_timeout = 1",
            )
        ),
        "create table t (d date)",
        database=name,
    )
    with open_session(postgres.url(name, f"strange_{name}")) as session:
        session.begin()
        session.ask("select pg_sleep(0.05)")
        session.write("insert into public.t values (cast(:d as date))", {"d": "2026-02-01"})
        session.commit()
    with psycopg.connect(postgres.uri(name)) as connection:
        assert str(connection.execute("select d::text from t").fetchone()) == "('2026-02-01',)"
    postgres.drop_database(name)
    postgres.run(f"drop role strange_{name}")


def test_a_session_may_be_used_by_another_thread_than_the_one_that_opened_it(
    filled: Place,
) -> None:
    seen: list[object] = []
    with open_session(filled.url) as session:
        worker = threading.Thread(target=lambda: seen.append(_count(session, filled)))
        worker.start()
        worker.join()
    assert seen == [2]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://u@h/d", UnsupportedDatabase),
        ("no url at all", UnsupportedDatabase),
        ("sqlite://", DatabaseUnavailable),
        ("sqlite:///{}/none.sqlite", DatabaseUnavailable),
        ("sqlite:///{}/text.sqlite", DatabaseDamaged),
        ("postgresql://u:secret@127.0.0.1:1/d", DatabaseUnavailable),
    ],
)
def test_a_database_that_cannot_be_opened_is_an_error_and_no_file_is_made(
    tmp_path: Path, url: str, expected: type[SichernError]
) -> None:
    (tmp_path / "text.sqlite").write_bytes(b"this is no database, but it is long" * 50)
    with pytest.raises(expected) as caught:
        open_session(url.format(tmp_path))
    assert "secret" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["text.sqlite"]
