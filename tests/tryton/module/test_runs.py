"""Runs in processes of their own: one's failure stops no other, and none runs for ever."""

import os
import platform
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from sichern.archive.check import check_pair
from tests.archive.making import make_pair
from tests.hostile.mounts import tmpfs
from tests.support.module import demo_with_module
from tests.support.tryton import TrytonDatabase, copy_sqlite
from tests.tryton.module.running import Refused, Tryton

LONG = 120
SOON = 5.0
"""Seconds within which nothing is left of what was cancelled."""
LAID = "fremd_2026-11-22T223000Z"
GOING_ON = {"waiting", "running"}

FAULT = """
from sichern.tenancy.closure import Closure, Side

right = Closure.belongs


def belongs(self, table, alias, side=Side.OURS):
    if (table.name, self.tenant, side) == ("account_invoice_line", "1", Side.OURS):
        return "true"
    return right(self, table, alias, side)


Closure.belongs = belongs
"""
"""A planner that takes every invoice line for the first company's."""


class Place:
    """A Tryton, an allowed folder, and what the tests do with them."""

    def __init__(self, folder: Path, database: TrytonDatabase, *, queue: bool = False) -> None:
        self.to = folder / "Sicherungen"
        self.small = folder / "Stick"
        self.to.mkdir()
        self.small.mkdir()
        self.database = database
        parser = ConfigParser(interpolation=None)
        parser.read(self.database.config, encoding="utf-8")
        parser["sichern"] = {"destinations": f"\n{self.to}\n{self.small}"}
        parser["queue"] = {"worker": str(queue)}
        with self.database.config.open("w", encoding="utf-8") as file:
            parser.write(file)
        self.tryton = Tryton(self.database)

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.database.sql(statement, *values)

    def begin(self, *keys: int, to: Path | None = None, by: Tryton | None = None) -> int:
        values = {
            "destination": str(to or self.to), "documents": "inside", "shared": "default"
        }
        return int((by or self.tryton).ask("begin", "chef", list(keys), values))

    def show(self, run: int) -> dict[str, Any]:
        return dict(self.tryton.ask("show", "chef", run))

    def ended(self, run: int) -> dict[str, Any]:
        until(lambda: self.show(run)["state"] not in GOING_ON)
        return self.show(run)

    def names(self) -> set[str]:
        return {path.name for path in self.to.iterdir()}

    def stopped_in_the_middle(self, run: int, to: Path | None = None) -> int:
        """Halt the process of a run once it has begun to write; give its number."""
        folder = to or self.to
        known = set(folder.iterdir())

        def unfinished(ending: str) -> bool:
            return any(path.name.endswith(ending) for path in set(folder.iterdir()) - known)

        until(lambda: unfinished(".zip.part"), 0.005)
        ((pid,),) = self.sql("SELECT pid FROM sichern_run WHERE id = ?", run)
        os.kill(pid, signal.SIGSTOP)
        # It may have been halted while it wrote to the database, which would hold others up.
        assert unfinished(".part")
        return int(pid)


