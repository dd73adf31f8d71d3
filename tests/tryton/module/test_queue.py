"""Runs on PostgreSQL, where trytond's own worker starts them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from sichern.archive.check import check_pair
from tests.support.module import activate
from tests.support.postgres import Server
from tests.support.tryton import TrytonDatabase, copy_postgres, demo_postgres, environment
from tests.tryton.module.running import Tryton

LONG = 120
GOING_ON = {"waiting", "running"}


class Queue:
    """A Tryton whose runs wait for a worker, and the worker."""

    def __init__(self, database: TrytonDatabase) -> None:
        self.to = database.folder / "Sicherungen"
        self.to.mkdir()
        parser = ConfigParser(interpolation=None)
        parser.read(database.config, encoding="utf-8")
        parser["sichern"] = {"destinations": str(self.to)}
        parser["queue"] = {"worker": "True"}
        with database.config.open("w", encoding="utf-8") as file:
            parser.write(file)
        self._database = database
        self.tryton = Tryton(database)
        self.worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        """Start it as a service manager does: of one run at a time."""
        with (self._database.folder / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "trytond.cli.worker", "-c", str(self._database.config),
                 "-d", self._database.name, "-n", "1", "-t", "1"],
                env=environment(self._database.uri), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )

    def stop_worker(self) -> None:
        """Kill it with all that it began to do, as the end of its machine would."""
        if self.worker is not None:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait()
            self.worker = None

    def begin(self) -> int:
        values = {"destination": str(self.to), "documents": "inside", "shared": "default"}
        return int(self.tryton.ask("begin", "chef", [1, 2], values))

    def show(self, run: int) -> dict[str, Any]:
        return dict(self.tryton.ask("show", "chef", run))

    def until(self, run: int, *states: str) -> dict[str, Any]:
        """Look at a run until it is in one of these states."""
        end = time.monotonic() + LONG
        while (shown := self.show(run))["state"] not in states:
            log = (self._database.folder / "worker.log").read_text()[-2000:]
            assert time.monotonic() < end, (shown, log)
            time.sleep(0.1)
        return shown


@pytest.fixture(scope="module")
def queue(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    database = copy_postgres(postgres, demo_postgres(postgres), tmp_path_factory.mktemp("queue"))
    activate(database)
    queue = Queue(database)
    yield queue
    queue.stop_worker()
    queue.tryton.close()


def test_a_run_waits_for_the_worker_and_ends_well(queue: Queue) -> None:
    run = queue.begin()
    time.sleep(2)
    assert queue.show(run)["state"] == "waiting"
    queue.start_worker()
    shown = queue.until(run, "complete", "warnings", "failed", "failed-in-part")
    assert shown["state"] == "complete"
    for tenant in shown["tenants"]:
        (info,) = [file for file in tenant["files"] if file.endswith(".ztx")]
        assert not check_pair(Path(info)).problems


def test_a_run_whose_worker_dies_with_it_does_not_run_for_ever(queue: Queue) -> None:
    before = set(queue.to.iterdir())
    run = queue.begin()
    if queue.worker is None:
        queue.start_worker()
    pid = queue.until(run, "running")["pid"]
    os.kill(pid, signal.SIGKILL)
    queue.stop_worker()
    queue.until(run, "failed", "failed-in-part")
    shown = queue.show(run)  # noted by the look before
    assert shown["message"]
    assert not GOING_ON & {each["state"] for each in shown["tenants"]}
    left = {path.name for path in set(queue.to.iterdir()) - before}
    assert not [name for name in left if name.endswith(".part")]
