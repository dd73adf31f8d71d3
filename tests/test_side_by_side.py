"""Several tenants of one command at once: the pairs and the report of one after another."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pluggy
import pytest
import sqlalchemy as sa

from sichern.archive.check import check_pair
from sichern.backup import back_up
from sichern.side_by_side import SideBySide
from sichern.workers import Workers
from sichern_hooks import (
    Destination,
    Outcome,
    Progress,
    Report,
    SichernError,
    Tenant,
    TenantRef,
    create_manager,
    hookimpl,
)
from tests.support import world
from tests.support.archive import Pair
from tests.support.small_host import ADMIN, TENANTS, SmallHost, SmallSource

ALPHA, BETA = TENANTS["1"], TENANTS["2"]
STRANGER = Tenant(ref=TenantRef(host="small", key="9"), name="Gamma")
KINDS = ["threads", "processes"]
PATIENCE = 20.0
"""Seconds until a process that does not come counts as not there."""


class Slow(SmallHost):
    """Takes its time to open Alpha, and may be struck dead while it does so."""

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> SmallSource | None:
        """Wait for somebody to act, where a file says so."""
        waiting = Path(f"{self.url.removeprefix('sqlite:///')}.wait")
        if tenant.key == "1" and waiting.exists() and os.getpid() != int(waiting.read_text()):
            waiting.with_suffix(".pid").write_text(str(os.getpid()))
            time.sleep(1.5)
        return super().sichern_open_source(tenant)


def open_small(url: str) -> pluggy.PluginManager:
    """Open the host where a job runs."""
    return create_manager(Slow(url=url))


@pytest.fixture
def url(tmp_path: Path) -> str:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'world.sqlite'}")
    with engine.begin() as connection:
        world.create(connection, world.ROWS)
    engine.dispose()
    return str(engine.url)


@pytest.fixture(params=KINDS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    pool = ThreadPoolExecutor(2) if request.param == "threads" else Workers(2)
    with pool:
        yield pool


class Several:
    """Runs over several tenants, side by side."""

    def __init__(self, url: str, folder: Path, executor: Executor, at_once: int = 2) -> None:
        self.host = Slow(url=url)
        self.target = folder / "backups"
        self.target.mkdir()
        self.how = SideBySide(
            executor=executor, opening=partial(open_small, url), at_once=at_once
        )
        self.cancelled = False

    def back_up(self, *tenants: Tenant) -> Report:
        """Back up tenants."""
        return back_up(
            create_manager(self.host), ADMIN, tenants, Destination(path=str(self.target)),
            cancelled=lambda: self.cancelled, side_by_side=self.how,
        )  # fmt: skip


def test_the_report_is_in_the_order_that_was_asked(
    url: str, tmp_path: Path, executor: Executor
) -> None:
    several = Several(url, tmp_path, executor)
    report = several.back_up(BETA, STRANGER, ALPHA)
    assert [entry.tenant for entry in report.tenants] == [BETA, STRANGER, ALPHA]
    assert [entry.outcome for entry in report.tenants] == [
        Outcome.COMPLETE,
        Outcome.FAILED,
        Outcome.COMPLETE,
    ]
    error = report.tenants[1].error
    assert isinstance(error, SichernError)
    assert (error.code, error.values) == ("unknown-tenant", {"tenant": "9"})
    assert several.host.reports == [report]
    assert {each.tenant.key for each in several.host.progress} == {"1", "2", "9"}
    for entry in (report.tenants[0], report.tenants[2]):
        assert check_pair(Path(entry.files[-1])).sound


def test_the_pairs_are_those_of_one_after_another(
    url: str, tmp_path: Path, executor: Executor
) -> None:
    several = Several(url, tmp_path, executor)
    beside = several.back_up(ALPHA, BETA)
    several.how = None  # type: ignore[assignment]
    turn = several.back_up(ALPHA, BETA)
    for one, other in zip(beside.tenants, turn.tenants, strict=True):
        first, second = Pair(Path(one.files[-1])).members, Pair(Path(other.files[-1])).members
        assert first.keys() == second.keys()
        assert all(first[name] == second[name] for name in first if name.startswith("data/"))


def test_no_more_at_once_than_a_server_is_given(url: str, tmp_path: Path) -> None:
    running: list[int] = []
    most = 0

    class Counting(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            def counted():  # type: ignore[no-untyped-def]
                nonlocal most
                running.append(1)
                most = max(most, len(running))
                try:
                    return fn(*args, **kwargs)
                finally:
                    running.pop()

            return super().submit(counted)

    with Counting(4) as pool:
        report = Several(url, tmp_path, pool, at_once=1).back_up(ALPHA, BETA, ALPHA)
    assert len(report.tenants) == 3
    assert most == 1


def test_cancelling_stops_all_and_leaves_nothing(
    url: str, tmp_path: Path, executor: Executor
) -> None:
    several = Several(url, tmp_path, executor)
    several.cancelled = True
    (tmp_path / "world.sqlite.wait").write_text("0")
    report = several.back_up(ALPHA, BETA, ALPHA)
    assert Outcome.CANCELLED in [entry.outcome for entry in report.tenants]
    assert report.tenants[2].outcome is Outcome.CANCELLED
    complete = [entry for entry in report.tenants if entry.outcome is Outcome.COMPLETE]
    assert len(list(several.target.iterdir())) == 2 * len(complete)


def test_a_process_that_is_killed_fails_its_tenant_and_no_other(
    url: str, tmp_path: Path
) -> None:
    waiting = tmp_path / "world.sqlite.wait"
    waiting.write_text(str(os.getpid()))

    class Strikes:
        @hookimpl
        def sichern_progress(self, progress: Progress) -> None:
            if progress.tenant.key == "2" and waiting.exists():
                found = waiting.with_suffix(".pid")
                end = time.monotonic() + PATIENCE
                # Alpha's process may come later than Beta's; it is struck while it sleeps.
                while not (found.exists() and found.read_text()) and time.monotonic() < end:
                    time.sleep(0.01)
                os.kill(int(found.read_text()), signal.SIGKILL)
                waiting.unlink()

    with Workers(2) as workers:
        several = Several(url, tmp_path, workers)
        manager = create_manager(several.host, Strikes())
        report = back_up(
            manager, ADMIN, [ALPHA, BETA, BETA], Destination(path=str(several.target)),
            side_by_side=several.how,
        )  # fmt: skip
        pids = workers.pids
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "worker-lost"
    assert [entry.outcome for entry in report.tenants[1:]] == [Outcome.COMPLETE] * 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
