"""Runs in processes of their own: one's failure stops no other, and none runs for ever."""

import datetime as dt
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sichern.archive.check import check_pair
from tests.hostile.mounts import tmpfs
from tests.support.module import demo_with_module
from tests.support.tryton import TrytonDatabase, copy_sqlite
from tests.tryton.module.running import Tryton

LONG = 120
SOON = 5.0
"""Seconds within which nothing is left of what was cancelled."""
GOING_ON = {"waiting", "running"}


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
        with closing(sqlite3.connect(self.database.file, timeout=30)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def begin(self, *keys: int, to: Path | None = None) -> int:
        values = {
            "destination": str(to or self.to), "documents": "inside", "shared": "default"
        }
        return int(self.tryton.ask("begin", "chef", list(keys), values))

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


def test_three_of_ten_fail_and_seven_are_backed_up(place: Place) -> None:
    cheap = place.tryton.ask("companies", "chef", 9)
    gone, hidden = cheap[-2:]
    damage = "UPDATE account_invoice SET invoice_date = ? WHERE id = ?"
    ((number, date),) = place.sql(
        "SELECT id, invoice_date FROM account_invoice WHERE company = 1"
        " AND invoice_date IS NOT NULL ORDER BY id LIMIT 1"
    )
    place.sql(damage, "30.02.2026", number)
    run = place.begin(1, *cheap)
    place.sql('DELETE FROM "res_user-company_company" WHERE company = ?', hidden)
    place.sql("DELETE FROM company_company WHERE id = ?", gone)
    shown = place.ended(run)
    place.sql(damage, date, number)
    assert shown["state"] == "failed-in-part"
    bad = {int(each["key"]): each for each in shown["tenants"] if each["state"] == "failed"}
    good = [each for each in shown["tenants"] if each["state"] in {"complete", "warnings"}]
    assert bad.keys() == {1, gone, hidden}
    assert len(good) == 7
    messages = [each["message"] for each in bad.values()]
    assert len(set(messages)) == 3
    assert all(len(message.splitlines()) == 2 for message in messages), messages
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
        assert re.search(r"needs about \d+ MB, and .* has \d+ MB free", message), message
        filler.unlink()
        assert {path.name: path.read_bytes() for path in stick.iterdir()} == kept
        info = next(stick.glob("*.ztx"))
        assert not check_pair(info).problems


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
        assert re.search(r"needs about \d+ MB, and .* has 0 MB free", message), message
        (stick / "Filme").unlink()
        assert {path.name: path.read_bytes() for path in stick.iterdir()} == kept
        for file in older["tenants"][0]["files"]:
            assert Path(file).name in kept


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("state = 'running', machine = 'elsewhere', heartbeat = :now", "running"),
        ("state = 'running', machine = 'elsewhere', heartbeat = :long_ago", "failed"),
        ("state = 'running', machine = 'elsewhere', heartbeat = NULL, started = :long_ago",
         "failed"),
        ("state = 'waiting', create_date = :now", "waiting"),
        ("state = 'waiting', create_date = :long_ago", "failed"),
    ],
    ids=["spoke-just-now", "silent", "never-spoke", "to-come", "never-came"],
)  # fmt: skip
def test_a_run_that_gives_no_sign_of_life_is_failed(
    place: Place, ended_run: int, change: str, shown: str
) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    for name, when in {"now": now, "long_ago": now - dt.timedelta(hours=1)}.items():
        change = change.replace(f":{name}", f"'{when:%Y-%m-%d %H:%M:%S}'")
    place.sql(f"UPDATE sichern_run_tenant SET state = 'running' WHERE run = {ended_run}")
    place.sql(f"UPDATE sichern_run SET {change} WHERE id = {ended_run}")
    assert place.show(ended_run)["state"] == shown
    if shown == "failed":
        until(lambda: place.sql(f"SELECT state FROM sichern_run WHERE id = {ended_run}")
              == [("failed",)])


@pytest.fixture(scope="module")
def ended_run(place: Place) -> int:
    run = place.begin(2)
    place.ended(run)
    return run
