"""What Sichern does when a host calls it through pluggy: one test or more for each of its hooks.

The host is the complete one of HOOKS.md: Anna may back up both tenants, Bert only the second.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sichern.i18n import translate
from sichern_hooks import (
    Action,
    Actor,
    AuditEvent,
    Destination,
    ImportOptions,
    Job,
    Mail,
    NotAuthorized,
    Options,
    Outcome,
    Permission,
    Progress,
    Report,
    SichernError,
    TenantRef,
    Way,
    create_manager,
    hookimpl,
)
from tests.contract import document

NORTH, SOUTH = TenantRef(host="acme", key="1"), TenantRef(host="acme", key="2")


class Office:
    """What the complete host leaves out: saved jobs, a mailer, observers."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.mails: list[Mail] = []
        self.finished: list[Report] = []
        self.audited: list[AuditEvent] = []
        self.on_progress: Any = lambda _: None

    @hookimpl
    def sichern_jobs(self) -> Sequence[Job]:
        return self.jobs

    @hookimpl
    def sichern_send_mail(self, mail: Mail) -> bool:
        self.mails.append(mail)
        return True

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        self.on_progress(progress)

    @hookimpl
    def sichern_audit(self, event: AuditEvent) -> None:
        self.audited.append(event)

    @hookimpl
    def sichern_finished(self, report: Report) -> None:
        self.finished.append(report)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def manager(tmp_path: Path, office: Office) -> Any:
    module = document.load_complete_host(tmp_path)
    return create_manager(module.open_host({"path": str(tmp_path / "acme.sqlite")}), office)


@pytest.fixture
def anna(manager: Any) -> Actor:
    found: Actor = manager.hook.sichern_actor(login="anna")
    return found


@pytest.fixture
def bert(manager: Any) -> Actor:
    found: Actor = manager.hook.sichern_actor(login="bert")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture
def job(anna: Actor, folder: Path) -> Job:
    return Job(
        name="nightly",
        actor=anna,
        destination=Destination(path=str(folder)),
        options=Options(mail_to=("it@acme.example",)),
        before_deletion=True,
        before_upgrade=True,
    )


def run(
    manager: Any, actor: Actor, folder: Path, *tenants: TenantRef, name: str = "back-up"
) -> Any:
    return manager.hook.sichern_run_action(
        name=name,
        actor=actor,
        tenants=tenants,
        destination=Destination(path=str(folder)),
        options=Options(),
        run="run-1",
    )


