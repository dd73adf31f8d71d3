"""A failure anywhere on the way in leaves the target as it was, rows and documents alike."""

import signal
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from sichern.target.session import TargetSession
from sichern_hooks import Actor, Notice, Outcome, TenantRef, Way
from tests.restore.conftest import EMPTY, MakeWorld, World
from tests.support import world as small
from tests.support.small_host import ADMIN
from tests.support.small_target import SmallTarget

TARGETS = {Way.NEW: small.ROWS, Way.EMPTY: EMPTY, Way.REPLACE: small.ROWS}
CHANGED = (
    "update invoice set number = 'changed' where id = 1",
    "delete from line where id = 2",
    "insert into line (id, invoice, product, amount) values (50, 1, 1, 7)",
    "insert into attachment values (60, 'invoice,1', 'later.pdf', 'L')",
)
"""What happened to Alpha since its backup, so that REPLACE removes, changes and inserts."""

each_way = pytest.mark.parametrize("way", list(Way))


class Broken(Exception):
    """The injected failure."""


class Breaks:
    """Fails when it is asked for the n-th time; counts how often it was asked."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.asked = 0

    def __call__(self) -> bool:
        """Stand in for `cancelled`, which is asked before and after each table and document."""
        self.asked += 1
        if self.asked == self.at:
            raise Broken
        return False


def _target(make_world: MakeWorld, way: Way) -> World:
    target = make_world(TARGETS[way])
    if way is Way.REPLACE:
        target.run(*CHANGED)
    return target


@each_way
def test_a_failure_before_or_after_any_table_leaves_the_target_as_it_was(
    make_world: MakeWorld, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_world(small.ROWS).back_up()
    counting = Breaks()
    started: list[int] = []
    real_begin = TargetSession.begin

    def begin(session: TargetSession, alone: Sequence[str] = ()) -> None:
        started.append(counting.asked)
        real_begin(session, alone)

    monkeypatch.setattr(TargetSession, "begin", begin)
    assert _target(make_world, way).take(file, way, cancelled=counting).outcome in (
        Outcome.COMPLETE,
        Outcome.WARNINGS,
    )
    target = _target(make_world, way)
    before = target.content()
    # One step before anything is written, and every one after; of PostgreSQL's every third,
    # the last among them, since each takes a second.
    stride = 1 if target.host.url.startswith("sqlite") else 3
    for at in reversed(range(counting.asked, started[0] - 1, -stride)):
        report = target.take(file, way, cancelled=Breaks(at))
        assert report.outcome is Outcome.FAILED, f"step {at}"
        assert report.tenants[0].error is not None
        assert report.tenants[0].error.code == "unexpected"
        assert target.content() == before, f"step {at} of {counting.asked}"
    assert target.take(file, way).outcome in (Outcome.COMPLETE, Outcome.WARNINGS)


@each_way
def test_a_failure_of_any_statement_leaves_the_target_as_it_was(
    make_world: MakeWorld, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements of the transaction, and the commit itself."""
    file = make_world(small.ROWS).back_up()
    target = _target(make_world, way)
    before = target.content()
    begun: list[TargetSession] = []
    real_begin = TargetSession.begin

    def begin(session: TargetSession, alone: Sequence[str] = ()) -> None:
        real_begin(session, alone)
        begun.append(session)

    monkeypatch.setattr(TargetSession, "begin", begin)
    failing = left = 0

    def fail(connection: sa.Connection, *_: object) -> None:
        nonlocal left
        if not begun or begun[-1]._connection is not connection:
            return
        left -= 1
        if left == 0:
            raise Broken

    sa.event.listen(sa.Engine, "before_cursor_execute", fail)
    sa.event.listen(sa.Engine, "commit", fail)
    try:
        for at in range(1, 2000, 29):
            begun.clear()
            left = at
            report = target.take(file, way)
            if report.outcome is not Outcome.FAILED:
                break
            failing += 1
            assert target.content() == before, f"statement {at}"
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", fail)
        sa.event.remove(sa.Engine, "commit", fail)
    assert failing > 5
    assert target.content() != before


@each_way
def test_a_commit_that_fails_leaves_the_target_as_it_was(
    make_world: MakeWorld, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_world(small.ROWS).back_up()
    target = _target(make_world, way)
    before = target.content()

    def commit(_session: TargetSession) -> None:
        raise Broken

    monkeypatch.setattr(TargetSession, "commit", commit)
    report = target.take(file, way)
    assert report.outcome is Outcome.FAILED
    assert target.content() == before


def test_documents_put_into_the_store_are_taken_back(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_world(small.ROWS).back_up()
    target = make_world(EMPTY)
    before = target.content()
    counting = Breaks()
    target.take(file, Way.NEW, cancelled=counting)
    assert target.content() != before
    again = make_world(EMPTY)
    report = again.take(file, Way.NEW, cancelled=Breaks(counting.asked))
    assert report.outcome is Outcome.FAILED
    assert again.content() == before


def test_an_interrupt_after_the_commit_takes_nothing_back_and_says_so(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told that nothing was kept would start again, and have the tenant twice."""
    file, target = make_world(small.ROWS).back_up(), make_world(EMPTY)
    real_commit, real_finish, real_close = (
        TargetSession.commit, SmallTarget.finish, TargetSession.close,
    )  # fmt: skip

    def commit(session: TargetSession) -> None:
        real_commit(session)
        signal.raise_signal(signal.SIGINT)

    def finish(self: SmallTarget, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        signal.raise_signal(signal.SIGTERM)
        return real_finish(self, actor, tenant)

    def close(session: TargetSession) -> None:
        real_close(session)
        raise KeyboardInterrupt

    monkeypatch.setattr(TargetSession, "commit", commit)
    monkeypatch.setattr(SmallTarget, "finish", finish)
    monkeypatch.setattr(TargetSession, "close", close)
    report = target.take(file, Way.NEW)
    assert report.tenants[0].error is None
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS)
    assert target.ask("select count(*) from company") == [(1,)]
    assert target.host.targets[-1].finished == [(ADMIN, report.tenants[0].tenant.ref)]
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
