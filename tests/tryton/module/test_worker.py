"""Runs through trytond's queue on PostgreSQL, with a worker that may be killed at any time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.module import activate
from tests.support.postgres import Server
from tests.support.sichern import sichern
from tests.support.tryton import copy_postgres, demo_postgres, environment
from tests.tryton.module.test_runs import Place, until


class Queued(Place):
    """A Tryton on PostgreSQL whose runs wait for a worker."""

    def __init__(self, folder: Path, server: Server) -> None:
        database = copy_postgres(server, demo_postgres(server), folder / "tryton")
        activate(database)
        self.at = server.uri(database.name)
        super().__init__(folder, database, queue=True)
        self.worker = self.start_worker()

    def sql(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self.at) as connection:
            done = connection.execute(statement.replace("?", "%s").encode(), values)
            return done.fetchall() if done.description else []

    def start_worker(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "trytond.cli.worker", "-c", str(self.database.config),
             "-d", self.database.name, "--name", "sichern"],
            env=environment(self.database.uri), start_new_session=True,
        )

    def kill_worker(self) -> None:
        """End the worker and the processes of its pool, as nobody can prepare for."""
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()


@pytest.fixture(scope="module")
def queued(
    postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Queued]:
    queued = Queued(tmp_path_factory.mktemp("queued"), postgres)
    yield queued
    queued.tryton.process.kill()
    queued.tryton.close()
    if queued.worker.poll() is None:
        queued.kill_worker()


def test_two_companies_are_backed_up_by_a_worker(queued: Queued) -> None:
    run = queued.begin(1, 2)
    assert queued.sql("SELECT queued FROM sichern_run WHERE id = ?", run) == [(True,)]
    shown = queued.ended(run)
    assert shown["state"] == "complete", shown
    files = [file for each in shown["tenants"] for file in each["files"]]
    infos = [file for file in files if file.endswith(".ztx")]
    assert len(infos) == 2
    for info in infos:
        assert sichern("check", info).status == 0


def test_a_killed_run_is_failed_and_the_worker_goes_on(queued: Queued) -> None:
    before = queued.names()
    run = queued.begin(1)
    os.kill(queued.stopped_in_the_middle(run), signal.SIGKILL)
    until(lambda: queued.show(run)["state"] == "failed")
    until(lambda: queued.names() == before)
    assert "the process of this run ended" in queued.show(run)["message"]
    assert queued.ended(queued.begin(2))["state"] == "complete"


def test_a_run_outlives_its_worker_and_one_that_was_only_taken_is_failed(queued: Queued) -> None:
    run = queued.begin(1)
    pid = queued.stopped_in_the_middle(run)
    queued.kill_worker()
    os.kill(pid, signal.SIGCONT)
    assert queued.ended(run)["state"] == "complete"
    lost = queued.begin(2)
    assert queued.show(lost)["state"] == "waiting"
    queued.sql("UPDATE sichern_run SET create_date = create_date - interval '1 day'")
    assert queued.show(lost)["state"] == "waiting"
    taken = "UPDATE ir_queue SET dequeued_at = now() at time zone 'utc' - interval '?'"
    queued.sql(taken.replace("?", "1 second") + " WHERE dequeued_at IS NULL")
    assert queued.show(lost)["state"] == "waiting"
    queued.sql(taken.replace("?", "1 hour"))
    assert queued.show(lost)["state"] == "failed"
    until(lambda: queued.sql("SELECT state FROM sichern_run WHERE id = ?", lost) == [("failed",)])


def test_what_has_to_come_first_waits_for_no_worker(queued: Queued) -> None:
    (company,) = queued.tryton.ask("companies", "chef", 1)
    job = {
        "name": "Vorher", "destination": str(queued.to), "everyone": False, "nightly": False,
        "companies": [("add", [company])], "before_deletion": True,
    }
    queued.tryton.ask("save_job", "chef", job)
    assert queued.worker.poll() is not None
    before = queued.names()
    queued.tryton.ask("delete", "chef", company)
    assert len(queued.names() - before) == 2