def until(holds: Callable[[], bool], pause: float = 0.2) -> float:
    """Wait until it holds; give the seconds that it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < LONG
        time.sleep(pause)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("runs")
    place = Place(folder, copy_sqlite(demo_with_module(), folder / "tryton"))
    yield place
    place.tryton.close()


def test_three_of_ten_fail_and_seven_are_backed_up(place: Place, tmp_path: Path) -> None:
    cheap = place.tryton.ask("companies", "chef", 9)
    gone, hidden = cheap[-2:]
    # No row can make the proof refuse what the planner chose: only a planner that errs can.
    (tmp_path / "sitecustomize.py").write_text(FAULT)
    erring = Tryton(place.database, str(tmp_path))
    run = place.begin(1, *cheap, by=erring)
    place.sql('DELETE FROM "res_user-company_company" WHERE company = ?', hidden)
    place.sql("DELETE FROM company_company WHERE id = ?", gone)
    shown = place.ended(run)
    erring.close()
    assert shown["state"] == "failed-in-part"
    bad = {int(each["key"]): each for each in shown["tenants"] if each["state"] == "failed"}
    good = [each for each in shown["tenants"] if each["state"] in {"complete", "warnings"}]
    assert bad.keys() == {1, gone, hidden}
    assert len(good) == 7
    # Who sees the company sees that its last backup failed, whoever began the run.
    assert place.sql(
        "SELECT company FROM sichern_run_tenant WHERE run = ? AND key = '1'", run
    ) == [(1,)]
    for key, what in (
        (1, "a row of another tenant was about to be written"),
        # Whether a tenant is there at all is nobody's business who may not see it.
        (gone, f"may not do this: back-up ({gone})"),
        (hidden, f"may not do this: back-up ({hidden})"),
    ):
        line, hint = bad[key]["message"].splitlines()
        assert what in line, line
        assert hint
    for each in good:
        info = next(file for file in each["files"] if file.endswith(".ztx"))
        assert not check_pair(Path(info)).problems
    assert len(place.names()) == 14


def test_of_what_was_cancelled_nothing_is_left_within_seconds(place: Place) -> None:
    before = place.names()
    run = place.begin(1, 2)
    pid = place.stopped_in_the_middle(run)
    # It hears of it when it goes on; it may have been halted while it held the database.
    threading.Timer(0.5, os.kill, (pid, signal.SIGCONT)).start()
    begun = time.monotonic()
    place.tryton.ask("cancel", "chef", run)
    until(lambda: not any(name.endswith(".part") for name in place.names()), 0.02)
    took = time.monotonic() - begun
    assert took < SOON
    shown = place.ended(run)
    assert shown["state"] == "cancelled"
    # A tenant that was whole before that keeps its pair.
    assert shown["tenants"][1]["state"] == "cancelled"
    whole = {Path(file).name for each in shown["tenants"] for file in each["files"]}
    assert place.names() == before | whole


def test_a_killed_run_is_failed_and_its_leftovers_are_removed(place: Place) -> None:
    before = place.names()
    run = place.begin(1, 2)
    os.kill(place.stopped_in_the_middle(run), signal.SIGKILL)
    assert place.names() > before
    until(lambda: place.show(run)["state"] == "failed")
    until(lambda: _only_whole_pairs(place.names() - before))
    ((state,),) = place.sql("SELECT state FROM sichern_run WHERE id = ?", run)
    assert state == "failed"
    assert "the process of this run ended" in place.show(run)["message"]


def _only_whole_pairs(names: set[str]) -> bool:
    """Whether each archive has its info file: a tenant that was done may keep its pair."""
    archives = {name.removesuffix(".zip") for name in names if name.endswith(".zip")}
    infos = {name.removesuffix(".ztx") for name in names if name.endswith(".ztx")}
    return archives == infos and len(names) == len(archives) + len(infos)


def test_a_run_of_another_boot_is_not_running(place: Place) -> None:
    run = place.begin(2)
    place.ended(run)
    # The number of the process is another one's now, and even lives.
    place.sql(
        "UPDATE sichern_run SET state = 'running', pid = ?, mark = 'another-boot 1' WHERE id = ?",
        os.getpid(), run,
    )
    assert place.show(run)["state"] != "running"


def test_a_run_goes_on_when_the_server_that_began_it_ends(place: Place) -> None:
    run = place.begin(2)
    place.tryton.process.kill()
    place.tryton.close()
    place.tryton = Tryton(place.database)
    shown = place.ended(run)
    assert shown["state"] in {"complete", "warnings"}


@pytest.mark.parametrize(("where", "allowed"), [
    ("folder", True), ("own upload", True), ("elsewhere", False), ("symlink", False),
    ("below", False), ("another's upload", False), ("unfinished upload", False),
])
def test_a_pair_is_read_only_where_it_may_lie_when_the_run_begins(
    place: Place, tmp_path: Path, where: str, allowed: bool
) -> None:
    """The administrator may have taken the folder back since the dialog asked."""
    below = place.to / "tiefer"
    below.mkdir(exist_ok=True)
    folder = {"folder": place.to, "below": below}.get(where, tmp_path)
    make_pair(folder, stem=LAID)
    file = folder / f"{LAID}.ztx"
    if where == "symlink":
        file = place.to / f"link_{LAID}.ztx"
        file.symlink_to(tmp_path / f"{LAID}.ztx")
    if "upload" in where:
        place.sql(
            "INSERT INTO sichern_transfer (user, kind, token, folder, info, expires, ended)"
            " SELECT id, 'up', ?, ?, ?, '2100-01-01 00:00:00', ? FROM res_user WHERE login = ?",
            str(tmp_path), str(tmp_path), file.name, where != "unfinished upload",
            "anna" if where == "another's upload" else "chef",
        )
    run = place.tryton.ask("plan", "chef", str(file))
    place.ended(run)
    ((error,),) = place.sql("SELECT error FROM sichern_run_tenant WHERE run = ?", run)
    assert ('"place-not-allowed"' in (error or "")) != allowed, error


def test_a_full_stick_says_what_was_needed_and_what_was_free(place: Place) -> None:
    with tmpfs(place.small, "size=3M") as stick:
        older = place.ended(place.begin(2, to=stick))
        assert older["state"] in {"complete", "warnings"}
        kept = {path.name: path.read_bytes() for path in stick.iterdir()}
        free = os.statvfs(stick)
        filler = stick / "Filme"
        filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 40_000)))
        shown = place.ended(place.begin(1, to=stick))
        assert shown["state"] == "failed"
        message = shown["tenants"][0]["message"]
        assert re.search(r"needs about [\d.]+ MB, and .* has [\d.]+ MB free", message), message
        filler.unlink()
        assert {path.name: path.read_bytes() for path in stick.iterdir()} == kept
        info = next(stick.glob("*.ztx"))
        assert not check_pair(info).problems


def test_a_destination_that_is_gone_is_said_in_the_dialog_and_no_run_begins(place: Place) -> None:
    before = place.sql("SELECT count(*) FROM sichern_run")
    place.small.rmdir()
    try:
        with pytest.raises(Refused, match="Stick"):
            place.tryton.ask("press_back_up", "chef", [1], str(place.small))
    finally:
        place.small.mkdir()
    assert place.sql("SELECT count(*) FROM sichern_run") == before
    place.tryton.ask("press_back_up", "chef", [2], str(place.small))
    ((run,),) = place.sql("SELECT max(id) FROM sichern_run")
    assert place.ended(run)["state"] == "complete"
    for path in place.small.iterdir():
        path.unlink()


def test_a_stick_that_fills_while_it_is_written_keeps_what_was_there(place: Place) -> None:
    with tmpfs(place.small, "size=3M") as stick:
        older = place.ended(place.begin(2, to=stick))
        kept = {path.name: path.read_bytes() for path in stick.iterdir()}
        run = place.begin(1, to=stick)
        pid = place.stopped_in_the_middle(run, stick)
        free = os.statvfs(stick)
        (stick / "Filme").write_bytes(bytes(free.f_bavail * free.f_frsize))
        os.kill(pid, signal.SIGCONT)
        shown = place.ended(run)
        assert shown["state"] == "failed"
        message = shown["tenants"][0]["message"]
        assert re.search(r"needs about [\d.]+ MB, and .* has 0 MB free", message), message
        (stick / "Filme").unlink()
        assert {path.name: path.read_bytes() for path in stick.iterdir()} == kept
        for file in older["tenants"][0]["files"]:
            assert Path(file).name in kept


@pytest.mark.parametrize(("silent", "state"), [(4, "running"), (6, "failed")])
def test_a_run_on_another_machine_is_dead_once_it_is_silent(
    place: Place, silent: int, state: str
) -> None:
    run = _laid(place, "running", minutes=silent)
    assert place.show(run)["state"] == state


def test_a_run_that_begins_while_it_is_looked_at_is_shown(place: Place) -> None:
    run = _laid(place, "running", minutes=1)
    place.sql("UPDATE sichern_run SET started = NULL, heartbeat = NULL WHERE id = ?", run)
    assert place.show(run)["state"] == "running"


def test_a_run_that_ends_while_it_is_looked_at_has_not_failed(place: Place) -> None:
    run = _laid(place, "running", minutes=0)
    place.sql(
        "UPDATE sichern_run SET machine = ?, pid = 1, mark = 'gone' WHERE id = ?",
        platform.node(), run,
    )
    assert place.tryton.ask("show_while_it_ends", "chef", run) == ["running", "running"]
    assert place.show(run)["state"] == "complete"


def test_a_plan_is_shown_once_it_may_be_carried_out(place: Place) -> None:
    run = _laid(place, "running", minutes=1)
    place.sql("UPDATE sichern_run_tenant SET plan = 'Plan' WHERE run = ?", run)
    place.sql(
        "UPDATE sichern_run SET kind = 'plan', way = 'new',"
        " \"user\" = (SELECT id FROM res_user WHERE login = 'chef') WHERE id = ?", run,
    )
    assert place.tryton.ask("shown_plan", "chef", run) == ["running", None]
    place.sql("UPDATE sichern_run SET state = 'complete' WHERE id = ?", run)
    assert place.tryton.ask("shown_plan", "chef", run) == ["complete", "Plan"]


@pytest.mark.parametrize(("late", "state"), [(1, "waiting"), (3, "failed")])
def test_a_run_whose_process_never_came_does_not_wait_for_ever(
    place: Place, late: int, state: str
) -> None:
    run = _laid(place, "waiting", minutes=late)
    assert place.show(run)["state"] == state


def _laid(place: Place, state: str, minutes: int) -> int:
    """Lay a run of another machine there that said nothing for so long."""
    then = f"-{minutes} minutes"
    place.sql(
        "INSERT INTO sichern_run (kind, name, state, create_date, started, heartbeat, machine,"
        " destination) VALUES ('back-up', 'x', ?, datetime('now', ?), datetime('now', ?),"
        " datetime('now', ?), 'elsewhere', ?)", state, then, then, then, str(place.to),
    )
    ((run,),) = place.sql("SELECT max(id) FROM sichern_run")
    place.sql(
        "INSERT INTO sichern_run_tenant (run, company, key, name, state)"
        " VALUES (?, 1, '1', 'Muster GmbH', ?)", run, state,
    )
    return int(run)
