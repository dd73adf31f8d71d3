"""Does what a run was asked to do by the contract's own calls, a tenant at a time, and tells it.

Rights are asked for again: by the calls themselves, and here for what they do not know of.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pluggy

from sichern.actions import BACK_UP
from sichern.archive.check import check_pair
from sichern.archive.stems import INFO, slugs
from sichern.hosts.tryton.module import pairs, retention, states
from sichern.hosts.tryton.module.run_tenant import error_json, one_line
from sichern.hosts.tryton.module.tasks import Task
from sichern.report.import_text import arrival_text
from sichern.report.log import fault_of
from sichern.report.protocol import FaultSchema
from sichern.restore import plan_import
from sichern.run import Cancelled
from sichern.run import carry_out as error_of
from sichern_hooks import (
    N_,
    Actor,
    Permission,
    Report,
    SichernError,
    Tenant,
    TenantReport,
    authorize,
)

logger = logging.getLogger(__name__)

Note = Callable[[Callable[[Any], Any]], Any]


class NoTenants(SichernError):
    """A job has nothing to back up."""

    code = "no-tenants"
    message = N_("there is no tenant to back up that %(user)s may see")
    hint = N_("look at the companies of this user, and at the tenants of the job")


def carry_out(
    task: Task, manager: pluggy.PluginManager, note: Note, stop: threading.Event
) -> None:
    """Do it; each tenant's result is noted as soon as it is there.

    Raises SichernError for what ends the run before any tenant's own end.
    """
    actor: Actor = manager.hook.sichern_actor(login=task.login)
    work = Carrying(task=task, manager=manager, actor=actor, note=note, stop=stop)
    if task.kind == states.BACK_UP:
        work.back_up()
    elif task.kind == states.PLAN:
        work.plan()
    else:
        work.import_pair()


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """A task in the hands of this process."""

    task: Task
    manager: pluggy.PluginManager
    actor: Actor
    note: Note
    stop: threading.Event

    def back_up(self) -> None:
        """Back up each tenant; one's failure does not stop the others."""
        if not self.task.tenants:
            raise NoTenants(user=self.task.login)
        visible = self.manager.hook.sichern_tenants(actor=self.actor) or ()
        names = slugs(dict.fromkeys([*visible, *self.task.tenants]))
        for position, tenant in enumerate(self.task.tenants):
            if self.stop.is_set():
                self.note(partial(_fail, position, Cancelled()))
                continue
            self.note(partial(_begin, position, names[tenant.ref]))
            error = error_of(
                partial(self._back_up_tenant, position, tenant),
                f"the backup of tenant {tenant.ref.key}",
            )
            if error is not None:
                self.note(partial(_fail, position, error))

    def _back_up_tenant(self, position: int, tenant: Tenant) -> None:
        report = self._run(
            partial(
                self.manager.hook.sichern_run_action,
                name=BACK_UP.name, actor=self.actor, tenants=[tenant.ref],
                destination=self.task.place, options=self.task.options, run=self.task.name,
            ),
        )
        (entry,) = report.tenants
        self.note(partial(_keep, position, entry))
        if self.task.job is not None and entry.files:
            self._check(position, entry)

    def _run(self, work: Callable[[], Report]) -> Report:
        """Do the work of one tenant, which somebody may stop meanwhile."""
        ended = threading.Event()

        def cancel() -> None:
            self.stop.wait()
            # Again until it is heard: the run is known by its name only once it began.
            while not ended.wait(0.1):
                try:
                    self.manager.hook.sichern_cancel_run(actor=self.actor, run=self.task.name)
                except SichernError as error:
                    logger.error("run %s cannot be stopped: %s", self.task.name, error)
                    return

        threading.Thread(target=cancel, daemon=True).start()
        try:
            return work()
        finally:
            ended.set()

    def _check(self, position: int, entry: TenantReport) -> None:
        """Read the pair again; only then may older ones go."""
        info = Path(next(file for file in entry.files if file.endswith(INFO)))
        try:
            found = check_pair(info)
            if found.problems:
                raise found.problems[0]
        except (SichernError, OSError) as error:
            known = error if isinstance(error, SichernError) else SichernError(reason=str(error))
            self.note(partial(_spoilt, position, known))
            return
        self.note(partial(_checked, position))
        if self.task.keep:
            key, keep = entry.tenant.ref.key, self.task.keep
            self.note(partial(retention.thin_out, key, keep))

    def plan(self) -> None:
        """Say what an import would do, and write nothing."""
        self.note(partial(_begin, 0, None))
        try:
            authorize(self.manager, self.actor, Permission.IMPORT)
            self._demand_pair()
            arrival = plan_import(
                self.manager, self.actor, Path(self.task.file), self.task.import_options
            )
        except SichernError as error:
            self.note(partial(_fail, 0, error))
        else:
            text = arrival_text(arrival, self.actor.language)
            self.note(partial(_planned, text))

    def _demand_pair(self) -> None:
        """Ask again whether the actor may read the pair; the run waited since that was asked.

        Raises PlaceNotAllowed, NotAuthorized.
        """
        file = Path(self.task.file)

        def ask(run: Any) -> None:
            pairs.demand_place(file, run.user.id)
            pairs.demand_pair(file, self.task.login)

        self.note(ask)

    def import_pair(self) -> None:
        """Import the pair."""
        self._demand_pair()
        self.note(partial(_begin, 0, None))
        report = self._run(
            partial(
                self.manager.hook.sichern_run_import, actor=self.actor, file=self.task.file,
                options=self.task.import_options, run=self.task.name,
            )
        )
        self.note(partial(_keep, 0, report.tenants[0]))


