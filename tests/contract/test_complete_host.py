"""The complete host of HOOKS.md, backed up and imported by the public entries and the command."""

import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sichern.backup import back_up
from sichern.restore import restore
from sichern_hooks import (
    Actor,
    Destination,
    ImportOptions,
    NotAuthorized,
    Outcome,
    Permission,
    TenantRef,
    Way,
    authorize,
    create_manager,
)
from tests.contract import document

NORTH, SOUTH = TenantRef(host="acme", key="1"), TenantRef(host="acme", key="2")
TABLES = ("tenant", "users", "customer", "invoice", "invoice_line", "scan")


@pytest.fixture
def manager(tmp_path: Path) -> Any:
    module = document.load_complete_host(tmp_path)
    return create_manager(module.open_host({"path": str(tmp_path / "acme.sqlite")}), load=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def actor(manager: Any, login: str | None) -> Actor:
    found: Actor = manager.hook.sichern_actor(login=login)
    return found


def names(manager: Any, login: str | None) -> list[str]:
    seen = manager.hook.sichern_tenants(actor=actor(manager, login))
    return [tenant.name for tenant in seen]


def rows(archive: zipfile.ZipFile, table: str) -> list[str]:
    members = [name for name in archive.namelist() if name.startswith(f"data/{table}/")]
    text = b"".join(archive.read(name) for name in sorted(members)).decode()
    return text.splitlines()


def test_each_user_sees_the_tenants_that_the_document_says(manager: Any) -> None:
    assert names(manager, None) == ["North Ltd", "South Ltd"]
    assert names(manager, "anna") == ["North Ltd", "South Ltd"]
    assert names(manager, "bert") == ["South Ltd"]
    assert manager.hook.sichern_actor(login="nobody") is None


def test_each_user_may_back_up_the_tenants_that_the_document_says(manager: Any) -> None:
    anna, bert = actor(manager, "anna"), actor(manager, "bert")
    authorize(manager, anna, Permission.BACK_UP, NORTH)
    authorize(manager, bert, Permission.BACK_UP, SOUTH)
    authorize(manager, bert, Permission.BACK_UP)
    authorize(manager, anna, Permission.IMPORT, NORTH)
    authorize(manager, anna, Permission.IMPORT)
    for refused in [(bert, Permission.BACK_UP, NORTH), (bert, Permission.IMPORT, SOUTH)]:
        with pytest.raises(NotAuthorized):
            authorize(manager, *refused)


def test_a_tenants_pair_holds_its_rows_and_documents_and_nobody_elses(
    manager: Any, folder: Path
) -> None:
    anna = actor(manager, "anna")
    seen = manager.hook.sichern_tenants(actor=anna)
    report = back_up(manager, anna, seen[:1], Destination(path=str(folder)))
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
    (path,) = folder.glob("*.zip")
    assert sorted(Path(name).suffix for name in report.tenants[0].files) == [".zip", ".ztx"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        whole = b"".join(archive.read(name) for name in archive.namelist())
        assert [line.split("\t")[0] for line in rows(archive, "invoice")] == ["1", "2"]
        assert [line.split("\t")[0] for line in rows(archive, "invoice_line")] == ["1", "2"]
        assert [line.split("\t")[0] for line in rows(archive, "customer")] == ["1", "3", "4"]
        assert [line.split("\t")[0] for line in rows(archive, "tenant")] == ["1"]
    assert b"%PDF-N" in whole
    for canary in (b"%PDF-S", b"plums", b"of South", b"hash-a", b"hash-b"):
        assert canary not in whole


def test_a_user_without_the_right_gets_no_file(manager: Any, folder: Path) -> None:
    bert = actor(manager, "bert")
    (north, _) = manager.hook.sichern_tenants(actor=actor(manager, "anna"))
    report = back_up(manager, bert, [north], Destination(path=str(folder)))
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.tenants[0].error, NotAuthorized)
    assert list(folder.iterdir()) == []


@pytest.fixture
def command(tmp_path: Path) -> Any:
    """Install the host by its entry point, and write the configuration that names it."""
    (tmp_path / "acme_sichern.py").write_text(document.complete_host())
    metadata = tmp_path / "acme_sichern-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sichern\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[sichern.hosts]\nacme = acme_sichern:open_host\n")
    (tmp_path / "sichern.toml").write_text('[host]\nname = "acme"\npath = "acme.sqlite"\n')

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable, "-c", "import sys; from sichern.cli import main; sys.exit(main())",
                *arguments, "--config", str(tmp_path / "sichern.toml"),
            ],
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(tmp_path), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

    return run


