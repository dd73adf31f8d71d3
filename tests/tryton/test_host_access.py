"""Who may do what to which company, asked of a real Tryton with two companies.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_host_access prepare|ask CONFIG DATABASE [JSON]`.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import Actor, AuditEvent, NotAuthorized, Permission, SichernError, TenantRef
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, run_tryton

PROGRAM = ["-m", "tests.tryton.test_host_access"]
USERS = (None, "admin", "anna", "bernd", "chef", "gone", "ida", "lapsed")


def prepare(config_path: str, database: str) -> None:
    """Give the demo's users their groups and companies, by the ORM.

    admin: administrator, Muster GmbH. anna: may back up, Muster GmbH. bernd: no right, Beispiel
    AG. chef: in a group below the administrators', both companies. gone: inactive administrator
    of both. ida: may import, Muster GmbH. lapsed: administrator of both, in a group that is no
    longer active.
    """
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    with Transaction().start(database, 0, context={"_check_access": False}) as transaction:
        pool = Pool()
        user, group, data = pool.get("res.user"), pool.get("res.group"), pool.get("ir.model.data")
        first, second = sorted(pool.get("company.company").search([]), key=lambda found: found.id)
        (german,) = pool.get("ir.lang").search([("code", "=", "de")])
        admins = group(data.get_id("res", "group_admin"))
        back_up, import_, below, ended = group.create(
            [{"name": "Sichern: back up"}, {"name": "Sichern: import"},
             {"name": "Chefs", "parent": admins.id}, {"name": "Ended", "active": False}]
        )
        data.create(
            [{"module": "sichern", "fs_id": fs_id, "model": "res.group", "db_id": found.id}
             for fs_id, found in (("group_back_up", back_up), ("group_import", import_),
                                  ("group_ended", ended))]
        )
        by_login = {found.login: found for found in user.search([])}
        gone, ida, lapsed = user.create(
            [{"login": "gone", "name": "Gone", "active": False},
             {"login": "ida", "name": "Ida"}, {"login": "lapsed", "name": "Lapsed"}]
        )
        for found, groups, companies in (
            (by_login["admin"], [admins], [first]),
            (by_login["anna"], [back_up], [first]),
            (by_login["bernd"], [], [second]),
            (by_login["chef"], [below], [first, second]),
            (gone, [admins], [first, second]),
            (ida, [import_], [first]),
            (lapsed, [ended], [first, second]),
        ):
            found.groups, found.companies = groups, companies
            found.save()
        by_login["anna"].language = german
        by_login["anna"].save()
        transaction.commit()


def ask(config_path: str, database: str) -> None:
    """Print actors, tenants and every answer of `authorize`."""
    from sichern.hosts.tryton.host import open_host
    from sichern_hooks import authorize, create_manager

    host = open_host({"config": config_path, "database": database})
    manager = create_manager(host, load=False)
    every = host.sichern_tenants(host.sichern_actor(None)) or ()
    keys = [None, *(tenant.ref.key for tenant in every), "4711", "x"]

    def allowed(actor: Actor, permission: Permission, key: str | None, name: str) -> bool:
        tenant = TenantRef(host=name, key=key) if key is not None else None
        try:
            authorize(manager, actor, permission, tenant)
        except NotAuthorized:
            return False
        return True

    answers: dict[str, Any] = {"tenants": [[each.ref.key, each.name] for each in every]}
    for login in USERS:
        # Also for users that `sichern_actor` refuses: a job may have been saved long ago.
        actor = Actor(host="tryton", login=login, name="?")
        answers[str(login)] = {
            "actor": _actor(host.sichern_actor, login),
            "sees": [each.ref.key for each in host.sichern_tenants(actor) or ()],
            "allowed": [
                [str(permission), key]
                for permission in Permission
                for key in keys
                if allowed(actor, permission, key, "tryton")
            ],
        }
    stranger = Actor(host="acme", login="admin", name="?")
    admin = Actor(host="tryton", login=None, name="?")
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("sichern.audit").addHandler(handler)
    logging.getLogger("sichern.audit").setLevel(logging.INFO)
    host.sichern_audit(
        AuditEvent(
            actor=Actor(host="tryton", login="anna", name="Anna"),
            event="backup-complete",
            tenant=TenantRef(host="tryton", key="1"),
            details={"run": "7\nforged: line"},
        )
    )
    answers["logged"] = logged
    answers["stranger"] = [
        allowed(stranger, Permission.BACK_UP, "1", "acme"),
        allowed(stranger, Permission.BACK_UP, "1", "tryton"),
        allowed(admin, Permission.BACK_UP, "1", "acme"),
        host.sichern_tenants(stranger) is not None,
        host.sichern_open_source(TenantRef(host="acme", key="1")) is not None,
        host.sichern_open_source(TenantRef(host="tryton", key="4711")) is not None,
        host.sichern_open_source(TenantRef(host="tryton", key="1 or 1=1")) is not None,
    ]
    sys.stdout.write(json.dumps(answers))


def _actor(find: Callable[[str | None], Actor], login: str | None) -> list[str | None]:
    try:
        actor = find(login)
    except SichernError as error:
        return [error.code]
    return [actor.login, actor.name, actor.language]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    copied = copy_sqlite(demo_sqlite(), tmp_path_factory.mktemp("access") / "tryton")
    run_tryton([*PROGRAM, "prepare", str(copied.config), copied.name], copied.uri)
    return copied


@pytest.fixture(scope="module")
def answers(database: TrytonDatabase) -> dict[str, Any]:
    done = run_tryton([*PROGRAM, "ask", str(database.config), database.name], database.uri)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


COMPANIES = {"Muster GmbH": "1", "Beispiel AG": "2"}
SEEN = {
    None: {"1", "2"},
    "admin": {"1"},
    "anna": {"1"},
    "bernd": {"2"},
    "chef": {"1", "2"},
    "gone": set(),
    "ida": {"1"},
    "lapsed": {"1", "2"},
}
GRANTED = {
    None: set(Permission),
    "admin": set(Permission),
    "anna": {Permission.BACK_UP},
    "bernd": set(),
    "chef": set(Permission),
    "gone": set(),
    "ida": {Permission.IMPORT},
    "lapsed": set(),
}


@pytest.mark.parametrize("login", USERS)
def test_a_user_may_do_what_a_group_grants_for_companies_that_the_user_has(
    answers: dict[str, Any], login: str | None
) -> None:
    expected = [
        [str(permission), key]
        for permission in Permission
        for key in (None, *sorted(SEEN[login]))
        if permission in GRANTED[login]
    ]
    assert sorted(answers[str(login)]["allowed"], key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("login", USERS)
def test_a_user_sees_the_companies_that_the_user_has(
    answers: dict[str, Any], login: str | None
) -> None:
    assert set(answers[str(login)]["sees"]) == SEEN[login]


def test_companies_have_the_names_of_their_parties_in_their_order(answers: dict[str, Any]) -> None:
    assert answers["tenants"] == [[COMPANIES[name], name] for name in sorted(COMPANIES)]


def test_a_user_is_known_by_name_and_language(answers: dict[str, Any]) -> None:
    assert answers["anna"]["actor"] == ["anna", "Anna Schütz", "de"]
    assert answers["admin"]["actor"] == ["admin", "Administrator", "en"]
    login, name, language = answers["None"]["actor"]
    assert (login, language in {"de", "en"}, bool(name)) == (None, True, True)


def test_an_inactive_user_is_unknown(answers: dict[str, Any]) -> None:
    assert answers["gone"]["actor"] == ["unknown-user"]


def test_other_hosts_and_companies_that_do_not_exist_get_nothing(answers: dict[str, Any]) -> None:
    assert answers["stranger"] == [False] * 7


def test_what_was_done_stands_in_the_log_on_one_line(answers: dict[str, Any]) -> None:
    assert answers["logged"] == ["anna: backup-complete tenant=1 run='7\\nforged: line'"]


def test_to_load_the_host_is_not_to_load_trytond() -> None:
    """It would set the process's time zone before anybody asked for Tryton."""
    code = "import sys, sichern.hosts.tryton.host; sys.exit('trytond' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("login", ["nobody", "ADMIN", "root", "", "admin' OR '1'='1"])