# --- notes, each in a transaction of its own -------------------------------------------------


def _begin(position: int, slug: str | None, run: Any) -> None:
    tenant = run.tenants[position]
    tenant.state, tenant.started, tenant.slug = states.RUNNING, states.now(), slug
    tenant.save()


def _fail(position: int, error: SichernError, run: Any) -> None:
    tenant = run.tenants[position]
    if tenant.state in states.GOING_ON:
        tenant.fail([tenant], error)
    else:  # it went wrong behind what was noted already
        _spoilt(position, error, run)


def _keep(position: int, entry: TenantReport, run: Any) -> None:
    tenant = run.tenants[position]
    tenant.state, tenant.finished = str(entry.outcome), states.now()
    tenant.files = "\n".join(entry.files)
    tenant.size = _size(entry.files)
    tenant.protocol = json.dumps(entry.protocol, ensure_ascii=False)
    tenant.key, tenant.name = entry.tenant.ref.key, one_line(entry.tenant.name)
    if run.kind == states.IMPORT:  # a backup's company is known, whatever became of it
        tenant.company = _company(entry)
    tenant.save()


def _company(entry: TenantReport) -> int | None:
    """The company, where it is there: an import may have brought it, or failed to."""
    from trytond.pool import Pool

    if str(entry.outcome) not in states.GOOD or not entry.tenant.ref.key.isdigit():
        return None
    found = Pool().get("company.company").search([("id", "=", int(entry.tenant.ref.key))])
    return found[0].id if found else None


def _size(files: tuple[str, ...]) -> int:
    there = [Path(file) for file in files]
    return sum(file.stat().st_size for file in there if file.exists())


def _checked(position: int, run: Any) -> None:
    tenant = run.tenants[position]
    tenant.checked = states.now()
    tenant.save()


def _spoilt(position: int, error: SichernError, run: Any) -> None:
    tenant = run.tenants[position]
    tenant.state, tenant.error, tenant.checked = states.FAILED, error_json(error), None
    # The protocol says what people read, here and in the mail.
    protocol = json.loads(tenant.protocol)
    protocol |= {"outcome": tenant.state, "fault": FaultSchema().dump(fault_of(error))}
    tenant.protocol = json.dumps(protocol, ensure_ascii=False)
    tenant.save()


def _planned(text: str, run: Any) -> None:
    tenant = run.tenants[0]
    tenant.state, tenant.plan, tenant.finished = states.COMPLETE, text, states.now()
    tenant.save()