def kinds(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_each_right_is_brought_once_with_a_label_in_both_languages(manager: Any) -> None:
    brought = [right for rights in manager.hook.sichern_permissions() for right in rights]
    assert [right.permission for right in brought] == list(Permission)
    for right in brought:
        assert translate(right.label, "en") == right.label
        assert translate(right.label, "de") != right.label


def test_the_menu_actions_are_where_users_look_for_them_each_with_its_own_right(
    manager: Any,
) -> None:
    brought = [action for actions in manager.hook.sichern_actions() for action in actions]
    assert all(isinstance(action, Action) for action in brought)
    shown = {
        action.permission: [translate(text, "de") for text in (*action.menu, action.label)]
        for action in brought
    }
    assert shown == {
        Permission.BACK_UP: ["Datei", "Mandantenverwaltung", "Sichern"],
        Permission.IMPORT: ["Datei", "Mandantenverwaltung", "Import"],
    }


def test_the_action_backs_up_each_tenant_into_a_pair(
    manager: Any, anna: Actor, folder: Path, office: Office
) -> None:
    report = run(manager, anna, folder, NORTH, SOUTH)
    assert report.outcome is Outcome.COMPLETE
    assert [entry.tenant.ref for entry in report.tenants] == [NORTH, SOUTH]
    assert kinds(folder) == [".zip", ".zip", ".ztx", ".ztx"]
    assert office.finished == [report]


def test_the_hosts_log_says_who_began_what_and_how_it_ended(
    manager: Any, anna: Actor, folder: Path, office: Office
) -> None:
    run(manager, anna, folder, SOUTH)
    assert [(one.event, one.actor, one.tenant) for one in office.audited] == [
        ("backup-started", anna, SOUTH),
        ("backup-complete", anna, SOUTH),
    ]


def test_an_unknown_action_has_no_answer(manager: Any, anna: Actor, folder: Path) -> None:
    assert run(manager, anna, folder, NORTH, name="other") is None
    assert kinds(folder) == []


def test_a_tenant_that_the_actor_may_not_see_fails_alone(
    manager: Any, bert: Actor, folder: Path
) -> None:
    report = run(manager, bert, folder, SOUTH, NORTH)
    assert [str(one.outcome) for one in report.tenants].count("failed") >= 1
    refused = {one.tenant.ref: one for one in report.tenants}[NORTH]
    assert refused.error is not None
    assert refused.error.code == "not-authorized"
    assert refused.files == ()


def test_a_veto_between_request_and_run_stops_the_run(
    manager: Any, anna: Actor, folder: Path
) -> None:
    class Veto:
        @hookimpl
        def sichern_authorize(self, tenant: TenantRef | None) -> bool | None:
            return False if tenant == NORTH else None

    manager.register(Veto())
    north, south = run(manager, anna, folder, NORTH, SOUTH).tenants
    assert north.outcome is Outcome.FAILED
    assert isinstance(north.error, NotAuthorized)
    assert south.outcome is Outcome.COMPLETE
    assert kinds(folder) == [".zip", ".ztx"]


def test_a_run_is_cancelled_from_within_and_leaves_nothing(
    manager: Any, anna: Actor, folder: Path, office: Office
) -> None:
    answers: list[Any] = []
    office.on_progress = lambda progress: answers.append(
        manager.hook.sichern_cancel_run(actor=anna, run=progress.run)
    )
    report = run(manager, anna, folder, NORTH)
    assert answers[0] is True
    assert report.outcome is Outcome.CANCELLED
    assert kinds(folder) == []


def test_a_run_of_another_process_is_not_cancelled(manager: Any, anna: Actor) -> None:
    assert manager.hook.sichern_cancel_run(actor=anna, run="unknown") is None


def test_cancelling_needs_the_right(manager: Any) -> None:
    with pytest.raises(NotAuthorized):
        manager.hook.sichern_cancel_run(
            actor=Actor(host="acme", login="nobody", name="Nobody"), run="unknown"
        )


def test_a_run_is_not_cancelled_by_who_may_not_back_up_its_tenant(
    manager: Any, anna: Actor, bert: Actor, folder: Path, office: Office
) -> None:
    refused: list[NotAuthorized] = []

    def cancel(progress: Progress) -> None:
        try:
            manager.hook.sichern_cancel_run(actor=bert, run=progress.run)
        except NotAuthorized as error:
            refused.append(error)

    office.on_progress = cancel
    assert run(manager, anna, folder, NORTH).outcome is Outcome.COMPLETE
    assert refused


def run_import(
    manager: Any, actor: Actor, folder: Path, *, run_id: str = "run-2", **options: Any
) -> Any:
    (file,) = folder.glob("*.ztx")
    return manager.hook.sichern_run_import(
        actor=actor,
        file=str(file),
        options=ImportOptions(way=Way.NEW, **options),
        run=run_id,
    )


def test_a_pair_is_imported_as_a_tenant_and_the_protocol_mailed(
    manager: Any, anna: Actor, folder: Path, office: Office
) -> None:
    run(manager, anna, folder, NORTH)
    report = run_import(manager, anna, folder, mail_to=("it@acme.example",))
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
    assert report.run == "run-2"
    assert report.tenants[0].tenant.ref == TenantRef(host="acme", key="3")
    assert [tenant.ref.key for tenant in manager.hook.sichern_tenants(actor=anna)] == [
        "1", "3", "2",
    ]  # fmt: skip
    (mail,) = office.mails
    assert mail.to == ("it@acme.example",)
    assert "North Ltd" in mail.text
    assert office.finished[-1] == report
    assert [one.event for one in office.audited[-2:]] == ["import-started", "import-complete"]


def test_an_import_without_the_right_is_refused_in_the_report(
    manager: Any, anna: Actor, bert: Actor, folder: Path
) -> None:
    run(manager, anna, folder, SOUTH)
    report = run_import(manager, bert, folder)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.tenants[0].error, NotAuthorized)
    assert len(manager.hook.sichern_tenants(actor=anna)) == 2


