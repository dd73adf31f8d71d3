"""What Sichern brings into an ERP: rights, menu actions, and the runs that a host triggers."""

import logging
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pluggy

from sichern.archive.reader import read_info_file
from sichern.backup import back_up
from sichern.report.mail import protocol_mail
from sichern.restore import restore
from sichern_hooks import (
    N_,
    Action,
    Actor,
    Destination,
    ImportOptions,
    Job,
    NotAuthorized,
    Options,
    Outcome,
    Permission,
    PermissionText,
    Report,
    SichernError,
    Tenant,
    TenantRef,
    UsageError,
    Way,
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
IMPORT = Action(
    name="import",
    menu=(N_("File"), N_("Tenant management")),
    label=N_("Import"),
    icon="tryton-import",
    permission=Permission.IMPORT,
    form=("file", "way", "safety", "neutralise", "copy_confirmed", "mail_to"),
)


class RunInProgress(UsageError):
    """The id of a run is taken by one that goes on."""

    code = "run-in-progress"
    message = N_("the run %(run)s is going on already")
    hint = N_("give each run an id of its own")


@dataclass(frozen=True, kw_only=True)
class GoingOn:
    """A run of this process: what its starter had to hold, for which tenants, and how to stop it.

    `tenants` is empty for a tenant that is only coming into being.
    """

    permission: Permission
    tenants: tuple[TenantRef, ...]
    stop: threading.Event = field(default_factory=threading.Event)


class Sichern:
    """The plugin: one per manager. Runs of this process are known by their id, to be cancelled."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._runs: dict[str, GoingOn] = {}

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
        return [BACK_UP, IMPORT]

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
        with self._going_on(run, Permission.BACK_UP, tuple(tenants)) as stop:
            report = back_up(
                self._manager,
                actor,
                [visible.get(ref, Tenant(ref=ref, name=ref.key)) for ref in tenants],
                destination,
                options,
                run=run,
                cancelled=stop.is_set,
            )
        self._mail(report, options.mail_to, actor)
        return report

    @hookimpl
    def sichern_run_import(
        self, actor: Actor, file: str, options: ImportOptions, run: str
    ) -> Report:
        """Import the pair of an info file; rights are checked again before anything is read."""
        path = Path(file)
        with self._going_on(run, Permission.IMPORT, _replaced(path, options)) as stop:
            report = restore(
                self._manager, actor, path, options, run=run, cancelled=stop.is_set
            )
        self._mail(report, options.mail_to, actor)
        return report

    @hookimpl
    def sichern_cancel_run(self, actor: Actor, run: str) -> bool | None:
        """Stop a run of this process at its next block of rows, by who may start it.

        Who holds neither right learns nothing of which runs there are.
        """
        going = self._runs.get(run)
        if going is None:
            self._require_one(actor, Permission.IMPORT, Permission.BACK_UP)
            return None
        authorize(self._manager, actor, going.permission)
        for tenant in going.tenants:
            authorize(self._manager, actor, going.permission, tenant)
        going.stop.set()
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

    @contextmanager
    def _going_on(
        self, run: str, permission: Permission, tenants: tuple[TenantRef, ...]
    ) -> Iterator[threading.Event]:
        """Know a run while it goes on. Raises RunInProgress where its id is taken."""
        going = GoingOn(permission=permission, tenants=tenants)
        if self._runs.setdefault(run, going) is not going:
            raise RunInProgress(run=run)
        try:
            yield going.stop
        finally:
            del self._runs[run]

    def _require_one(self, actor: Actor, *permissions: Permission) -> None:
        """Raise NotAuthorized, for the last right, where the actor holds none of them."""
        *others, last = permissions
        for permission in others:
            with suppress(NotAuthorized):
                return authorize(self._manager, actor, permission)
        return authorize(self._manager, actor, last)

    def _mail(self, report: Report, to: tuple[str, ...], actor: Actor) -> None:
        if to:
            mail = protocol_mail(report, to, actor.language)
            if self._manager.hook.sichern_send_mail(mail=mail) is not True:
                logger.error("the protocol of run %s could not be mailed", report.run)

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


def _replaced(file: Path, options: ImportOptions) -> tuple[TenantRef, ...]:
    """The tenant that an import will change; none where it is new, or the pair cannot be read."""
    if options.way is not Way.REPLACE:
        return ()
    try:
        tenant = read_info_file(file).info.tenant
    except SichernError:
        return ()  # the import itself says what is wrong with it
    return (TenantRef(host=tenant.host, key=tenant.key),)
