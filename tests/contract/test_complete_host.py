"""The complete host of HOOKS.md, backed up through the public entry and through the command."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sichern.backup import back_up
from sichern_hooks import (
    Actor,
    Destination,
    NotAuthorized,
    Outcome,
    Permission,
    TenantRef,
    authorize,
    create_manager,
)
from tests.contract import document

NORTH, SOUTH = TenantRef(host="acme", key="1"), TenantRef(host="acme", key="2")


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
    for refused in [(bert, Permission.BACK_UP, NORTH), (anna, Permission.IMPORT, NORTH)]:
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
