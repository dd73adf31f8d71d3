"""What an import writes is there altogether, or not at all; until then nobody waits for it."""

import sqlite3

import pytest
import sqlalchemy as sa

from sichern.target.session import open_session
from sichern.tenancy.closure import INTEGER_KEYS
from tests.target.conftest import Place


@pytest.fixture
def filled(place: Place) -> Place:
    """A table with two rows."""
    place.run(
        "create table t (id integer primary key, v integer unique)",
        "insert into t values (1, 10), (2, 20)",
    )
    return place


def test_what_is_committed_is_there(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        sql = f"insert into {filled.schema}t values (:id, :v)"
        assert session.write(sql, {"id": 3, "v": 30}) == 1
        assert session.write(f"update {filled.schema}t set v = v + 1 where id < :id", {"id": 3}) == 2
        assert session.run(f"delete from {filled.schema}t where id = 1") == 1
        assert filled.ask("select * from t order by id") == [(1, 10), (2, 20)]
        session.commit()
        assert list(map(tuple, session.rows(f"select count(*) from {filled.schema}t"))) == [(2,)]
    assert filled.ask("select * from t order by id") == [(2, 21), (3, 30)]


def test_what_is_not_committed_is_gone(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        session.run(f"delete from {filled.schema}t")
    assert filled.ask("select count(*) from t") == [(2,)]
    filled.run("delete from t")


def test_an_error_of_the_importer_leaves_nothing(filled: Place) -> None:
    with pytest.raises(ZeroDivisionError), open_session(filled.url) as session:
        session.begin()
        session.run(f"delete from {filled.schema}t")
        raise ZeroDivisionError
    assert filled.ask("select count(*) from t") == [(2,)]


def test_before_it_begins_others_write_between_its_statements(filled: Place) -> None:
    with open_session(filled.url) as session:
        count = f"select count(*) from {filled.schema}t"
        assert session.ask(count).scalar_one() == 2
        filled.run("insert into t values (3, 30)")
        assert session.ask(count).scalar_one() == 3
        session.run(f"insert into sichern_integer_keys select 1, 1, id from {filled.schema}t")
        filled.run("insert into t values (4, 40)")
        session.begin()
        assert session.execute(sa.select(sa.func.count()).select_from(INTEGER_KEYS)).scalar() == 3
        assert session.ask(count).scalar_one() == 4


def test_from_its_begin_it_sees_one_instant(filled: Place) -> None:
    with open_session(filled.url) as session:
        session.begin()
        if filled.kind == "postgresql":
            filled.run("insert into t values (3, 30)")
        else:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                filled.run("insert into t values (3, 30)")
        assert session.ask(f"select count(*) from {filled.schema}t").scalar_one() == 2
