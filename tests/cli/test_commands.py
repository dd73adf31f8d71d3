"""Each command does what the README says, in both languages, for people and for machines."""

import gettext
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from sichern.cli import main
from sichern.cli.output import Output
from sichern.cli.program import COMMANDS
from tests.support.sichern import Outcome, sichern, write_sichern_config
from tests.support.tryton import TrytonDatabase, demo_sqlite


@pytest.fixture(scope="module")
def database() -> TrytonDatabase:
    return demo_sqlite()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def config(database: TrytonDatabase, folder: Path) -> Path:
    (folder / "drive").mkdir()
    return write_sichern_config(
        database, folder, '\n[[destinations]]\nlabel = "nas"\npath = "drive"\n'
    )


@pytest.fixture(scope="module")
def backup(config: Path, folder: Path) -> Outcome:
    """One backup of one company in English, as its output for people."""
    return sichern("backup", "Muster GmbH", "--to", "nas", "--config", config, home=folder)


@pytest.fixture(scope="module")
def ztx(backup: Outcome, folder: Path) -> Path:
    assert backup.status == 0, backup.err
    (found,) = (folder / "drive").glob("*.ztx")
    return found


def test_the_tenants_that_the_administrator_sees_are_all_and_those_of_users_are_theirs(
    config: Path,
) -> None:
    everyone = sichern("tenants", "--config", config, "--json")
    assert everyone.status == 0
    assert [tenant["name"] for tenant in everyone.data] == ["Beispiel AG", "Muster GmbH"]
    for login, names in (("anna", ["Muster GmbH"]), ("bernd", ["Beispiel AG"])):
        seen = sichern("tenants", "--config", config, "--json", "--user", login)
        assert [tenant["name"] for tenant in seen.data] == names


def test_the_language_is_that_of_the_option_then_the_user_then_the_configuration(
    config: Path, folder: Path
) -> None:
    def head(*options: str | Path) -> str:
        done = sichern("tenants", *options)
        assert done.status == 0, done.err
        return done.out.split()[0]

    german = folder / "german.toml"
    german.write_text('language = "de"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
    assert head("--config", config) == "Key"
    assert head("--config", config, "--lang", "de") == "Schlüssel"
    assert head("--config", config, "--user", "anna") == "Schlüssel"
    assert head("--config", config, "--user", "anna", "--lang", "en") == "Key"
    assert head("--config", german) == "Schlüssel"
    assert head("--config", german, "--lang=en") == "Key"


def test_a_backup_prints_a_table_and_the_files_of_the_pair(
    backup: Outcome, ztx: Path
) -> None:
    head, row, *files = backup.out.splitlines()
    assert head.split() == ["Tenant", "Result", "Rows", "Documents", "Bytes", "Seconds"]
    assert row.startswith("Muster GmbH  complete")
    assert [line.strip() for line in files] == [str(ztx.with_suffix(".zip")), str(ztx)]
    assert backup.err == ""


def test_a_backup_of_all_but_one_for_machines_has_the_protocol(config: Path, folder: Path) -> None:
    (folder / "all").mkdir()
    done = sichern(
        "backup", "--all", "--exclude", "Beispiel AG", "--to", folder / "all", "--json",
        "--documents", "without", "--shared", "reached", "--config", config, "--lang", "de",
    )
    assert (done.status, done.err) == (0, "")
    assert done.data["outcome"] == "complete"
    (tenant,) = done.data["tenants"]
    assert tenant["name"] == "Muster GmbH"
    assert tenant["error"] is None
    assert tenant["protocol"]["login"] is None
    assert tenant["protocol"]["documents_option"] == "without"
    assert {Path(file).suffix for file in tenant["files"]} == {".zip", ".ztx"}


def test_the_plan_says_what_would_be_written_and_writes_nothing(
    config: Path, folder: Path, ztx: Path
) -> None:
    before = sorted(path.name for path in folder.rglob("*"))
    done = sichern("backup", "1", "--plan", "--json", "--config", config)
    assert done.status == 0
    (plan,) = done.data
    assert plan["rows"] == sum(table["rows"] for table in plan["tables"]) > 800
    german = sichern("backup", "1", "--plan", "--config", config, "--lang", "de")
    assert re.match(r"Muster GmbH: [\d.]+ Datensätze, \d+ Belege, etwa [\d,.]+ kB", german.out)
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_list_shows_each_pair_and_when_it_was_checked(
    config: Path, folder: Path, ztx: Path
) -> None:
    listed = sichern("list", folder / "drive", "--json", home=folder / "state")
    assert [(one["tenant"], one["checked"]) for one in listed.data] == [("Muster GmbH", None)]
    assert sichern("check", ztx, home=folder / "state").status == 0
    by_label = sichern("list", "nas", "--json", "--config", config, home=folder / "state")
    assert by_label.data[0]["checked"] is not None
    german = sichern("list", folder / "drive", "--lang", "de", home=folder / "state")
    assert german.out.split("\n")[0].split() == [
        "Mandant", "Datei", "Alter", "Größe", "Geprüft", "Zustand",
    ]
    assert "vollständig" in german.out


def test_a_pair_that_was_found_damaged_is_listed_so_until_it_is_sound(
    folder: Path, ztx: Path, tmp_path: Path
) -> None:
    for file in (ztx, ztx.with_suffix(".zip")):
        shutil.copy(file, tmp_path)
    data = tmp_path / ztx.with_suffix(".zip").name
    whole = data.read_bytes()
    data.write_bytes(bytes([*whole[:5000], whole[5000] ^ 1, *whole[5001:]]))
    found = tmp_path / ztx.name
    assert sichern("check", found, home=tmp_path).status == 1
    (listed,) = sichern("list", tmp_path, "--json", home=tmp_path).data
    assert listed["problem"] == f"the last check found {ztx.name} damaged"
    assert listed["checked"] is not None
    data.write_bytes(whole)
    assert sichern("check", found, home=tmp_path).status == 0
    (listed,) = sichern("list", tmp_path, "--json", home=tmp_path).data
    assert listed["problem"] is None


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_result_that_cannot_be_printed_is_said_and_stands(
    ztx: Path, tmp_path: Path, options: list[str]
) -> None:
    program = "import sys; from sichern.cli import main; sys.exit(main())"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, "show", str(ztx), *options, "--lang", "en"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: the result could not be printed: No space left on device",
        "hint: what the command did stands: look at the destination, or at the protocol",
    ]