def test_an_unknown_user_is_a_usage_error_of_two_lines(
    database: TrytonDatabase, tmp_path: Path, login: str
) -> None:
    code, lines = sichern(tmp_path, database, {}, "--user", login)
    assert code == 2
    assert lines == [
        f"error: the ERP knows no active user {login}",
        "hint: give the login of an active user of the ERP",
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": "missing.conf"}, "cannot be read: No such file or directory"),
        ({"database": "missing"}, "Tryton's database missing does not exist"),
        ({"database": "../tryton/demo"}, "Tryton's database ../tryton/demo does not exist"),
        ({"database": ""}, "lacks database"),
        ({"config": None}, "lacks config"),
    ],
)
def test_a_system_that_is_not_there_is_two_lines_and_no_traceback(
    database: TrytonDatabase, tmp_path: Path, change: dict[str, str | None], words: str
) -> None:
    code, lines = sichern(tmp_path, database, change)
    assert code != 0
    assert len(lines) == 2
    assert words in lines[0]
    assert lines[1].startswith("hint: ")


def test_a_configuration_that_is_none_is_two_lines(
    database: TrytonDatabase, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.conf"
    broken.write_text("no section\n")
    code, lines = sichern(tmp_path, database, {"config": str(broken)})
    assert (code, len(lines)) == (1, 2)
    broken.write_text("[database]\nuri = mysql://localhost\n")
    code, lines = sichern(tmp_path, database, {"config": str(broken)})
    assert (code, len(lines)) == (1, 2)


def test_a_file_that_is_no_database_is_two_lines(database: TrytonDatabase, tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("this is no database" * 100)
    config = tmp_path / "trytond.conf"
    config.write_text(f"[database]\nuri = sqlite://\npath = {tmp_path}\n")
    code, lines = sichern(
        tmp_path, database, {"config": str(config), "database": "text"}
    )
    assert (code, len(lines)) == (1, 2)
    assert "file is not a database" in lines[0]


def sichern(
    folder: Path, database: TrytonDatabase, change: dict[str, str | None], *arguments: str
) -> tuple[int, list[str]]:
    """Run `sichern tenants` in a process of its own; give its status and the lines on stderr."""
    host = {"name": "tryton", "config": str(database.config), "database": database.name, **change}
    lines = [f"{key} = {json.dumps(value)}" for key, value in host.items() if value is not None]
    written = folder / "sichern.toml"
    written.write_text("\n".join(["[host]", *lines, ""]))
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from sichern.cli import main; sys.exit(main())",
         "tenants", *arguments, "--config", str(written), "--lang", "en"],
        capture_output=True, text=True, check=False,
    )
    return done.returncode, done.stderr.splitlines()


if __name__ == "__main__":
    {"prepare": prepare, "ask": ask}[sys.argv[1]](*sys.argv[2:])
