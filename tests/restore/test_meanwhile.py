"""What others do while a tenant is replaced: nothing of it is lost, nothing is half seen."""

from collections.abc import Sequence

import psycopg
import pytest

from sichern.readers import Readers
from sichern.target.session import TargetSession
from sichern_hooks import Outcome, Way
from tests.restore.conftest import EMPTY, MakeWorld
from tests.restore.reading import error_of
from tests.support import world as small
from tests.support.archive import Pair

ENTERED = "insert into invoice values (70, 1, 4, null, null, null, 'entered meanwhile')"


@pytest.mark.parametrize(
    "statement",
    [ENTERED, "update line set amount = 11 where id = 1", "delete from line where id = 1"],
    ids=["entered", "changed", "removed"],
)
@pytest.mark.parametrize("divided", [False, True], ids=["in one", "in windows"])
def test_what_people_did_after_the_backup_that_comes_first_is_not_replaced(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, statement: str, divided: bool
) -> None:
    if divided:
        monkeypatch.setattr("sichern.windows.CHUNK_ROWS", 1)
        monkeypatch.setattr("sichern.windows.ROWS", 1)
        monkeypatch.setattr(Readers, "ready", lambda *_: False)
    world = make_world(small.ROWS)
    file = world.back_up()
    assert ("data/invoice/00002.tsv" in Pair(file).members) is divided
    begin = TargetSession.begin

    def begin_late(session: TargetSession, alone: Sequence[str] = ()) -> None:
        world.run(statement)
        begin(session, alone)

    monkeypatch.setattr(TargetSession, "begin", begin_late)
    assert error_of(world.take(file, Way.REPLACE)).code == "changed-meanwhile"
    monkeypatch.setattr(TargetSession, "begin", begin)
    assert world.take(file, Way.REPLACE).outcome is Outcome.COMPLETE


def test_nobody_enters_a_row_of_the_tenant_while_it_is_replaced(
    make_postgresql: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_postgresql(small.ROWS)
    file = world.back_up()
    real = TargetSession.commit
    tried = []

    def commit(session: TargetSession) -> None:
        url = world.host.url.replace("+psycopg", "")
        with psycopg.connect(url, options="-c lock_timeout=100") as other:
            assert other.execute("select count(*) from invoice").fetchone() == (4,)
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(ENTERED)
        tried.append(True)
        real(session)

    monkeypatch.setattr(TargetSession, "commit", commit)
    assert world.take(file, Way.REPLACE).outcome is Outcome.COMPLETE
    assert tried == [True]
    world.run(ENTERED)


def test_a_tenant_that_comes_meanwhile_leaves_no_system_that_is_empty(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two imports into one empty system at once: each saw it empty."""
    file = make_world(small.ROWS).back_up()
    target = make_world(EMPTY)
    begin = TargetSession.begin

    def begin_late(session: TargetSession, alone: Sequence[str] = ()) -> None:
        target.run("insert into company (id, name) values (9, 'Andere')")
        begin(session, alone)

    monkeypatch.setattr(TargetSession, "begin", begin_late)
    assert error_of(target.take(file, Way.EMPTY)).code == "tenant-exists"
