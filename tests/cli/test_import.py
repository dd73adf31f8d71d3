"""`sichern import` as a user calls it: plan, ask, import, tell; two lines for what is wrong."""

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.archive import Pair
from tests.support.sichern import Outcome, back_up_all, sichern, write_sichern_config
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, empty_sqlite

CONTACT = "ERP support, +49 30 123456, 8-18 h"
MUSTER, BEISPIEL = "1", "2"
COMMAND = [sys.executable, "-c", "import sys; from sichern.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """A pair of each company of the demo, by its key."""
    return back_up_all(demo_sqlite(), tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def ztx(pairs: dict[str, Pair]) -> Path:
    return pairs[MUSTER].ztx


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    """A system without a company, for what must not write to it."""
    return copy_sqlite(empty_sqlite(), tmp_path_factory.mktemp("untouched") / "system")


@pytest.fixture(scope="module")
def config(untouched: TrytonDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_sichern_config(untouched, tmp_path_factory.mktemp("config"))
    path.write_text(f'contact = "{CONTACT}"\n' + path.read_text("utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def unwritten(untouched: TrytonDatabase) -> Callable[[], bool]:
    before = untouched.file.read_bytes()
    return lambda: untouched.file.read_bytes() == before


def companies(config: Path) -> list[str]:
    return [each["name"] for each in sichern("tenants", "--config", config, "--json").data]


def test_a_dry_run_shows_the_plan_and_writes_nothing(
    ztx: Path, config: Path, unwritten: Callable[[], bool]
) -> None:
    asked: list[str | Path] = ["import", ztx, "--as", "empty", "--dry-run", "--config", config]
    english, german = sichern(*asked), sichern(*asked, "--lang", "de")
    assert (english.status, english.err, german.status) == (0, "", 0)
    assert english.out.startswith("Plan of the import of Muster GmbH\n")
    for text in ("an inactive placeholder without a login", "Anna Schütz", "Account Invoice"):
        assert text in english.out
    assert german.out.startswith("Plan des Imports von Muster GmbH\n")
    assert "ein inaktiver Platzhalter ohne Anmeldung" in german.out
    data = sichern(*asked, "--json").data
    assert (data["way"], data["tenant"]["name"]) == ("empty", "Muster GmbH")
    assert {table["table"]: table["inserted"] for table in data["tables"]}["company_company"] == 1
    assert unwritten()


def test_a_company_goes_into_an_empty_system_and_another_beside_it(
    pairs: dict[str, Pair], tmp_path: Path
) -> None:
    system = copy_sqlite(empty_sqlite(), tmp_path / "system")
    config = write_sichern_config(system, tmp_path)
    first = sichern(
        "import", pairs[BEISPIEL].ztx, "--as", "empty", "--yes", "--config", config,
        home=tmp_path,
    )  # fmt: skip
    assert first.status == 0, first.err
    assert first.out.startswith("Beispiel AG, into an empty system, keys kept: complete, ")
    assert "Key of the tenant here: 2" in first.out
    (kept,) = (tmp_path / "sichern" / "imports").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text("utf-8"))["tenant"] == "Beispiel AG"
    second = sichern(
        "import", pairs[MUSTER].ztx, "--as", "new", "--neutralise", "--yes", "--config", config,
        "--json", home=tmp_path,
    )  # fmt: skip
    assert (second.status, second.err) == (0, ""), second.out
    assert second.data["key"] not in {"1", "2"}
    arrival = second.data["protocol"]["arrival"]
    assert any(table["matched"] for table in arrival["tables"])
    assert {(user["login"], user["known"]) for user in arrival["users"]} == {
        ("root", True), ("anna", False), ("bernd", False),
    }  # fmt: skip
    # Field by field: whom rows will name.
    named = {(each["table"], each["column"]): each for each in arrival["user_references"]}
    assert named["account_move", "create_uid"]["placeholders"] > 0
    assert sorted(companies(config)) == ["Beispiel AG", "Muster GmbH"]
    thrice = sichern("import", pairs[MUSTER].ztx, "--as", "new", "--dry-run", "--config", config)
    key = second.data["key"]
    assert f"note: tenants called Muster GmbH that are here already: {key}\n" in thrice.err
    again = sichern("import", pairs[MUSTER].ztx, "--as", "empty", "--yes", "--config", config)
    assert again.status == 1
    assert "this system has a tenant already" in again.err
    assert "Muster GmbH, into an empty system, keys kept: failed" in again.out


def test_a_company_is_put_back_once_its_name_was_given_and_after_a_backup(
    pairs: dict[str, Pair], tmp_path: Path
) -> None:
    system = copy_sqlite(demo_sqlite(), tmp_path / "system")
    (tmp_path / "nas").mkdir()
    config = write_sichern_config(
        system, tmp_path, '[[destinations]]\nlabel = "nas"\npath = "nas"\n'
    )
    asked: list[str | Path] = ["import", pairs[MUSTER].ztx, "--as", "replace", "--config", config]
    for more in ([], ["--confirm", "Muster"], ["--yes"]):
        refused = sichern(*asked, *more)
        assert refused.status == 2
        assert "replacing the tenant Muster GmbH was not confirmed" in refused.err
    assert list((tmp_path / "nas").iterdir()) == []
    done = sichern(*asked, "--confirm", "Muster GmbH", "--lang", "de", home=tmp_path)
    assert done.status == 0, done.out + done.err
    assert "Vorher gesichert:" in done.out
    assert "0 eingefügt, 0 zurückgesetzt, 0 entfernt" in done.out
    assert sorted(file.suffix for file in (tmp_path / "nas").iterdir()) == [".zip", ".ztx"]


def test_a_copy_of_the_system_needs_a_confirmation_of_its_own(
    pairs: dict[str, Pair], tmp_path: Path
) -> None:
    system = copy_sqlite(demo_sqlite(), tmp_path / "system", "copy")
    config = write_sichern_config(system, tmp_path)
    asked: list[str | Path] = [
        "import", pairs[MUSTER].ztx, "--as", "replace", "--confirm", "Muster GmbH",
        "--safety", tmp_path, "--config", config,
    ]  # fmt: skip
    refused = sichern(*asked)
    assert refused.status == 1
    assert "this is a copy of the system that made the pair" in refused.err
    assert "--confirm-copy" in refused.err
    done = sichern(*asked, "--confirm-copy", "--json", home=tmp_path)
    assert done.status == 0, done.out
    assert done.data["protocol"]["copy_confirmed"] is True
    assert len(done.data["safety"]) == 2


WRONG_CALLS: dict[str, tuple[list[str], int, str]] = {
    "no way": ([], 2, "--as"),
    "unknown way": (["--as", "half"], 2, "half"),
    "nowhere to back up first": (["--as", "replace"], 2, "no destination was named"),
    "another system": (
        ["--as", "replace", "--safety", ".", "--confirm", "Muster GmbH"], 1,
        "the pair was made by another system",
    ),
    "unknown user": (["--as", "new", "--user", "nobody"], 2, "no active user nobody"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_what_does_not_work_is_said_in_two_lines_and_changes_nothing(
    ztx: Path, config: Path, unwritten: Callable[[], bool], case: str
) -> None:
    options, status, text = WRONG_CALLS[case]
    refused(sichern("import", ztx, *options, "--config", config), status, text)
    assert unwritten()


def test_a_pair_that_is_none_is_refused(
    pairs: dict[str, Pair], config: Path, tmp_path: Path, unwritten: Callable[[], bool]
) -> None:
    for name, where, text in (
        ("gone.ztx", tmp_path, "no info file"),
        ("alone.ztx", _alone(pairs[MUSTER].ztx, tmp_path), "alone.zip"),
    ):
        done = sichern("import", where / name, "--as", "new", "--yes", "--config", config)
        refused(done, 1 if name == "alone.ztx" else 2, text)
    assert unwritten()


def test_importing_needs_its_right(pairs: dict[str, Pair], tmp_path: Path) -> None:
    config = write_sichern_config(demo_sqlite(), tmp_path)
    asked: list[str | Path] = ["import", pairs[MUSTER].ztx, "--as", "new", "--dry-run"]
    done = sichern(*asked, "--config", config, "--user", "anna", "--lang", "en")
    assert done.status == 1
    assert "may not do this: import" in done.err
    assert sichern(*asked, "--config", config, "--user", "chef").status == 0


@pytest.mark.parametrize(
    ("way", "answer", "status", "text"),
    [
        ("new", "no", 1, "the run was cancelled"),
        ("replace", "Muster", 2, "was not confirmed"),
    ],
)
def test_on_a_terminal_somebody_is_asked_first(
    ztx: Path, config: Path, unwritten: Callable[[], bool], way: str, answer: str, status: int,
    text: str,
) -> None:
    given = ["import", str(ztx), "--as", way, "--safety", ".", "--config", str(config)]
    code, screen = on_terminal(given, answer)
    assert code == status, screen
    assert "Muster GmbH of " in screen
    assert text in screen
    assert unwritten()


def test_nothing_is_imported_where_nobody_could_be_asked(
    ztx: Path, config: Path, unwritten: Callable[[], bool]
) -> None:
    for way in ("new", "empty"):
        done = sichern("import", ztx, "--as", way, "--config", config)
        refused(done, 2, "the import was not confirmed, and nobody is there to be asked")
        assert "--yes" in done.err
    assert unwritten()


def test_every_output_for_machines_is_one_json_document(ztx: Path, config: Path) -> None:
    for options in (["--as", "replace"], ["--as", "empty", "--dry-run"], []):
        done = sichern("import", ztx, *options, "--json", "--config", config)
        json.loads(done.out)
        assert done.err == ""


def refused(done: Outcome, status: int, text: str) -> None:
    """One line of what is wrong, one of what to do, the contact."""
    assert done.status == status, done.out + done.err
    error, hint, contact = done.err.splitlines()
    assert error.startswith("error: ")
    assert text in error
    assert hint.startswith("hint: ")
    assert contact == CONTACT


def on_terminal(arguments: list[str], answer: str) -> tuple[int, str]:
    """Run a command on a terminal and type one line; its status, and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", "COLUMNS": "200"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    screen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        screen += part
    os.close(ours)
    return process.wait(timeout=120), screen.decode()


def _alone(ztx: Path, folder: Path) -> Path:
    (folder / "alone.ztx").write_bytes(ztx.read_bytes())
    return folder
