"""Several processes read a file of SQLite as one session does, or leave it to the one."""

import gc
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sichern.archive.check import check_pair
from sichern.backup import back_up
from sichern.readers import Readers
from sichern.schema.columns import WireColumn
from sichern.source.errors import DatabaseBusy, UnreadableRow
from sichern.source.login import FileLogin, ReaderFailed
from sichern.source.query import Query
from sichern.source.snapshot import Snapshot
from sichern.source.watch import Watch, identity
from sichern.tenancy.glance import Glance
from sichern.window_reader import enter, read_window
from sichern.workers import Workers
from sichern_hooks import Destination, Outcome, Report, SichernError, create_manager
from tests.support import world
from tests.support.archive import Pair
from tests.support.pipeline import ALPHA, FIRST, AtStep, failure
from tests.support.small_host import ADMIN, SmallHost
from tests.support.workers import gone

pytestmark = pytest.mark.usefixtures("two_readers")

LINES = 60_000
ADD = "insert into line values (7, 1, 1, null, 7, 'of another instant')"


class File:
    """The small world in a file of SQLite, with many lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "world.sqlite"
        self.target = folder / "backups"
        self.target.mkdir()
        self.host = SmallHost(url=f"sqlite:///{self.path}", store=folder / "store")
        engine = sa.create_engine(self.host.url)
        with engine.begin() as connection:
            world.create(connection, world.ROWS)
        engine.dispose()
        self.run("pragma journal_mode = wal", "alter table line add column note text")
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executemany(
                "insert into line values (?, ?, 1, null, ?, ?)",
                ((FIRST + i, 1 + i % 2, i, f"note\\{i}\n") for i in range(LINES)),
            )
            connection.commit()

    def run(self, *statements: str) -> None:
        """Run statements as another program would."""
        with closing(sqlite3.connect(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    def back_up(self, *observers: object) -> Report:
        """Back up Alpha."""
        manager = create_manager(self.host, *observers)
        return back_up(manager, ADMIN, [ALPHA], Destination(path=str(self.target)))

    def contents(self) -> dict[str, bytes]:
        """Back up Alpha, and give the rows; nothing is left."""
        report = self.back_up()
        error = report.tenants[0].error
        assert error is None, f"{error.code}: {error}"
        info = Path(report.tenants[0].files[-1])
        assert check_pair(info).sound
        members = Pair(info).members
        for path in self.target.iterdir():
            path.unlink()
        return {name: members[name] for name in members if name.startswith("data/")}


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


@pytest.fixture
def alone(file: File) -> dict[str, bytes]:
    """What one session reads."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Readers, "ready", lambda *_: False)
        return file.contents()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables of which others read windows."""
    found: list[str] = []
    right = Readers.read

    def noted(self: Readers, query: Any, *rest: Any) -> Any:
        found.append(query.table)
        return right(self, query, *rest)

    monkeypatch.setattr(Readers, "read", noted)
    return found


@pytest.fixture(params=[0, 1 << 60], ids=["at once", "when needed"])
def when(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The readers start as for a large file, then as for a small one."""
    monkeypatch.setattr("sichern.readers.LARGE", request.param)


@pytest.mark.usefixtures("when")
def test_the_same_bytes_in_the_same_chunks(
    file: File, alone: dict[str, bytes], read: list[str], started: list[Workers]
) -> None:
    beside = file.contents()
    assert beside == alone
    lines = [content.count(b"\n") for name, content in beside.items() if "/line/" in name]
    assert sum(lines) == LINES + 2
    assert len(lines) > 3
    assert set(read) == {"line"}
    assert gone(started)