def test_the_command_finds_the_host_by_its_entry_point(command: Any, tmp_path: Path) -> None:
    ran = command("tenants", "--user", "bert", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [{"key": "2", "name": "South Ltd"}]
    assert (tmp_path / "acme.sqlite").exists()


def test_the_command_backs_up_all_tenants(command: Any, folder: Path) -> None:
    ran = command("backup", "--all", "--to", str(folder))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sorted(path.suffix for path in folder.iterdir()) == [".zip", ".zip", ".ztx", ".ztx"]


def test_the_command_ends_wrong_usage_with_two_lines_and_2(command: Any, folder: Path) -> None:
    ran = command("backup", "North Ltd", "--user", "bert", "--lang", "de", "--to", str(folder))
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        "Fehler: es gibt keinen Mandanten North Ltd, den Sie sehen dürfen",
        "Hinweis: der Befehl `sichern tenants` zeigt die Mandanten, die Sie sehen dürfen",
    ]
    assert list(folder.iterdir()) == []


def test_the_command_knows_no_unknown_user(command: Any) -> None:
    ran = command("tenants", "--user", "nobody", "--lang", "en")
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: the ERP knows no active user nobody\nhint: ")


def opened(folder: Path, **settings: Any) -> tuple[Any, Any]:
    """The document's host over a database of its own, with a manager."""
    folder.mkdir()
    host = document.load_complete_host(folder).open_host(
        {"path": str(folder / "acme.sqlite"), **settings}
    )
    return host, create_manager(host, load=False)


def take_in(manager: Any, folder: Path, options: ImportOptions, login: str | None = None) -> Any:
    """Import the one pair of a folder; give the report's entry."""
    (file,) = folder.glob("*.ztx")
    (entry,) = restore(manager, actor(manager, login), file, options).tenants
    return entry


@pytest.fixture
def pair(tmp_path: Path, folder: Path) -> Path:
    """A folder with the pair of North."""
    _, manager = opened(tmp_path / "source")
    north = manager.hook.sichern_tenants(actor=actor(manager, None))[:1]
    back_up(manager, actor(manager, None), north, Destination(path=str(folder)))
    return folder


def test_a_pair_becomes_a_new_tenant_beside_the_two(tmp_path: Path, pair: Path) -> None:
    host, manager = opened(tmp_path / "target")
    entry = take_in(manager, pair, ImportOptions(way=Way.NEW, neutralise=True), "anna")
    assert entry.error is None
    assert entry.outcome is Outcome.COMPLETE
    assert entry.tenant.ref == TenantRef(host="acme", key="3")
    assert host.rows("select customer, number, posted_by from invoice where tenant = 3") == [
        (1, "N1", "anna"), (3, "N2", "anna"),
    ]  # fmt: skip
    assert host.rows("select number, name from customer where id > 4") == [(505, "new")]
    assert host.rows("select text, cents from invoice_line where invoice > 4") == [
        ("apples", 110), ("pears", 220),
    ]  # fmt: skip
    assert host.rows("select name, content from scan where invoice > 4") == [
        ("N1.pdf", b"%PDF-N")
    ]
    assert len(host.rows("select * from users")) == 2


def test_a_pair_becomes_the_only_tenant_of_an_empty_system(tmp_path: Path, pair: Path) -> None:
    host, manager = opened(tmp_path / "target", empty=True)
    entry = take_in(manager, pair, ImportOptions(way=Way.EMPTY))
    assert entry.error is None
    assert host.rows("select * from tenant") == [(1, "North Ltd")]
    assert host.rows("select id, number from customer") == [(1, 501), (3, 503), (4, 504)]
    assert host.rows("select * from users") == [("anna", None, -1, 0)]
    assert manager.hook.sichern_actor(login="anna") is None
    assert host.rows("select distinct posted_by from invoice") == [("anna",)]


def test_a_tenant_goes_back_to_the_state_of_its_pair(tmp_path: Path, folder: Path) -> None:
    host, manager = opened(tmp_path / "system")
    north = manager.hook.sichern_tenants(actor=actor(manager, None))[:1]
    back_up(manager, actor(manager, None), north, Destination(path=str(folder)))
    before = {each: host.rows(f"select * from {each}") for each in TABLES}
    connection = sqlite3.connect(host.path)
    connection.executescript(
        "update invoice set number = 'spoilt' where id = 1; delete from invoice_line;"
        "insert into invoice values (9, 1, 2, 'later', null); delete from scan where id = 1;"
        "insert into invoice_line values (3, 3, 'plums', 330);"
    )
    connection.close()
    safety = tmp_path / "safety"
    safety.mkdir()
    options = ImportOptions(way=Way.REPLACE, safety=Destination(path=str(safety)))
    entry = take_in(manager, folder, options, "anna")
    assert entry.error is None
    assert {each: host.rows(f"select * from {each}") for each in TABLES} == before
    assert sorted(path.suffix for path in safety.iterdir()) == [".zip", ".ztx"]


def test_who_may_not_import_imports_nothing(tmp_path: Path, pair: Path) -> None:
    host, manager = opened(tmp_path / "target")
    entry = take_in(manager, pair, ImportOptions(way=Way.NEW), "bert")
    assert isinstance(entry.error, NotAuthorized)
    assert len(host.rows("select * from tenant")) == 2
