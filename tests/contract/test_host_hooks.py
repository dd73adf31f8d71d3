"""What a host answers reaches Sichern through pluggy: one test for each of its hooks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sichern_hooks import (
    Actor,
    AuditEvent,
    Destination,
    Job,
    Mail,
    Notice,
    Options,
    Outcome,
    Permission,
    Progress,
    Report,
    Tenant,
    TenantRef,
    TenantReport,
    Way,
    Writer,
    create_manager,
    hookimpl,
)

ANNA = Actor(host="acme", login="anna", name="Anna", language="de")
NORTH = Tenant(ref=TenantRef(host="acme", key="1"), name="North")
USB = Destination(path="/media/usb", marker="this-is-it")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Acme:
    """Implements every hook of a host; keeps what it was given."""

    def __init__(self, name: str = "acme") -> None:
        self.name = name
        self.given: list[Any] = []

    @hookimpl
    def sichern_host_name(self) -> str:
        return self.name

    @hookimpl
    def sichern_actor(self, login: str | None) -> Actor | None:
        return ANNA if login == "anna" and self.name == "acme" else None

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> bool | None:
        self.given.append((actor, permission, tenant))
        return True if actor.host == self.name else None

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> Sequence[Tenant] | None:
        return [NORTH] if actor.host == self.name else None

    @hookimpl
    def sichern_destinations(self, actor: Actor) -> Sequence[Destination] | None:
        return [USB] if actor.host == self.name else None

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> Any:
        return f"source of {tenant.key}" if tenant.host == self.name else None

    @hookimpl
    def sichern_open_target(self, host: str) -> Any:
        return f"target of {host}" if host == self.name else None

    @hookimpl
    def sichern_neutralise(
        self, tenant: TenantRef, way: Way, writer: Writer
    ) -> Sequence[Notice] | None:
        self.given.append((tenant, way, writer))
        return [Notice(code="off", message="jobs are off")] if tenant.host == self.name else None

    @hookimpl
    def sichern_enqueue(
        self,
        actor: Actor,
        tenants: Sequence[TenantRef],
        destination: Destination,
        options: Options,
    ) -> str | None:
        self.given.append((actor, tenants, destination, options))
        return "run-7" if actor.host == self.name else None

    @hookimpl
    def sichern_jobs(self) -> Sequence[Job] | None:
        return (
            [Job(name="nightly", actor=ANNA, destination=USB)] if self.name == "acme" else None
        )

    @hookimpl
    def sichern_send_mail(self, mail: Mail) -> bool | None:
        self.given.append(mail)
        return True if self.name == "acme" else None

    @hookimpl
    def sichern_audit(self, event: AuditEvent) -> None:
        self.given.append(event)

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        self.given.append(progress)

    @hookimpl
    def sichern_finished(self, report: Report) -> None:
        self.given.append(report)


@pytest.fixture
def acme() -> Acme:
    return Acme()


@pytest.fixture
def other() -> Acme:
    return Acme("other")


@pytest.fixture
def manager(acme: Acme, other: Acme) -> Any:
    """The last registered plugin is asked first: the other host, which has no answer."""
    return create_manager(acme, other, load=False)


def test_a_host_has_a_name(manager: Any) -> None:
    assert manager.hook.sichern_host_name() == "other"


def test_an_actor_is_found_by_the_host_that_knows_the_login(manager: Any) -> None:
    assert manager.hook.sichern_actor(login="anna") == ANNA
    assert manager.hook.sichern_actor(login="nobody") is None


def test_every_plugin_is_asked_for_authorisation(manager: Any, acme: Acme, other: Acme) -> None:
    question = {"actor": ANNA, "permission": Permission.BACK_UP, "tenant": NORTH.ref}
    assert manager.hook.sichern_authorize(**question) == [True]
    assert acme.given == other.given == [tuple(question.values())]


def test_the_actors_host_lists_the_tenants(manager: Any) -> None:
    assert manager.hook.sichern_tenants(actor=ANNA) == [NORTH]
    assert manager.hook.sichern_tenants(actor=Actor(host="x", login="a", name="a")) is None


def test_the_actors_host_lists_destinations(manager: Any) -> None:
    assert manager.hook.sichern_destinations(actor=ANNA) == [USB]


def test_the_tenants_host_opens_it(manager: Any) -> None:
    assert manager.hook.sichern_open_source(tenant=NORTH.ref) == "source of 1"
    assert manager.hook.sichern_open_source(tenant=TenantRef(host="x", key="1")) is None


def test_the_host_of_that_name_opens_itself_for_an_import(manager: Any) -> None:
    assert manager.hook.sichern_open_target(host="acme") == "target of acme"
    assert manager.hook.sichern_open_target(host="x") is None


def test_the_tenants_host_neutralises_it_with_what_it_is_given(manager: Any, acme: Acme) -> None:
    arguments = {"tenant": NORTH.ref, "way": Way.NEW, "writer": object()}
    (said,) = manager.hook.sichern_neutralise(**arguments)
    assert (said.code, said.warning) == ("off", True)
    assert acme.given == [tuple(arguments.values())]
    strange = {**arguments, "tenant": TenantRef(host="x", key="1")}
    assert manager.hook.sichern_neutralise(**strange) is None


def test_a_run_is_enqueued_once(manager: Any, acme: Acme) -> None:
    options = Options(mail_to=("it@acme.example",))
    arguments = {"actor": ANNA, "tenants": [NORTH.ref], "destination": USB, "options": options}
    assert manager.hook.sichern_enqueue(**arguments) == "run-7"
    assert acme.given == [tuple(arguments.values())]


def test_jobs_come_from_the_host_that_keeps_them(manager: Any) -> None:
    assert [job.name for job in manager.hook.sichern_jobs()] == ["nightly"]


def test_a_mail_is_sent_once(manager: Any, acme: Acme) -> None:
    mail = Mail(to=("it@acme.example",), subject="Backup", text="complete")
    assert manager.hook.sichern_send_mail(mail=mail) is True
    assert acme.given == [mail]


def test_every_plugin_hears_of_an_audit_event(manager: Any, acme: Acme, other: Acme) -> None:
    event = AuditEvent(actor=ANNA, event="backed-up", tenant=NORTH.ref, details={"rows": 3})
    manager.hook.sichern_audit(event=event)
    assert acme.given == other.given == [event]


def test_every_plugin_hears_of_progress(manager: Any, acme: Acme, other: Acme) -> None:
    progress = Progress(run="run-7", tenant=NORTH.ref, phase="rows", done=1, total=2)
    manager.hook.sichern_progress(progress=progress)
    assert acme.given == other.given == [progress]


def test_every_plugin_hears_of_the_end(manager: Any, acme: Acme, other: Acme) -> None:
    north = TenantReport(tenant=NORTH, outcome=Outcome.COMPLETE, files=("a.zip", "a.ztx"))
    report = Report(run="run-7", actor=ANNA, started=NOON, finished=NOON, tenants=(north,))
    manager.hook.sichern_finished(report=report)
    assert acme.given == other.given == [report]