def test_a_list_leaves_out_what_a_user_may_not_see(config: Path, folder: Path, ztx: Path) -> None:
    for login, count in (("anna", 1), ("bernd", 0), ("chef", 1)):
        done = sichern("list", folder / "drive", "--json", "--user", login, "--config", config)
        assert len(done.data) == count


def test_a_check_needs_no_erp_and_reads_every_row(ztx: Path, folder: Path) -> None:
    done = sichern("check", ztx, home=folder / "state")
    assert re.fullmatch(
        rf"{ztx.name} is sound: [\d,]+ rows, \d+ documents, [\d.]+ kB read\n", done.out
    )
    german = sichern("check", ztx, "--lang", "de", home=folder / "state")
    assert "Datensätze" in german.out
    assert (done.status, german.status) == (0, 0)


@pytest.mark.parametrize("name", ["list", "check", "show"])
def test_who_looks_at_files_does_not_wait_for_what_reads_databases(
    name: str, ztx: Path, tmp_path: Path
) -> None:
    looked = (
        "import sys; from sichern.cli import main; main(sys.argv[1:]);"
        "print({'sqlalchemy', 'psycopg', 'trytond'} & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", looked, name, ztx.parent if name == "list" else ztx],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == "set()\n"
    assert done.stdout


def test_what_is_in_a_pair_is_shown_with_who_made_it(ztx: Path) -> None:
    english, german = sichern("show", ztx).out, sichern("show", ztx, "--lang", "de").out
    assert "Tenant: Muster GmbH (1)" in english
    assert "(no user of the ERP was named)" in english
    assert "(kein ERP-Benutzer genannt)" in german
    data = sichern("show", ztx, "--json").data
    assert data["actor"]["login"] is None
    assert data["tables"]["account_invoice"]["rows"] > 0


def test_a_user_with_the_right_backs_up_in_the_own_name(config: Path, folder: Path) -> None:
    (folder / "chef").mkdir()
    done = sichern(
        "backup", "2", "--to", folder / "chef", "--user", "chef", "--json", "--config", config
    )
    assert done.status == 0, done.out
    assert done.data["tenants"][0]["protocol"]["login"] == "chef"


def test_without_the_belegarchiv_missing_files_are_no_warning_and_with_it_they_are(
    database: TrytonDatabase, folder: Path
) -> None:
    """A configuration whose document store lies elsewhere: every file is missing."""
    lost = folder / "lost"
    lost.mkdir()
    (lost / "drive").mkdir()
    text = database.config.read_text(encoding="utf-8")
    (lost / "trytond.conf").write_text(
        text.replace("store_prefix = documents", "store_prefix = nowhere"), encoding="utf-8"
    )
    (lost / "sichern.toml").write_text(
        '[host]\nname = "tryton"\nconfig = "trytond.conf"\n'
        f'database = "{database.name}"\n',
        encoding="utf-8",
    )
    asked = ["backup", "1", "--to", f"{lost}/drive", "--config", f"{lost}/sichern.toml"]
    warned = sichern(*asked)
    assert warned.status == 3
    assert "complete with warnings" in warned.out
    assert re.search(r"is missing in the document store: \S.* of ir_attachment \d+", warned.err)
    assert len(warned.err.splitlines()) <= 11
    assert sichern(*asked, "--documents", "without").status == 0


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "command", ["", "backup", "check", "demo", "import", "list", "show", "tenants"]
)
def test_the_help_is_whole_and_in_one_language(
    command: str,
    language: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    domain = gettext.textdomain()
    try:
        assert main([*([command] if command else []), "--lang", language, "--help"]) == 0
    finally:
        gettext.textdomain(domain)
    help_text = capsys.readouterr().out
    assert "..." not in help_text.replace("]...", "")
    german = {"Aufruf:", "Optionen:", "Zeigt"} & set(help_text.split())
    english = {"Usage:", "Options:", "Show", "TENANT", "TEXT", "FILE"} & set(help_text.split())
    assert not (german if language == "en" else english)
    assert german if language == "de" else english


def test_every_command_of_a_module_is_found_there() -> None:
    output = Output(json=False, language="en", contact="")
    for module in set(COMMANDS.values()):
        built = import_module(f"sichern.cli.{module}").commands(output)
        named = {name for name, there in COMMANDS.items() if there == module}
        assert {command.name for command in built} == named


def test_every_output_for_machines_is_one_json_document(config: Path, ztx: Path) -> None:
    calls: list[list[str]] = [
        ["tenants"], ["list", "nas"], ["check", str(ztx)], ["show", str(ztx)],
        ["backup", "1", "--plan"], ["backup", "7", "--to", "nas"], ["frobnicate"],
        ["tenants", "--frob"], ["check"],
    ]
    for arguments in calls:
        done = sichern(*arguments, "--json", "--config", config)
        json.loads(done.out)
        assert done.err == ""
