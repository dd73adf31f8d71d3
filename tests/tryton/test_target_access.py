"""After an import the importing user is in the company, and Tryton's processes see it.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_target_access finish|users|watch CONFIG DATABASE ...`.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import TenantRef
from tests.tryton.copies import BACKENDS, Copy, copy_demo

PROGRAM = "tests.tryton.test_target_access"


def finish(config: str, database: str, login: str, company: str) -> None:
    """Do what is due after an import, twice; print what was said."""
    from sichern.hosts.tryton.host import open_host

    host = open_host({"config": config, "database": database})
    target = host.sichern_open_target("tryton")
    assert target is not None
    with closing(target):
        said = [
            target.finish(
                host.sichern_actor(login or None), TenantRef(host="tryton", key=company)
            )
            for _ in range(2)
        ]
    assert not any(each.warning for notices in said for each in notices)
    codes = [[[each.code, dict(each.values)] for each in notices] for notices in said]
    sys.stdout.write(json.dumps(codes))


def watch(config_path: str, database: str) -> None:
    """Fill a cache of Tryton's, wait for a line, and print whether it was emptied."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    cache = Pool(database).get("res.user")._get_companies_cache
    held = False
    while not held:
        # A process that just started empties its caches once or twice, on PostgreSQL in a thread.
        with Transaction().start(database, 0, readonly=True):
            cache.set(4711, [1])
        time.sleep(0.5)
        with Transaction().start(database, 0, readonly=True):
            held = cache.get(4711) is not None
    sys.stdout.write(f"{held}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for _ in range(100):
        with Transaction().start(database, 0, readonly=True):
            held = cache.get(4711) is not None
        if not held:
            break
        # Notifications of PostgreSQL are read by a thread.
        time.sleep(0.1)
    sys.stdout.write(f"{held}\n")


def users(config_path: str, database: str) -> None:
    """Print what each user of Tryton's has: companies, the current one, employees, groups."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    with Transaction().start(database, 0, readonly=True, context={"active_test": False}):
        found = {
            each.login: [
                [company.id for company in each.companies],
                each.company.id if each.company else None,
                [employee.id for employee in each.employees],
                sorted(group.id for group in each.groups),
            ]
            for each in Pool().get("res.user").search([])
        }
    sys.stdout.write(json.dumps(found))


def users_of(system: Copy) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(system.run("users"))
    return found


@pytest.fixture(scope="module", params=BACKENDS)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """`anna`, of the first company, imported the second one."""
    system = copy_demo(request, tmp_path_factory.mktemp("finish"), PROGRAM)
    before = users_of(system)
    said = json.loads(system.run("finish", "anna", 2))
    return before, said, users_of(system)


def test_the_importing_user_gets_into_the_company_and_nobody_else(
    finished: tuple[dict[str, Any], list[Any], dict[str, Any]],
) -> None:
    """No employee, no group, and the company that the user works for stays the same."""
    before, said, after = finished
    assert ["company-access", {"login": "anna"}] in said[0]
    companies, *rest = before["anna"]
    assert 2 not in companies
    assert after == {**before, "anna": [[*companies, 2], *rest]}


def test_a_user_who_is_in_already_is_not_told_so(
    finished: tuple[dict[str, Any], list[Any], dict[str, Any]],
) -> None:
    _, said, _ = finished
    assert said[1] == [["caches-expire", {"seconds": 300}]]


def test_without_a_user_nobody_gets_in(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    system = copy_demo(request, tmp_path, PROGRAM, "sqlite")
    before = users_of(system)
    assert json.loads(system.run("finish", "", 2))[0] == [["caches-expire", {"seconds": 300}]]
    assert users_of(system) == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_other_processes_see_it_at_once_where_tryton_is_configured_so(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    system = copy_demo(request, tmp_path, PROGRAM, backend)
    with system.database.config.open("a", encoding="utf-8") as file:
        file.write("\n[cache]\nclean_timeout = 0\n")
    environment = {**os.environ, "TRYTOND_DATABASE_URI": system.database.uri}
    with subprocess.Popen(
        [sys.executable, "-m", PROGRAM, "watch", system.database.config, system.database.name],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        said = json.loads(system.run("finish", "", 2))
        assert said[0] == [["caches-dropped", {}]]
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "False\n"


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {"finish": finish, "users": users, "watch": watch}
    programs[sys.argv[1]](*sys.argv[2:])
