"""Hooks that Sichern implements and a host calls."""

from collections.abc import Sequence

from sichern_hooks.markers import hookspec
from sichern_hooks.values import (
    Action,
    Actor,
    Destination,
    ImportOptions,
    Options,
    PermissionText,
    Report,
    TenantRef,
)


@hookspec
def sichern_permissions() -> Sequence[PermissionText] | None:
    """List the rights that the plugin brings."""


@hookspec
def sichern_actions() -> Sequence[Action] | None:
    """List the menu actions that the plugin brings."""


@hookspec(firstresult=True)
def sichern_run_action(
    name: str,
    actor: Actor,
    tenants: Sequence[TenantRef],
    destination: Destination,
    options: Options,
    run: str,
) -> Report | None:
    """Run a menu action to its end, in the calling thread."""


@hookspec(firstresult=True)
def sichern_run_import(
    actor: Actor, file: str, options: ImportOptions, run: str
) -> Report | None:
    """Import the pair of an info file to its end, in the calling thread."""


@hookspec(firstresult=True)
def sichern_cancel_run(actor: Actor, run: str) -> bool | None:
    """Ask a run of this process to stop; True where it was running."""


@hookspec(firstresult=True)
def sichern_scheduled_run(job: str) -> Report | None:
    """Run a saved job by its name and mail the protocol."""


@hookspec
def sichern_before_upgrade() -> Sequence[Report] | None:
    """Run the jobs that are marked for it, before the host changes its tables."""


@hookspec
def sichern_before_tenant_deleted(tenant: TenantRef) -> Sequence[Report] | None:
    """Run the jobs that are marked for it, for the tenant that is about to go.

    Raises the run's error where a backup fails, so that the host keeps the tenant.
    """
