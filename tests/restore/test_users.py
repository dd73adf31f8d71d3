"""Who wrote a row is still to be read after an import, and nobody may do more than before."""

from collections import Counter
from dataclasses import replace

import pytest

from sichern_hooks import Description, Reference, Role, Table, Way
from tests.restore.conftest import EMPTY, MakeWorld, World
from tests.restore.reading import arrival_of, protocol_of, with_table
from tests.support import world as small
from tests.support.small_host import IMKE, SYSTEM

NEW_AND_EMPTY = pytest.mark.parametrize("way", [Way.NEW, Way.EMPTY])


@pytest.fixture
def source(make_world: MakeWorld) -> World:
    return make_world(small.ROWS)


@pytest.fixture
def target(make_world: MakeWorld) -> World:
    """Anna is known here, under another number and password; Bernd is not."""
    world = make_world(EMPTY)
    world.run("update users set id = 7, password = 'secret of here' where login = 'anna'")
    return world


@NEW_AND_EMPTY
def test_a_known_user_is_mapped_and_left_alone(source: World, target: World, way: Way) -> None:
    target.take(source.back_up(), way)
    assert target.ask("select * from users where login = 'anna'") == [
        (7, "anna", "secret of here")
    ]
    assert target.ask("select created_by from party where name = 'used by Alpha'") == [(7,)]


@NEW_AND_EMPTY
def test_an_unknown_user_becomes_a_placeholder_who_cannot_log_in(
    source: World, target: World, way: Way
) -> None:
    target.take(source.back_up(), way)
    ((number, login, password),) = target.ask("select * from users where login <> 'anna'")
    assert str(login).startswith("placeholder-")
    assert password is None
    created = "select created_by from party where name = 'parent of Alpha''s'"
    assert target.ask(created) == [(number,)]


def test_an_unknown_user_does_not_take_the_number_of_somebody_here(
    source: World, target: World
) -> None:
    target.run("insert into users values (2, 'carl', 'secret-c')")
    target.take(source.back_up(), Way.EMPTY)
    assert target.ask("select * from users where id = 2") == [(2, "carl", "secret-c")]
    created = "select login from party p join users u on u.id = created_by where p.id = 7"
    ((login,),) = target.ask(created)
    assert str(login).startswith("placeholder-")


def test_the_plan_lists_users_and_field_by_field_whom_rows_will_name(
    source: World, target: World
) -> None:
    arrival = arrival_of(target.take(source.back_up(), Way.NEW))
    assert {user.login: user.known for user in arrival.users} == {"anna": True, "bernd": False}
    assert [
        (each.table, each.column, each.known, each.placeholders)
        for each in arrival.user_references
    ] == [("party", "created_by", 5, 1)]


def test_what_rows_name_is_what_the_plan_counted(source: World, target: World) -> None:
    report = target.take(source.back_up(), Way.NEW)
    named = Counter(
        login == "anna"
        for (login,) in target.ask("select login from party join users on users.id = created_by")
    )
    (reference,) = arrival_of(report).user_references
    assert (named[True], named[False]) == (reference.known, reference.placeholders)


def test_a_second_import_makes_placeholders_of_its_own(source: World, target: World) -> None:
    file = source.back_up()
    target.take(file, Way.NEW)
    target.take(file, Way.NEW)
    logins = [str(login) for (login,) in target.ask("select login from users")]
    assert len(set(logins)) == len(logins) == 3


def test_replace_needs_no_placeholder(make_world: MakeWorld) -> None:
    world = make_world(small.ROWS)
    before = world.ask("select * from users order by id")
    file = world.back_up()
    world.run("delete from line where id = 1")
    world.take(file, Way.REPLACE)
    assert world.ask("select * from users order by id") == before


RIGHTS = (
    "create table right_of (id integer primary key, owner integer references users (id), name text)"
)


def with_rights(description: Description) -> Description:
    """What users may do is the system's own."""
    table = Table(name="right_of", role=Role.PRIVATE)
    return with_table(description, table)


@pytest.mark.parametrize("way", list(Way))
def test_no_right_session_or_password_comes_along(make_world: MakeWorld, way: Way) -> None:
    source = make_world(small.ROWS)
    worlds = [source, make_world(EMPTY if way is Way.EMPTY else small.ROWS)]
    for world in worlds:
        world.host.change = with_rights
        world.run(RIGHTS)
    source.run(
        "insert into right_of values (1, 1, 'everything'), (2, 2, 'everything')",
        "insert into session values (2, 'token of there')",
        "update users set password = 'changed there'",
    )
    target = worlds[1]
    before = {t: target.ask(f"select * from {t}") for t in ("right_of", "session")}
    known = target.ask("select * from users")
    report = target.take(source.back_up(), way, actor=IMKE)
    protocol_of(report)
    assert {t: target.ask(f"select * from {t}") for t in before} == before
    added = [user for user in target.ask("select * from users") if user not in known]
    assert all(password is None for _id, _login, password in added)
    assert [user for user in known if user not in target.ask("select * from users")] == []


def test_a_user_who_is_recognised_by_two_keys_is_recognised_by_the_first(
    source: World, target: World
) -> None:
    """A name is no login: who is only called alike is somebody else."""

    def change(description: Description) -> Description:
        users = description.tables["users"]
        return with_table(description, replace(users, natural_keys=(("login",), ("login", "name"))))

    for world in (source, target):
        world.host.change = change
        world.run("alter table users add column name text", "update users set name = 'Anna'")
    arrival = arrival_of(target.take(source.back_up(), Way.NEW))
    assert {(user.login, user.name, user.known) for user in arrival.users} == {
        ("anna", "Anna", True),
        ("bernd", "Anna", False),
    }
    assert target.ask("select count(*) from users") == [(2,)]


def test_a_row_that_names_a_user_in_a_column_that_may_not_be_empty_gets_a_placeholder(
    source: World, target: World
) -> None:
    def change(description: Description) -> Description:
        lot = description.tables["lot"]
        references = (*lot.references, Reference(columns=("checked_by",), target="users"))
        return with_table(description, replace(lot, references=references))

    for world in (source, target):
        world.host.change = change
        world.run("alter table lot add column checked_by integer not null default 2")
    target.take(source.back_up(), Way.NEW)
    logins = target.ask("select distinct u.login from lot join users u on u.id = checked_by")
    assert len(logins) == 1
    assert str(logins[0][0]).startswith("placeholder-")


def test_on_a_copy_that_went_its_own_way_a_number_alone_is_nobodys_name(
    make_world: MakeWorld,
) -> None:
    source, target = make_world(small.ROWS), make_world(small.ROWS)
    column = "alter table invoice add column created_by integer references users (id)"
    for world in (source, target):
        world.run(column)
    source.run("update invoice set created_by = 2 where id = 1")
    source.run("update invoice set created_by = 1 where id = 2")
    target.run("update users set login = 'carl' where id = 2")
    target.host.identity = replace(SYSTEM, database="copy")
    target.take(source.back_up(), Way.REPLACE, copy_confirmed=True)
    created = "select i.id, login from invoice i join users u on u.id = created_by order by i.id"
    (_, first), second = target.ask(created)
    assert str(first).startswith("placeholder-")
    assert second == (2, "anna")
    assert target.ask("select login from users where id = 2") == [("carl",)]
