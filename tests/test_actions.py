"""The menu action Import: who may start it, who may stop it, what is mailed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sichern.actions import RunInProgress
from sichern.backup import back_up
from sichern_hooks import (
    Actor,
    Destination,
    ImportOptions,
    NotAuthorized,
    Outcome,
    Progress,
    Report,
    Way,
    create_manager,
    hookimpl,
)
from tests.support import world
from tests.support.small_host import ADMIN, ANNA, IMKE, TENANTS, SmallHost


class Observer:
    """Does something at each step of a run."""

    def __init__(self) -> None:
        self.on_progress: Callable[[Progress], object] = lambda _: None

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        self.on_progress(progress)


class Office:
    """The small host with a pair of its first tenant."""

    def __init__(self, folder: Path) -> None:
        self.host = SmallHost(url=f"sqlite:///{folder / 'world.sqlite'}", store=folder / "store")
        (folder / "store").mkdir()
        self.observer = Observer()
        self.manager: Any = create_manager(self.host, self.observer)
        engine = sa.create_engine(self.host.url)
        with engine.connect() as connection:
            world.create(connection, world.ROWS)
        engine.dispose()
        self.safety = Destination(path=str(folder))
        (entry,) = back_up(self.manager, ADMIN, [TENANTS["1"]], self.safety).tenants
        self.ztx = entry.files[-1]

    def run(self, actor: Actor, way: Way = Way.NEW, run: str = "r1", **options: Any) -> Report:
        report: Report = self.manager.hook.sichern_run_import(
            actor=actor, file=self.ztx, options=ImportOptions(way=way, **options), run=run
        )
        return report


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_the_import_runs_to_its_end_and_mails_its_protocol(office: Office) -> None:
    report = office.run(IMKE, mail_to=("it@example.com",))
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS), report.tenants[0].error
    (entry,) = report.tenants
    assert (entry.tenant.name, entry.tenant.ref.key) == ("Alpha GmbH", "3")
    assert entry.protocol["action"] == "import"
    (mail,) = office.host.mails
    assert mail.subject.startswith("Import: ")
    assert sorted(mail.attachments) == ["3.json", "3.txt"]


def test_a_failing_import_mails_its_protocol_too(office: Office) -> None:
    report = office.run(IMKE, Way.EMPTY, mail_to=("it@example.com",))
    assert report.outcome is Outcome.FAILED
    (mail,) = office.host.mails
    assert mail.subject == "Import: failed (Alpha GmbH)"


def test_the_right_is_checked_again_where_it_runs(office: Office) -> None:
    (entry,) = office.run(ANNA).tenants
    assert isinstance(entry.error, NotAuthorized)
    assert set(office.host.tenants()) == {"1", "2"}


def test_who_may_import_may_stop_an_import_and_who_may_only_back_up_may_not(
    office: Office,
) -> None:
    said: list[object] = []

    def stop(progress: Progress) -> None:
        for actor in (ANNA, IMKE):
            try:
                said.append(office.manager.hook.sichern_cancel_run(actor=actor, run=progress.run))
            except NotAuthorized as error:
                said.append(type(error))

    office.observer.on_progress = stop
    report = office.run(IMKE)
    assert said[:2] == [NotAuthorized, True]
    assert report.outcome is Outcome.CANCELLED
    assert set(office.host.tenants()) == {"1", "2"}


def test_who_may_back_up_or_import_is_told_that_no_such_run_goes_on(office: Office) -> None:
    for actor in (ANNA, IMKE):
        assert office.manager.hook.sichern_cancel_run(actor=actor, run="unknown") is None
    nobody = Actor(host="small", login="nobody", name="Nobody")
    with pytest.raises(NotAuthorized):
        office.manager.hook.sichern_cancel_run(actor=nobody, run="unknown")


def test_two_runs_cannot_have_one_id(office: Office) -> None:
    refused: list[RunInProgress] = []

    def again(_: Progress) -> None:
        office.observer.on_progress = lambda _: None
        try:
            office.run(IMKE)
        except RunInProgress as error:
            refused.append(error)

    office.observer.on_progress = again
    office.run(IMKE)
    assert len(refused) == 1


def test_a_pair_that_cannot_be_read_fails_in_the_report(office: Office) -> None:
    Path(office.ztx).write_bytes(b"{}")
    for way in Way:
        report = office.run(IMKE, way, safety=office.safety)
        assert report.outcome is Outcome.FAILED
        assert report.tenants[0].tenant.name == Path(office.ztx).name
