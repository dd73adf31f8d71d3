"""Bad input ends with one line of error, one of advice, the contact, and the right exit code."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.mounts import run, tmpfs
from tests.support.sichern import Outcome, sichern, write_sichern_config
from tests.support.tryton import TrytonDatabase, demo_sqlite, empty_sqlite

CONTACT = "ERP support, +49 30 123456, 8-18 h"


@pytest.fixture(scope="module")
def database() -> TrytonDatabase:
    return demo_sqlite()


@pytest.fixture
def config(database: TrytonDatabase, tmp_path: Path) -> Path:
    path = write_sichern_config(database, tmp_path)
    path.write_text(f'contact = "{CONTACT}"\n' + path.read_text("utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def refused(done: Outcome, status: int, english: str) -> None:
    """Hold the shape of an error for people."""
    assert done.status == status, done.out + done.err
    assert "Traceback" not in done.err + done.out
    error, hint, contact = done.err.splitlines()
    assert error.startswith("error: ")
    assert english in error
    assert hint.startswith("hint: ")
    assert len(hint) > len("hint: ")
    assert contact == CONTACT


WRONG_CALLS: dict[str, tuple[list[str], str]] = {
    "unknown tenant": (["backup", "7", "--to", "backups"], "no tenant 7"),
    "unknown tenant among others": (["backup", "1", "No GmbH", "--to", "x"], "no tenant No GmbH"),
    "no tenant": (["backup", "--to", "backups"], "no tenant was chosen"),
    "all but all": (["backup", "1", "--exclude", "1", "--to", "x"], "no tenant is left to back up"),
    "named and all": (["backup", "1", "--all", "--to", "x"], "tenants were named, and all"),
    "no destination": (["backup", "1"], "no destination"),
    "unknown user": (["tenants", "--user", "nobody"], "no active user nobody"),
    "odd user": (["tenants", "--user", "' or 1=1 --"], "no active user"),
    "no info file": (["check", "/nowhere/x.ztx"], "no info file"),
    "unknown command": (["frobnicate"], "frobnicate"),
    "misspelt command": (["bakup"], "Did you mean 'backup'?"),
    "unknown option": (["tenants", "--frob"], "--frob"),
    "no argument": (["check"], "FILE.ztx"),
    "bad choice": (["backup", "1", "--documents", "half"], "half"),
    "bad number": (["demo", "--invoices", "0"], "0 is not in the range"),
}


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_is_status_2_and_nothing_is_done(
    config: Path, target: Path, case: str
) -> None:
    arguments, text = WRONG_CALLS[case]
    refused(sichern(*arguments, "--config", config), 2, text)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("case", ["unknown tenant", "no destination", "unknown command"])
def test_a_wrong_call_is_said_in_german(config: Path, case: str) -> None:
    done = sichern(*WRONG_CALLS[case][0], "--config", config, "--lang", "de")
    error, hint, contact = done.err.splitlines()
    assert error.startswith("Fehler: ")
    assert hint.startswith("Hinweis: ")
    assert contact == CONTACT
    said = set(error.lower().replace(":", " ").split())
    assert not said & {"the", "is", "not", "there", "says", "missing", "invalid"}


def test_a_user_without_the_right_fails_and_a_foreign_tenant_is_unknown(
    config: Path, target: Path
) -> None:
    asked = ["--to", str(target), "--config", str(config), "--lang", "en"]
    refused(sichern("backup", "1", *asked, "--user", "anna"), 1, "may not do this")
    refused(sichern("backup", "1", *asked, "--user", "bernd"), 1, "may not do this")
    assert list(target.iterdir()) == []


def refused_run(done: Outcome, english: str) -> None:
    """A run that fails prints its table first."""
    assert "failed" in done.out
    refused(done, 1, english)


def test_a_destination_that_is_missing_or_no_folder_fails(config: Path, tmp_path: Path) -> None:
    asked = ["backup", "1", "--config", str(config), "--to"]
    refused_run(sichern(*asked, tmp_path / "gone"), "gone does not exist")
    refused_run(sichern(*asked, config), "is not a folder")
    assert not (tmp_path / "gone").exists()


def test_a_destination_that_is_read_only_or_full_fails(config: Path, tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "size=64k") as disk:
        asked = ["backup", "1", "--config", str(config), "--to", str(disk)]
        refused_run(sichern(*asked), "the backup needs about")
        assert list(disk.iterdir()) == []
        run("mount", "-o", "remount,ro", disk)
        refused_run(sichern(*asked), "is read-only")


def test_an_empty_mount_point_is_refused(config: Path, target: Path) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write(f'[[destinations]]\nlabel = "nas"\npath = "{target}"\nmarker = ".nas"\n')
    refused_run(sichern("backup", "1", "--config", config, "--to", "nas"), "marker file .nas")
    refused_run(sichern("backup", "1", "--config", config, "--to", target), "marker file .nas")
    for spelled in (f"{target}/", os.path.relpath(target)):
        done = sichern("backup", "1", "--config", config, "--to", spelled)
        refused_run(done, "marker file .nas")
    assert list(target.iterdir()) == []
    mistyped = sichern("backup", "1", "--config", config, "--to", "naas")
    assert mistyped.status == 2
    assert "naas is neither a folder that exists nor one of the destinations: nas" in mistyped.err


def test_a_destination_that_is_not_the_one_meant_is_not_listed_as_empty(
    config: Path, target: Path, tmp_path: Path
) -> None:
    plain = config.read_text("utf-8")
    for setting, said in (
        ('marker = ".nas"', "marker file .nas"), ("mounted = true", "nothing is mounted"),
    ):  # fmt: skip
        config.write_text(
            f'{plain}[[destinations]]\nlabel = "nas"\npath = "{target}"\n{setting}\n', "utf-8"
        )
        refused(sichern("list", "nas", "--config", config), 1, said)
        refused(sichern("list", target, "--config", config), 1, said)
    assert sichern("list", tmp_path, "--config", config).status == 0


def test_where_there_is_no_tenant_nobody_is_told_of_rights(tmp_path: Path) -> None:
    config = write_sichern_config(empty_sqlite(), tmp_path)
    done = sichern("backup", "--all", "--to", tmp_path, "--config", config)
    assert done.status == 2
    assert done.err.splitlines()[0] == "error: there is no tenant that you may see"
    listed = sichern("tenants", "--config", config)
    assert (listed.status, listed.out) == (0, "there is no tenant that you may see\n")
    assert sichern("tenants", "--config", config, "--json").data == []


def test_a_setting_of_the_host_that_nobody_reads_is_a_slip(config: Path) -> None:
    config.write_text(config.read_text("utf-8") + '[host.roles]\nx = "private"\n', "utf-8")
    refused(sichern("tenants", "--config", config), 2, "unknown settings: roles")


@pytest.mark.parametrize("command", ["check", "show", "import"])
def test_the_zip_is_not_taken_for_the_info_file(
    config: Path, target: Path, command: str
) -> None:
    data = target / "muster-gmbh_2026-11-22T223000Z.zip"
    data.write_bytes(b"PK")
    more = ["--config", str(config), "--as", "new"] if command == "import" else []
    given = sichern(command, data, *more)
    assert (given.status, given.out) == (2, "")
    error, hint, *_ = given.err.splitlines()
    assert f"{data.name} holds the data of a backup" in error
    assert "the .ztx that lies beside it" in hint


def test_one_tenant_that_fails_fails_the_run_with_an_error_for_each(
    config: Path, tmp_path: Path
) -> None:
    done = sichern("backup", "--all", "--config", config, "--to", tmp_path / "gone", "--json")
    assert done.status == 1
    errors = [tenant["error"] for tenant in done.data["tenants"]]
    assert [error["code"] for error in errors] == ["destination-missing"] * 2
    assert all(error["message"] and error["hint"] for error in errors)


def broken(text: str) -> Callable[[Path], Path]:
    def write(config: Path) -> Path:
        config.write_text(f'contact = "{CONTACT}"\n{text}', encoding="utf-8")
        return config

    return write


HOST = '[host]\nname = "tryton"\n'
CONFIGURATIONS: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "no host": (broken(""), 2, "host"),
    "host without a name": (broken("[host]\n"), 2, "host.name"),
    "name that is a list": (broken('[host]\nname = ["tryton"]\n'), 2, "host.name"),
    "unknown host": (broken('[host]\nname = "sap"\n'), 2, "no ERP host sap"),
    "unknown setting": (broken(f"mail = 1\n{HOST}"), 2, "mail"),
    "destination without a path": (broken(f"{HOST}[[destinations]]\nlabel = 'x'\n"), 2, "path"),
    "language that is none": (broken(f'language = "fr"\n{HOST}'), 2, "language"),
    "no database": (broken(f'{HOST}config = "trytond.conf"\n'), 2, "database"),
    "no configuration of Tryton": (
        broken(f'{HOST}config = "gone.conf"\ndatabase = "demo"\n'), 1, "gone.conf"
    ),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_configuration_that_does_not_fit_says_where(config: Path, case: str) -> None:
    write, status, text = CONFIGURATIONS[case]
    done = sichern("tenants", "--config", write(config))
    error, hint, *_ = done.err.splitlines()
    assert (done.status, done.out) == (status, "")
    assert error.startswith("error: ")
    assert text in error
    assert "{" not in error
    assert hint.startswith("hint: ")
    german = sichern("tenants", "--config", config, "--lang", "de")
    assert german.err.startswith("Fehler: ")
    assert german.err.splitlines()[0].removeprefix("Fehler: ") != error.removeprefix("error: ")


@pytest.mark.parametrize("content", [b"x = ", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.toml").write_bytes(content)
    for path in (tmp_path / "broken.toml", tmp_path / "gone.toml", tmp_path, Path("/x\ny")):
        done = sichern("tenants", "--config", path)
        assert done.status == 2
        assert len(done.err.splitlines()) == 2
        assert done.err.startswith("error: ")


def test_a_database_that_is_no_database_fails(database: TrytonDatabase, tmp_path: Path) -> None:
    (tmp_path / "trytond.conf").write_text(
        f"[database]\nuri = sqlite://\npath = {tmp_path}\n", encoding="utf-8"
    )
    (tmp_path / "demo.sqlite").write_bytes(b"not a database" * 1000)
    config = tmp_path / "sichern.toml"
    config.write_text(f'{HOST}config = "trytond.conf"\ndatabase = "demo"\n', encoding="utf-8")
    for command in (["tenants"], ["backup", "--all", "--to", str(tmp_path)]):
        done = sichern(*command, "--config", config, home=tmp_path / "home")
        assert done.status == 1
        assert "Traceback" not in done.err
        assert done.err.startswith("error: ")


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 100, b'{"format": 1}', b"[" * 100000])
@pytest.mark.parametrize("command", ["check", "show"])
def test_a_file_that_is_no_info_file_is_said(tmp_path: Path, command: str, content: bytes) -> None:
    (tmp_path / "x.ztx").write_bytes(content)
    done = sichern(command, tmp_path / "x.ztx")
    assert done.status == 1
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert sichern(command, tmp_path).status in {1, 2}


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, text in ((tmp_path / "gone", "does not exist"), (tmp_path / "file", "not a folder")):
        done = sichern("list", path)
        assert done.status == 1
        assert text in done.err.splitlines()[0]
        assert len(done.err.splitlines()) == 2


FAULT = """
import sys
import sichern.cli.files
def fault(folder):
    raise RuntimeError("nobody foresaw this")
sichern.cli.files.list_pairs = fault
sys.exit(sichern.cli.main(["list", "/", *sys.argv[1:]]))
"""


@pytest.mark.parametrize("home", ["state", "file"])
def test_an_error_that_nobody_foresaw_is_two_lines_and_a_log(tmp_path: Path, home: str) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-c", FAULT],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / home), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "error: an unexpected error ended the run: RuntimeError: nobody" in done.stderr
    log = tmp_path / home / "sichern" / "sichern.log"
    assert (f"details are in the log {log}" in done.stderr) == (home == "state")
    if home == "state":
        assert "Traceback" in log.read_text("utf-8")
        assert log.stat().st_mode & 0o777 == 0o600