def test_an_import_is_cancelled_from_within_and_leaves_nothing(
    manager: Any, anna: Actor, folder: Path, office: Office
) -> None:
    run(manager, anna, folder, NORTH)
    answers: list[Any] = []
    office.on_progress = lambda progress: answers.append(
        manager.hook.sichern_cancel_run(actor=anna, run=progress.run)
    )
    report = run_import(manager, anna, folder)
    assert answers[0] is True
    assert report.outcome is Outcome.CANCELLED
    assert len(manager.hook.sichern_tenants(actor=anna)) == 2


def test_an_import_is_not_cancelled_by_who_may_not_import(
    manager: Any, anna: Actor, bert: Actor, folder: Path, office: Office
) -> None:
    run(manager, anna, folder, SOUTH)
    refused: list[NotAuthorized] = []

    def cancel(progress: Progress) -> None:
        try:
            manager.hook.sichern_cancel_run(actor=bert, run=progress.run)
        except NotAuthorized as error:
            refused.append(error)

    office.on_progress = cancel
    assert run_import(manager, anna, folder).outcome is Outcome.COMPLETE
    assert refused


def test_a_saved_job_runs_by_its_name_and_mails_the_protocol(
    manager: Any, office: Office, job: Job, folder: Path
) -> None:
    office.jobs.append(job)
    report = manager.hook.sichern_scheduled_run(job="nightly")
    assert [entry.tenant.ref for entry in report.tenants] == [NORTH, SOUTH]
    assert kinds(folder) == [".zip", ".zip", ".ztx", ".ztx"]
    (mail,) = office.mails
    assert mail.to == ("it@acme.example",)
    assert "North Ltd" in mail.text


def test_an_unknown_job_has_no_answer(manager: Any) -> None:
    assert manager.hook.sichern_scheduled_run(job="unknown") is None


def test_marked_jobs_run_before_an_upgrade(manager: Any, office: Office, job: Job) -> None:
    office.jobs.append(job)
    (reports,) = manager.hook.sichern_before_upgrade()
    assert [report.outcome for report in reports] == [Outcome.COMPLETE]


def test_without_marked_jobs_nothing_runs_before_an_upgrade(manager: Any) -> None:
    assert manager.hook.sichern_before_upgrade() == [[]]


def test_a_tenant_is_backed_up_before_it_is_deleted(
    manager: Any, office: Office, job: Job, folder: Path
) -> None:
    office.jobs.append(job)
    ((report,),) = manager.hook.sichern_before_tenant_deleted(tenant=SOUTH)
    assert [entry.tenant.ref for entry in report.tenants] == [SOUTH]
    assert kinds(folder) == [".zip", ".ztx"]


def test_a_backup_that_fails_keeps_the_tenant_from_being_deleted(
    manager: Any, office: Office, job: Job, folder: Path
) -> None:
    office.jobs.append(job)
    folder.rmdir()
    with pytest.raises(SichernError):
        manager.hook.sichern_before_tenant_deleted(tenant=SOUTH)


def test_observers_that_fail_are_logged_and_never_fatal(
    manager: Any, anna: Actor, folder: Path, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        @hookimpl
        def sichern_progress(self) -> None:
            raise RuntimeError("broken progress")

        @hookimpl
        def sichern_finished(self) -> None:
            raise RuntimeError("broken end")

        @hookimpl
        def sichern_audit(self) -> None:
            raise RuntimeError("broken audit")

    manager.register(Broken())
    with caplog.at_level(logging.ERROR):
        report = run(manager, anna, folder, NORTH)
    assert report.outcome is Outcome.COMPLETE
    assert office.finished == [report]
    for message in ("broken progress", "broken end"):
        assert message in caplog.text
