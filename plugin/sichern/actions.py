"""What Sichern brings into an ERP: rights, menu actions, and the runs that a host triggers."""

import logging
import threading
import uuid
from collections.abc import Sequence

import pluggy

from sichern.backup import back_up
from sichern.report.mail import protocol_mail
from sichern_hooks import (
    N_,
    Action,
    Actor,
    Destination,
    Job,
    Options,
    Outcome,
    Permission,
    PermissionText,
    Report,
    SichernError,
    Tenant,
    TenantRef,
    UsageError,
    authorize,
    hookimpl,
)

logger = logging.getLogger(__name__)

BACK_UP = Action(
    name="back-up",
    menu=(N_("File"), N_("Tenant management")),
    label=N_("Back up"),
    icon="tryton-save",
    permission=Permission.BACK_UP,
    form=("tenants", "destination", "documents", "shared", "mail_to"),
)


class RunInProgress(UsageError):
    """The id of a run is taken by one that goes on."""

    code = "run-in-progress"
    message = N_("the run %(run)s is going on already")
    hint = N_("give each run an id of its own")


class Sichern:
    """The plugin: one per manager. Runs of this process are known by their id, to be cancelled."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._runs: dict[str, tuple[threading.Event, tuple[TenantRef, ...]]] = {}

    @hookimpl
    def sichern_permissions(self) -> Sequence[PermissionText]:
        """The rights, as they are shown where rights are granted."""
        return [
            PermissionText(permission=Permission.BACK_UP, label=N_("Back up tenants")),
            PermissionText(permission=Permission.DOWNLOAD, label=N_("Download backups")),
            PermissionText(permission=Permission.IMPORT, label=N_("Import tenants")),
            PermissionText(permission=Permission.CONFIGURE, label=N_("Configure backups")),
        ]

    @hookimpl
    def sichern_actions(self) -> Sequence[Action]:
        """The menu actions that work."""
        return [BACK_UP]

    @hookimpl
    def sichern_run_action(
        self,
        name: str,
        actor: Actor,
        tenants: Sequence[TenantRef],
        destination: Destination,
        options: Options,
        run: str,
    ) -> Report | None:
        """Run the backup; rights are checked again, for each tenant, where it is read.

        A tenant that the actor does not see fails in the report, the others are backed up.
        """
        if name != BACK_UP.name:
            return None
        visible = {t.ref: t for t in self._manager.hook.sichern_tenants(actor=actor) or ()}
        if run in self._runs:
            raise RunInProgress(run=run)
        stop = threading.Event()
        self._runs[run] = (stop, tuple(tenants))
        try:
            report = back_up(
                self._manager,
                actor,
                [visible.get(ref, Tenant(ref=ref, name=ref.key)) for ref in tenants],
                destination,
                options,
                run=run,
                cancelled=stop.is_set,
            )
        finally:
            del self._runs[run]
        if options.mail_to:
            mail = protocol_mail(report, options.mail_to, actor.language)
            if self._manager.hook.sichern_send_mail(mail=mail) is not True:
                logger.error("the protocol of run %s could not be mailed", run)
        return report

    @hookimpl
    def sichern_cancel_run(self, actor: Actor, run: str) -> bool | None:
        """Stop a run of this process at its next block of rows, by who may start it."""
        authorize(self._manager, actor, Permission.BACK_UP)
        stop, tenants = self._runs.get(run, (None, ()))
        if stop is None:
            return None
        for tenant in tenants:
            authorize(self._manager, actor, Permission.BACK_UP, tenant)
        stop.set()
        return True

    @hookimpl
    def sichern_scheduled_run(self, job: str) -> Report | None:
        """Run a saved job by name; None where no job has it."""
        for saved in self._manager.hook.sichern_jobs() or ():
            if saved.name == job:
                return self._run(saved)
        return None

    @hookimpl
    def sichern_before_upgrade(self) -> Sequence[Report]:
        """Run the jobs that are marked for it, one after the other."""
        jobs = self._manager.hook.sichern_jobs() or ()
        return [self._run(job) for job in jobs if job.before_upgrade]

    @hookimpl
    def sichern_before_tenant_deleted(self, tenant: TenantRef) -> Sequence[Report]:
        """Back up the tenant that is about to go; raises the error where that fails.

        The job says whether it is meant, not what the job's actor sees: a right that is
        missing is a failure, and the tenant stays.
        """
        reports = []
        for job in self._manager.hook.sichern_jobs() or ():
            meant = (not job.tenants or tenant.key in job.tenants) and tenant.key not in job.exclude
            if job.before_deletion and meant:
                report = self._run(job, [tenant])
                if report.outcome in (Outcome.FAILED, Outcome.CANCELLED):
                    raise report.tenants[0].error or SichernError(reason=str(report.outcome))
                reports.append(report)
        return reports

    def _run(self, job: Job, tenants: Sequence[TenantRef] | None = None) -> Report:
        report: Report = self._manager.hook.sichern_run_action(
            name=BACK_UP.name,
            actor=job.actor,
            tenants=self._chosen(job) if tenants is None else tenants,
            destination=job.destination,
            options=job.options,
            run=uuid.uuid4().hex,
        )
        return report

    def _chosen(self, job: Job) -> list[TenantRef]:
        visible = self._manager.hook.sichern_tenants(actor=job.actor) or ()
        chosen = job.tenants or tuple(tenant.ref.key for tenant in visible)
        return [
            TenantRef(host=job.actor.host, key=key) for key in chosen if key not in job.exclude
        ]
