"""What a Tryton does for an import: placeholders, its document store, access, caches.

Judged by Tryton's own ORM. trytond belongs to the process, so this module is a program as well:
`python -m tests.tryton.test_target act|judge CONFIG DATABASE ...`. `act` is what an import does
with the target; `judge` runs afterwards, in a process of its own.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import DocumentRef, TenantRef
from tests.support.postgres import Server
from tests.support.tryton import (
    TrytonDatabase,
    copy_postgres,
    copy_sqlite,
    demo_postgres,
    demo_sqlite,
    run_tryton,
)

PROGRAM = "tests.tryton.test_target"
PLACEHOLDER = 90_001
PIECES = [b"first ", b"", b"second " * 50_000, b"last"]
KNOWN = {"login": "h.meier", "name": "Hans Meier"}


def act(config: str, database: str) -> None:
    """Insert a placeholder and replace a document; print what was given."""
    from sichern.hosts.tryton.host import open_host
    from sichern.target.session import open_session

    host = open_host({"config": config, "database": database})
    assert host.sichern_open_target("another") is None
    target = host.sichern_open_target("tryton")
    assert target is not None
    with closing(target), open_session(target.database) as session:
        described = target.describe(session)
        session.begin()
        prefix = f"{described.schema}." if described.schema else ""
        row = {"id": PLACEHOLDER, **target.placeholder("res_user", KNOWN)}
        session.write(
            f"INSERT INTO {prefix}res_user ({', '.join(row)})"
            f" VALUES ({', '.join(':' + name for name in row)})",
            row,
        )
        table = f"{prefix}ir_attachment"
        (key, old), *_ = session.rows(
            f"SELECT id, file_id FROM {table} WHERE type = 'data' ORDER BY id"
        )
        document = DocumentRef(table="ir_attachment", key=str(key), label="data", locator="")
        pieces = iter(PIECES)
        locator = target.put_document(document, pieces)
        column, value = ("file_id", locator) if locator else ("data", b"".join(pieces))
        emptied = "data" if locator else "file_id"
        session.write(
            f"UPDATE {table} SET {emptied} = NULL, {column} = :value WHERE id = :key",
            {"key": key, "value": value},
        )
        session.commit()
        needless = target.put_document(document, iter([b"not needed"]))
        if needless is not None:
            target.drop_document(replace(document, locator=needless))
    said = {
        "login": row["login"],
        "other": target.placeholder("res_user", KNOWN)["login"],
        "attachment": key,
        "old": old,
        "locator": locator,
        "needless": needless,
    }
    sys.stdout.write(json.dumps(said))


def fail(config: str, database: str, how: str) -> None:
    """Put a document whose content cannot be read on, or into a store that is no folder."""
    from sichern.hosts.tryton.host import open_host
    from sichern_hooks import SichernError

    def content() -> Iterator[bytes]:
        yield b"begun"
        if how == "content":
            raise RuntimeError("the pair is gone")

    target = open_host({"config": config, "database": database}).sichern_open_target("tryton")
    assert target is not None
    document = DocumentRef(table="ir_attachment", key="1", label="data", locator="")
    with closing(target):
        try:
            target.put_document(document, content())
        except SichernError as error:
            sys.stdout.write(error.code)
        except RuntimeError as error:
            sys.stdout.write(str(error))


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


def judge(config_path: str, database: str, login: str, attachment: str) -> None:
    """Print what Tryton says of the placeholder, the document, and everybody's companies."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    logins = []
    for parameters in ({"password": ""}, {"password": "x"}):
        with Transaction().start(database, 0) as transaction:
            logins.append(Pool().get("res.user").get_login(login, parameters))
            transaction.rollback()
    with Transaction().start(database, 0, readonly=True, context={"active_test": False}):
        pool = Pool()
        user = pool.get("res.user")
        (placeholder,) = user.search([("login", "=", login)])
        found = {
            "logins": logins,
            "name": placeholder.rec_name,
            "active": placeholder.active,
            "groups": len(placeholder.groups),
            "companies": len(placeholder.companies),
            "hash": placeholder.password_hash,
            "created": placeholder.create_date is not None,
            "document": hashlib.sha256(
                pool.get("ir.attachment")(int(attachment)).data
            ).hexdigest(),
        }
    sys.stdout.write(json.dumps(found))


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


@dataclass(frozen=True, kw_only=True)
class System:
    """A copy of the demo that a test may write."""

    database: TrytonDatabase

    def run(self, what: str, *more: object, config: Path | None = None) -> str:
        arguments = [str(config or self.database.config), self.database.name, *map(str, more)]
        return run_tryton(["-m", PROGRAM, what, *arguments], self.database.uri).stdout

    def users(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("users"))
        return found

    def judge(self, login: str, attachment: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("judge", login, attachment))
        return found


