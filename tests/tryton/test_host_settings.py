"""The section [host] of the configuration is understood, or refused with a hint."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sichern.hosts.tryton.errors import (
    BackendUnknown,
    DatabaseMissing,
    DatabaseUnavailable,
    RoleUnclear,
    SettingMissing,
)
from sichern.hosts.tryton.installation import database_url
from sichern.hosts.tryton.settings import Settings, read_settings
from sichern_hooks import Role, Table
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, run_tryton

GIVEN: dict[str, object] = {"config": "etc/trytond.conf", "database": "erp"}


def test_config_and_database_are_needed() -> None:
    assert read_settings(GIVEN) == Settings(config=Path("etc/trytond.conf"), database="erp")
    for name in GIVEN:
        with pytest.raises(SettingMissing) as refused:
            read_settings({**GIVEN, name: ""})
        assert refused.value.values == {"setting": name}


def test_a_table_is_given_a_role_by_its_name_or_with_a_column() -> None:
    said = {
        "a": "shared",
        "b": {"role": "part-of", "parent": "a"},
        "c": {"role": "owned", "tenant": "company"},
    }
    assert read_settings({**GIVEN, "tables": said}).tables == {
        "a": Table(name="a", role=Role.SHARED),
        "b": Table(name="b", role=Role.PART_OF, parent="a"),
        "c": Table(name="c", role=Role.OWNED, tenant="company"),
    }


@pytest.mark.parametrize(
    "said",
    [
        "everybody's", "", 7, None, ["shared"], {}, {"role": "part-of"}, {"role": "owned"},
        {"role": "used-with", "tenant": "company"}, {"role": "shared", "parent": 1},
        {"role": "shared", "colour": "red"}, {"parent": "a"}, "SHARED",
    ],
)  # fmt: skip
def test_a_role_that_is_not_clear_is_refused_with_the_roles_there_are(said: object) -> None:
    with pytest.raises(RoleUnclear) as refused:
        read_settings({**GIVEN, "tables": {"a": said}})
    assert refused.value.values["table"] == "a"
    assert "used-with" in refused.value.hint % refused.value.values


def test_roles_that_are_no_table_are_refused() -> None:
    with pytest.raises(RoleUnclear):
        read_settings({**GIVEN, "tables": "shared"})


@pytest.mark.parametrize(
    ("uri", "user", "password", "host", "port"),
    [
        ("postgresql://", None, None, None, None),
        ("postgresql:///", None, None, None, None),
        ("postgresql://db:5433/", None, None, "db", 5433),
        ("postgresql://tryton:p%40ss%2Fw@db/", "tryton", "p@ss/w", "db", None),
        ("postgresql://tryton@%2Fvar%2FRun%2Fpg/", "tryton", None, "/var/Run/pg", None),
        ("postgresql://[::1]:5432/", None, None, "::1", 5432),
        ("postgresql+psycopg://db", None, None, "db", None),
    ],
)
def test_trytons_uri_of_a_server_is_understood(
    uri: str, user: str | None, password: str | None, host: str | None, port: int | None
) -> None:
    url = database_url(uri, "/srv", "erp")
    assert (url.username, url.password, url.host, url.port) == (user, password, host, port)
    assert (url.drivername, url.database) == ("postgresql+psycopg", "erp")


def test_options_of_the_uri_go_along_and_a_silent_server_ends_in_time() -> None:
    url = database_url("postgresql://db/?sslmode=verify-full", "/srv", "erp")
    assert url.query == {"connect_timeout": "10", "sslmode": "verify-full"}


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("mysql://db/", BackendUnknown),
        ("", BackendUnknown),
        ("postgresql://db:port/", DatabaseUnavailable),
        ("sqlite://", DatabaseMissing),
    ],
)
def test_a_uri_of_anything_else_is_refused(
    uri: str, error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        database_url(uri, str(tmp_path), "erp")


# Plans a company whose database has one table more, with what [host.tables] says of it.
PLAN = """
import json, sys
from sichern.backup import plan_tenant
from sichern.hosts.tryton.host import open_host
from sichern_hooks import Options, SichernError, create_manager

config, database, tables = sys.argv[1:]
host = open_host({"config": config, "database": database, "tables": json.loads(tables)})
manager = create_manager(host, load=False)
actor = host.sichern_actor(None)
try:
    plan = plan_tenant(manager, actor, host.sichern_tenants(actor)[0], Options())
    print(json.dumps({table.table: [table.role, table.rows] for table in plan.tables}))
except SichernError as error:
    print(json.dumps([error.code, error.message % error.values]))
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    database = copy_sqlite(demo_sqlite(), tmp_path_factory.mktemp("settings") / "tryton")
    with closing(sqlite3.connect(database.file)) as connection:
        connection.executescript(
            "CREATE TABLE addon_colour (id INTEGER PRIMARY KEY, company INTEGER, name VARCHAR);"
            "INSERT INTO addon_colour VALUES (1, 1, 'red'), (2, 2, 'green'), (3, 2, 'blue');"
        )
    return database


def plan(database: TrytonDatabase, tables: dict[str, object]) -> object:
    done = run_tryton(
        ["-c", PLAN, str(database.config), database.name, json.dumps(tables)], database.uri
    )
    return json.loads(done.stdout)


def test_a_table_of_which_nobody_knows_anything_stops_the_plan(extended: TrytonDatabase) -> None:
    assert plan(extended, {}) == ["plan-refused", "1 tables cannot be planned: addon_colour"]


def test_a_role_in_the_configuration_lets_the_plan_go_on(extended: TrytonDatabase) -> None:
    found = plan(extended, {"addon_colour": {"role": "owned", "tenant": "company"}})
    assert isinstance(found, dict)
    # The first of the companies by name is Beispiel AG, with the id 2.
    assert found["addon_colour"] == ["owned", 2]


def test_a_role_that_is_known_cannot_be_changed(extended: TrytonDatabase) -> None:
    assert plan(extended, {"res_user": "shared", "addon_colour": "private"}) == [
        "tryton-role-known",
        "the role of these tables is known and cannot be changed: res_user",
    ]
