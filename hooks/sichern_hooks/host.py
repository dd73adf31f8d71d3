"""Hooks that a host implements and Sichern calls."""

from collections.abc import Sequence

from sichern_hooks.markers import hookspec
from sichern_hooks.source import Source
from sichern_hooks.target import Target, Writer
from sichern_hooks.values import (
    Actor,
    AuditEvent,
    Destination,
    Job,
    Mail,
    Notice,
    Options,
    Permission,
    Progress,
    Report,
    Tenant,
    TenantRef,
    Way,
)


@hookspec(firstresult=True)
def sichern_host_name() -> str | None:
    """Give the host's name: the `host` of the `TenantRef`s that it owns."""


@hookspec(firstresult=True)
def sichern_actor(login: str | None) -> Actor | None:
    """Give the user of that login, or the one who is asking now where it is None."""


@hookspec
def sichern_authorize(
    actor: Actor, permission: Permission, tenant: TenantRef | None
) -> bool | None:
    """Say whether the actor holds the permission, for one tenant or for any."""


@hookspec(firstresult=True)
def sichern_tenants(actor: Actor) -> Sequence[Tenant] | None:
    """List the tenants that this actor may see."""


@hookspec(firstresult=True)
def sichern_destinations(actor: Actor) -> Sequence[Destination] | None:
    """List the folders that this actor may back up to."""


@hookspec(firstresult=True)
def sichern_open_source(tenant: TenantRef) -> Source | None:
    """Open a tenant for reading; the object is closed by the caller."""


@hookspec(firstresult=True)
def sichern_open_target(host: str) -> Target | None:
    """Open the host's system for an import; the object is closed by the caller."""


@hookspec(firstresult=True)
def sichern_neutralise(
    tenant: TenantRef, way: Way, writer: Writer
) -> Sequence[Notice] | None:
    """Switch off in an imported copy what would act on the world: jobs, mail, payments.

    Called inside the import's transaction, only on request. Give what was switched off.
    """


@hookspec(firstresult=True)
def sichern_enqueue(
    actor: Actor, tenants: Sequence[TenantRef], destination: Destination, options: Options
) -> str | None:
    """Run `sichern_run_action` later, outside the request; give the run's id."""


@hookspec(firstresult=True)
def sichern_jobs() -> Sequence[Job] | None:
    """List the saved jobs."""


@hookspec(firstresult=True)
def sichern_send_mail(mail: Mail) -> bool | None:
    """Send a mail by the host's own way; True where it was handed on."""


@hookspec
def sichern_audit(event: AuditEvent) -> None:
    """Keep an event in the host's log."""


@hookspec
def sichern_progress(progress: Progress) -> None:
    """Observe a running backup. Exceptions are logged, never fatal."""


@hookspec
def sichern_finished(report: Report) -> None:
    """Observe the end of a run. Exceptions are logged, never fatal."""
