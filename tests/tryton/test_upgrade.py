"""A pair of another series of Tryton: refused with the way named, and the way gone to its end.

The refusal is shown by a pair whose info file says another version. The way itself needs another
series of Tryton beside this one, and is gone where `SICHERN_TEST_SERIES=1` asks for it.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest

from sichern.archive.info_text import read_info, write_info
from tests.support.archive import Pair
from tests.support.series import INSTALLED, URI, Series, install
from tests.support.sichern import Outcome, back_up_all, sichern, write_sichern_config
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, empty_sqlite
from tests.support.undo import undo
from tests.tryton.afterwards import Afterwards, follows
from tests.tryton.afterwards import ask as work
from tests.tryton.judge import Verdict, ask, differences

OLDER = "7.8"
"""The series before the one that Sichern supports; no step by hand lies between the two."""
MUSTER, NAME = "1", "Muster GmbH"
HERE = version("trytond")


# -- the refusal --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return back_up_all(demo_sqlite(), tmp_path_factory.mktemp("source"))[MUSTER]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    """A system without a company; everything here is refused, so it stays so."""
    return copy_sqlite(empty_sqlite(), tmp_path_factory.mktemp("system") / "system")


def of_version(pair: Pair, number: str, folder: Path) -> Path:
    """Copy a pair into a folder as one that Tryton of this version made."""
    info = read_info(pair.ztx.read_bytes(), pair.ztx.name).info
    shutil.copy(pair.zip, folder)
    ztx = folder / pair.ztx.name
    ztx.write_bytes(write_info(replace(info, system=replace(info.system, host_version=number))))
    return ztx


@pytest.mark.parametrize("way", [["empty", "--dry-run"], ["empty"], ["new"]], ids=" ".join)
def test_a_pair_of_an_older_series_is_refused_and_the_way_is_named(
    pair: Pair, system: TrytonDatabase, tmp_path: Path, way: list[str]
) -> None:
    before = system.file.read_bytes()
    refused = sichern(
        "import", of_version(pair, "7.8.18", tmp_path), "--as", *way, "--yes",
        "--config", write_sichern_config(system, tmp_path), home=tmp_path,
    )  # fmt: skip
    assert refused.status == 1
    assert refused.err.splitlines() == the_way("7.8.18")
    assert system.file.read_bytes() == before


def test_a_pair_of_a_newer_series_is_refused_and_the_upgrade_is_named(
    pair: Pair, system: TrytonDatabase, tmp_path: Path
) -> None:
    before = system.file.read_bytes()
    refused = sichern(
        "import", of_version(pair, "8.2.1", tmp_path), "--as", "empty", "--dry-run",
        "--config", write_sichern_config(system, tmp_path),
    )  # fmt: skip
    assert refused.status == 1
    assert refused.err.splitlines() == [
        f"error: the backup is of tryton 8.2.1, and this system has only {HERE}",
        "hint: upgrade this system to 8.2.1 first",
    ]
    assert system.file.read_bytes() == before


def the_way(older: str) -> list[str]:
    steps = (
        f"set up a system of version {older}, import the backup there as empty, "
        f"upgrade that system to {HERE}, and back up again"
    )
    return [
        f"error: the backup is of tryton {older}, and this system has {HERE}", f"hint: {steps}",
    ]  # fmt: skip


# -- the way ------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Journey:
    """What was seen on the way, in its order."""

    older: str
    """The exact version of Tryton that made the first pair."""
    first: Pair
    refused: Outcome
    refused_changed: bool
    imported: Outcome
    second: Pair
    arrived: Outcome
    worked: Afterwards
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """What Tryton says of the company, by the step after which it was asked."""


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """Two companies made by the older series; one of them comes into a system of this one."""
    folder = tmp_path_factory.mktemp("upgrade")
    series = install(OLDER, folder / "environment")
    demo, fresh = made(series, folder / "older")
    target = copy_sqlite(empty_sqlite(), folder / "target")
    config = write_sichern_config(target, folder / "target")

    verdicts = {"the older system": judged(series, demo)}
    first = backed_up(series, demo, folder / "first")
    before = target.file.read_bytes()
    refused = INSTALLED.sichern(
        "import", first.ztx, "--as", "empty", "--yes", "--config", config, home=folder
    )
    refused_changed = target.file.read_bytes() != before

    imported = series.sichern(
        "import", first.ztx, "--as", "empty", "--yes", "--config", sichern_config(fresh),
        "--json",
        home=folder,
    )  # fmt: skip
    verdicts["imported as empty"] = judged(series, fresh)
    # As Tryton's documentation says to upgrade a database to a new series.
    INSTALLED.run("-m", "trytond.cli.admin", "-c", fresh.config, "-d", fresh.name, "--all")
    verdicts["upgraded"] = ask(fresh, NAME)[NAME]
    second = backed_up(INSTALLED, fresh, folder / "second")
    arrived = INSTALLED.sichern(
        "import", second.ztx, "--as", "empty", "--yes", "--config", config, "--json", home=folder
    )
    verdicts["arrived"] = ask(target, NAME)[NAME]
    return Journey(
        older=series.run("-c", "import trytond; print(trytond.__version__)").strip(),
        first=first, refused=refused, refused_changed=refused_changed, imported=imported,
        second=second, arrived=arrived, worked=work(target, NAME),
        verdicts=verdicts,
    )  # fmt: skip


def made(series: Series, folder: Path) -> tuple[TrytonDatabase, TrytonDatabase]:
    """Make the demo of a series, and a system of the same modules without a company."""
    program = (
        "import sys; from pathlib import Path; from sichern.hosts.tryton.demo import build; "
        f"build({URI!r}, 'demo', Path(sys.argv[1]), invoices=5, bare=['fresh'])"
    )
    series.run("-c", program, folder)
    demo, fresh = (
        TrytonDatabase(name=name, uri=URI, folder=folder, config=folder / "trytond.conf")
        for name in ("demo", "fresh")
    )
    return demo, fresh


def sichern_config(database: TrytonDatabase) -> Path:
    return write_sichern_config(database, database.folder / database.name)


def backed_up(series: Series, database: TrytonDatabase, folder: Path) -> Pair:
    """Back up the company by Sichern under this series."""
    folder.mkdir()
    done = series.sichern(
        "backup", MUSTER, "--to", folder, "--config", sichern_config(database), "--json",
        home=folder,
    )  # fmt: skip
    assert done.status == 0, done.out + done.err
    (ztx,) = folder.glob("*.ztx")
    return Pair(ztx)


def judged(series: Series, database: TrytonDatabase) -> Verdict:
    """Ask Tryton of this series, as `tests.tryton.judge.ask` asks the installed one."""
    said = series.run(
        "-m", "tests.tryton.judge", "--config", database.config, "--database", database.name,
        "--company", NAME,
    )  # fmt: skip
    verdict: Verdict = json.loads(said)[NAME]
    return verdict


def test_the_real_pair_of_the_older_series_is_refused_by_the_same_words(journey: Journey) -> None:
    assert journey.older.startswith(f"{OLDER}.")
    assert journey.first.info["system"]["host_version"] == journey.older
    assert journey.refused.status == 1
    assert journey.refused.err.splitlines() == the_way(journey.older)
    assert not journey.refused_changed


def test_the_older_system_takes_the_pair_as_empty(journey: Journey) -> None:
    assert journey.imported.status == 0, journey.imported.out
    assert journey.imported.data["outcome"] == "complete"


def test_after_the_upgrade_a_pair_of_this_version_is_made_and_taken(journey: Journey) -> None:
    assert journey.second.info["system"]["host_version"] == HERE
    assert journey.arrived.status == 0, journey.arrived.out
    assert journey.arrived.data["outcome"] == "complete"


def test_both_pairs_hold_the_same_rows_and_documents(journey: Journey) -> None:
    """What only this series has, the upgrade adds; of what the older one had nothing is gone."""
    found = undo(journey.first, journey.second)
    assert found.differences == []
    assert found.rows == sum(table["rows"] for table in journey.first.info["tables"]) > 0
    assert found.documents == len(journey.first.lines("documents.tsv")) > 0
    assert columns(journey.first) < columns(journey.second)


def columns(pair: Pair) -> set[tuple[str, str]]:
    return {
        (name, column["name"]) for name, table in pair.schema.items() for column in table["columns"]
    }


@pytest.mark.parametrize("step", ["imported as empty", "upgraded", "arrived"])
def test_tryton_says_the_same_of_the_company_at_every_step(journey: Journey, step: str) -> None:
    before = journey.verdicts["the older system"]
    assert all(before.values())
    assert differences(before, journey.verdicts[step]) == {}


def test_work_goes_on_where_it_stopped(journey: Journey) -> None:
    worked = journey.worked
    assert (worked.state, worked.reconciled) == ("paid", True)
    assert Decimal(worked.to_pay) == 0
    assert follows(worked.before["invoice"], worked.after["invoice"])