@pytest.mark.usefixtures("when")
def test_who_writes_before_all_readers_are_in_leaves_the_run_alone(
    file: File,
    alone: dict[str, bytes],
    read: list[str],
    started: list[Workers],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = Snapshot.shared

    def late(self: Snapshot) -> bool:
        file.run(ADD)
        return right(self)

    monkeypatch.setattr(Snapshot, "shared", late)
    assert file.contents() == alone
    assert read == []
    assert gone(started)


def test_who_writes_after_that_changes_no_byte(
    file: File, alone: dict[str, bytes], read: list[str]
) -> None:
    at = AtStep(share=0.1, what=lambda: file.run(ADD, "update line set amount = 0"))
    report = file.back_up(at)
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
    assert at.done
    members = Pair(Path(report.tenants[0].files[-1])).members
    assert {name: members[name] for name in alone} == alone
    assert read


@pytest.mark.usefixtures("when")
def test_a_file_that_takes_the_name_is_not_read(
    file: File,
    alone: dict[str, bytes],
    read: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    other = tmp_path / "restored.sqlite"
    with closing(sqlite3.connect(file.path)) as now, closing(sqlite3.connect(other)) as restored:
        now.backup(restored)
        restored.execute("update line set note = 'restored'")
        restored.commit()
    right = Snapshot.login

    def late(self: Snapshot) -> Any:
        found = right(self)
        other.replace(file.path)
        return found

    monkeypatch.setattr(Snapshot, "login", late)
    assert file.contents() == alone
    assert read == []


def test_what_goes_wrong_with_those_who_would_help_is_no_failure(
    file: File, alone: dict[str, bytes], started: list[Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Snapshot) -> bool:
        raise DatabaseBusy(reason="locked")

    monkeypatch.setattr(Snapshot, "shared", busy)
    assert file.contents() == alone
    assert gone(started)


def test_a_run_that_is_cancelled_does_not_wait_for_readers_to_come(
    file: File, started: list[Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sichern.readers.enter", time.sleep)
    monkeypatch.setattr(Snapshot, "login", lambda _: 600)
    begun = time.monotonic()
    report = back_up(
        create_manager(file.host), ADMIN, [ALPHA], Destination(path=str(file.target)),
        cancelled=lambda: time.monotonic() > begun + 3,
    )  # fmt: skip
    assert report.outcome is Outcome.CANCELLED
    assert gone(started)
    assert list(file.target.iterdir()) == []


def test_a_process_that_comes_too_late_reads_nothing(file: File) -> None:
    login = FileLogin(path=str(file.path), run="another")
    query = Query(sql="select 1", table="line", columns=(), key=())
    with pytest.raises(ReaderFailed):
        read_window(login, query, Glance(position=0, tenant=None, fields=1))


@pytest.mark.parametrize("collecting", [True, False])
def test_a_process_that_has_read_or_failed_collects_as_before(file: File, collecting: bool) -> None:
    columns = (WireColumn(name="id", wire="integer", nullable=False),)
    login = FileLogin(path=str(file.path), run=f"ours {collecting}")
    glance = Glance(position=0, tenant=None, fields=1)
    enter(login)
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        read_window(login, Query(sql="select 1", table="t", columns=columns, key=("id",)), glance)
        assert gc.isenabled() is collecting
        with pytest.raises(UnreadableRow):
            read_window(
                login, Query(sql="select 'x'", table="t", columns=columns, key=("id",)), glance
            )
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def test_a_key_of_null_is_read_by_one(file: File, read: list[str]) -> None:
    file.run(
        "create table copy (id int primary key, invoice integer references invoice (id),"
        " product integer references product (id), lot integer references lot (id),"
        " amount numeric, note text)",
        "insert into copy select * from line",
        "drop table line",
        "alter table copy rename to line",
        "insert into line values (null, 1, 1, null, 7, 'x')",
    )
    lines = b"".join(content for name, content in file.contents().items() if "/line/" in name)
    assert lines.count(b"\n") == LINES + 3
    assert read == []


def test_a_file_with_a_rollback_journal_is_read_by_one(
    file: File, alone: dict[str, bytes], read: list[str], started: list[Workers]
) -> None:
    file.run("pragma journal_mode = delete")
    assert file.contents() == alone
    assert not read
    assert not started


def test_a_key_that_is_no_number_is_read_by_one(file: File, read: list[str]) -> None:
    file.run(
        "create table copy (id int not null primary key, invoice integer references invoice (id),"
        " product integer references product (id), lot integer references lot (id),"
        " amount numeric, note text)",
        "insert into copy select * from line",
        "drop table line",
        "alter table copy rename to line",
        "insert into line values ('seven', 1, 1, null, 7, 'x')",
    )
    report = file.back_up()
    assert failure(report) == "unreadable-value", report.tenants[0].error
    assert read == []
    assert list(file.target.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [("amount", "'dear'", "dear"), ("note", "cast(x'61ff' as text)", "\\xff")],
)
def test_a_value_that_cannot_be_read_is_named(
    file: File, read: list[str], started: list[Workers], column: str, value: str, shown: str
) -> None:
    file.run(f"update line set {column} = {value} where id = {FIRST + 40_000}")
    report = file.back_up()
    assert failure(report) == "unreadable-value"
    error = report.tenants[0].error
    assert isinstance(error, SichernError)
    assert (error.values["table"], error.values["column"]) == ("line", column)
    assert error.values["key"] == str(FIRST + 40_000)
    assert shown in str(error.values["value"])
    assert read
    assert gone(started)
    assert list(file.target.iterdir()) == []


@pytest.mark.usefixtures("many_windows")
def test_a_killed_worker_ends_the_run(file: File, started: list[Workers]) -> None:
    def strike() -> None:
        for pid in started[0].pids:
            os.kill(pid, signal.SIGKILL)

    struck = AtStep(share=0.3, what=strike)
    assert failure(file.back_up(struck)) == "worker-lost"
    assert struck.done
    assert gone(started)
    assert list(file.target.iterdir()) == []


def test_a_watch_sees_that_another_file_has_taken_the_name(file: File) -> None:
    known = identity(file.path)
    with closing(Watch(file.path, known)) as watch:
        other = file.path.with_suffix(".copy")
        other.write_bytes(file.path.read_bytes())
        assert watch.unchanged()
        other.rename(file.path)
        assert not watch.unchanged()


def test_a_watch_sees_what_others_commit_and_nothing_else(file: File) -> None:
    known = identity(file.path)
    with closing(Watch(file.path, known)) as watch, closing(sqlite3.connect(file.path)) as other:
        assert watch.unchanged()
        other.execute(ADD)
        assert watch.unchanged(), "nothing is committed yet"
        other.rollback()
        assert watch.unchanged()
        other.execute(ADD)
        other.commit()
        assert not watch.unchanged()
        assert not watch.unchanged(), "it stays changed"
