"""Rows read by several processes are those of one session, and no process outlives a run."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sichern.archive.check import check_pair
from sichern.backup import back_up
from sichern.readers import Readers
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.model import TenantTable
from sichern.workers import Workers
from sichern_hooks import Destination, Outcome, Report
from tests.support.pipeline import ALPHA, AtStep, Pipeline, failure
from tests.support.postgres import Server
from tests.support.small_host import ADMIN
from tests.support.workers import gone

pytestmark = pytest.mark.usefixtures("two_readers")

LINES = 120_000
FAR = 40_000
"""Lines beyond those whose keys are far away from theirs."""


@pytest.fixture(scope="module")
def pipeline(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    made = Pipeline(postgres, tmp_path_factory.mktemp("beside"), LINES)
    made.run(
        # Keys far away, and more of them close together than a window is meant to have.
        "insert into line (id, invoice, amount) select 900000000 + i, 1, i"
        f" from generate_series(1, {FAR}) i",
        "create unique index on line (id)",
        "analyze",
    )
    yield made
    postgres.drop_database(made.name)


def nothing_left(pipeline: Pipeline) -> bool:
    """Whether the destination is empty and nobody is connected any more."""
    for _ in range(50):
        if not pipeline.backends():
            break
        time.sleep(0.1)
    return not pipeline.backends() and list(pipeline.target.iterdir()) == []


@pytest.fixture
def alone(pipeline: Pipeline) -> dict[str, bytes]:
    """What one session reads."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Readers, "ready", lambda *_: False)
        return _contents(pipeline)


def _contents(pipeline: Pipeline) -> dict[str, bytes]:
    try:
        return pipeline.contents()
    finally:
        for path in pipeline.target.iterdir():
            path.unlink()


def test_the_same_bytes_in_the_same_chunks(
    pipeline: Pipeline, alone: dict[str, bytes], started: list[Workers]
) -> None:
    beside = _contents(pipeline)
    assert beside == alone
    lines = [content.count(b"\n") for name, content in beside.items() if "/line/" in name]
    assert sum(lines) == LINES + FAR + 2
    assert max(lines) == 25_000
    assert gone(started)


def test_an_executor_of_another_kind_takes_its_place(
    pipeline: Pipeline, alone: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        monkeypatch.setattr(Readers, "_enter", lambda *_: pytest.fail("no workers were wanted"))
        start = Readers.__init__

        def given(self: Readers, **keywords: object) -> None:
            start(self, **{**keywords, "executor": pool})  # type: ignore[arg-type]

        monkeypatch.setattr(Readers, "__init__", given)
        assert _contents(pipeline) == alone


def test_a_login_that_may_connect_but_once_reads_alone(
    pipeline: Pipeline, alone: dict[str, bytes], started: list[Workers]
) -> None:
    pipeline.run("create role narrow login superuser connection limit 1")
    pipeline.run("alter role narrow nosuperuser", "grant pg_read_all_data to narrow")
    try:
        report = pipeline.back_up("narrow")
        assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
        assert gone(started)
    finally:
        for path in pipeline.target.iterdir():
            path.unlink()
        pipeline.run("drop owned by narrow", "drop role narrow")


@pytest.mark.usefixtures("many_windows")
def test_a_killed_worker_ends_the_run(pipeline: Pipeline, started: list[Workers]) -> None:
    def strike() -> None:
        (workers,) = started
        for pid in workers.pids:
            os.kill(pid, signal.SIGKILL)

    struck = AtStep(share=0.3, what=strike)
    assert failure(pipeline.back_up("postgres", struck)) == "worker-lost"
    assert struck.done
    assert gone(started)
    assert nothing_left(pipeline)


@pytest.mark.usefixtures("many_windows")
def test_a_session_of_a_worker_that_is_ended_ends_the_run(
    pipeline: Pipeline, started: list[Workers]
) -> None:
    def strike() -> None:
        for pid in sorted(pipeline.backends())[1:]:
            os.kill(pid, signal.SIGTERM)

    assert failure(pipeline.back_up("postgres", AtStep(share=0.1, what=strike))) == "database-gone"
    assert gone(started)
    assert nothing_left(pipeline)


def _cancel_at(pipeline: Pipeline, share: float) -> Report:
    stopped: list[bool] = []
    at = AtStep(share=share, what=lambda: stopped.append(True))
    return back_up(
        pipeline.manager("postgres", at), ADMIN, [ALPHA], Destination(path=str(pipeline.target)),
        cancelled=lambda: bool(stopped),
    )  # fmt: skip


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_cancelled_run_leaves_no_process(
    pipeline: Pipeline, started: list[Workers], share: float
) -> None:
    assert _cancel_at(pipeline, share).outcome is Outcome.CANCELLED
    assert gone(started)
    assert nothing_left(pipeline)


def test_rows_of_another_tenant_are_seen_where_they_are_read(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, started: list[Workers]
) -> None:
    right = Closure.belongs

    def wrong(self: Closure, asked: TenantTable, alias: str, side: Side = Side.OURS) -> str:
        return "true" if asked.name == "line" else right(self, asked, alias, side)

    monkeypatch.setattr(Closure, "belongs", wrong)
    assert failure(pipeline.back_up()) == "foreign-row"
    assert gone(started)
    assert nothing_left(pipeline)


def test_a_pair_that_was_read_side_by_side_is_sound(pipeline: Pipeline) -> None:
    report = pipeline.back_up()
    try:
        assert check_pair(Path(report.tenants[0].files[-1])).sound
    finally:
        for path in pipeline.target.iterdir():
            path.unlink()