def _system(request: pytest.FixtureRequest, folder: Path) -> System:
    if request.param == "sqlite":
        return System(database=copy_sqlite(demo_sqlite(), folder / "copy"))
    server: Server = request.getfixturevalue("postgres")
    return System(database=copy_postgres(server, demo_postgres(server), folder))


BACKENDS = ["sqlite", "postgresql"]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A system after what an import asks of the target: what was given, and what Tryton says."""

    system: System
    given: dict[str, Any]
    files: tuple[set[Path], set[Path]]
    judged: dict[str, Any]


@pytest.fixture(scope="module", params=BACKENDS)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    system = _system(request, tmp_path_factory.mktemp("target"))
    before = _files(system)
    given = json.loads(system.run("act"))
    return Imported(
        system=system,
        given=given,
        files=(before, _files(system)),
        judged=system.judge(given["login"], given["attachment"]),
    )


def _files(system: System) -> set[Path]:
    return {path for path in system.database.documents.rglob("*") if path.is_file()}


def test_nobody_can_log_in_as_a_placeholder(imported: Imported) -> None:
    assert imported.judged["logins"] == [None, None]
    assert not imported.judged["active"]
    assert imported.judged["hash"] is None
    assert (imported.judged["groups"], imported.judged["companies"]) == (0, 0)


def test_a_placeholder_keeps_the_name_and_not_the_login(imported: Imported) -> None:
    """The login may be somebody's here tomorrow."""
    assert imported.judged["name"] == KNOWN["name"]
    assert imported.judged["created"] is True
    assert KNOWN["login"] not in imported.given["login"]
    assert imported.given["login"] != imported.given["other"]


def test_a_document_is_readable_through_tryton(imported: Imported) -> None:
    assert imported.judged["document"] == hashlib.sha256(b"".join(PIECES)).hexdigest()


def test_a_document_gets_a_file_of_its_own(imported: Imported) -> None:
    before, after = imported.files
    locator = imported.given["locator"]
    path = imported.system.database.documents / locator[:2] / locator[2:4] / locator
    assert after - before == {path}
    assert locator != imported.given["old"]
    assert path.read_bytes() == b"".join(PIECES)


def test_what_was_dropped_is_gone(imported: Imported) -> None:
    _, after = imported.files
    assert imported.given["needless"] not in {path.name for path in after}
    assert imported.given["needless"] != imported.given["locator"]


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(database=copy_sqlite(demo_sqlite(), tmp_path / "copy"))


def test_where_documents_stand_in_the_table_nothing_is_read_or_stored(
    system: System, tmp_path: Path
) -> None:
    config = tmp_path / "tables.conf"
    text = system.database.config.read_text(encoding="utf-8")
    config.write_text(text.replace("filestore = True", "filestore = False"), encoding="utf-8")
    before = _files(system)
    given = json.loads(system.run("act", config=config))
    assert (given["locator"], given["needless"]) == (None, None)
    assert _files(system) == before
    judged = json.loads(
        system.run("judge", given["login"], given["attachment"], config=config)
    )
    assert judged["document"] == hashlib.sha256(b"".join(PIECES)).hexdigest()


def test_a_document_that_breaks_off_leaves_no_file(system: System) -> None:
    before = _files(system)
    assert system.run("fail", "content") == "the pair is gone"
    assert _files(system) == before


def test_a_store_that_cannot_be_written_is_told_in_one_line(system: System) -> None:
    system.database.documents.rename(system.database.folder / "elsewhere")
    system.database.documents.write_text("no folder", encoding="utf-8")
    assert system.run("fail", "store") == "tryton-store-unwritable"


@pytest.fixture(scope="module", params=BACKENDS)
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """`anna`, of the first company, imported the second one."""
    system = _system(request, tmp_path_factory.mktemp("finish"))
    before = system.users()
    said = json.loads(system.run("finish", "anna", 2))
    return before, said, system.users()


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


def test_without_a_user_nobody_gets_in(system: System) -> None:
    before = system.users()
    assert json.loads(system.run("finish", "", 2))[0] == [["caches-expire", {"seconds": 300}]]
    assert system.users() == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_other_processes_see_it_at_once_where_tryton_is_configured_so(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    request.param = backend
    system = _system(request, tmp_path)
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
    programs: dict[str, Callable[..., None]] = {
        "act": act, "fail": fail, "finish": finish, "judge": judge, "users": users, "watch": watch,
    }
    programs[sys.argv[1]](*sys.argv[2:])
