"""Runs: what was asked for, by whom, how it goes on, and how it is stopped."""

import datetime as dt
import math
import time
import uuid
from pathlib import Path
from typing import Any

import trytond.config as config
from trytond import backend
from trytond.model import ModelSQL, ModelView, fields
from trytond.model.exceptions import AccessError
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction, check_access, without_check_access

from sichern.hosts.tryton.module import (
    deaths,
    places,
    processes,
    rights,
    staging,
    states,
    telling,
)
from sichern.hosts.tryton.module.access_rules import GuardedRows, HiddenButtons
from sichern.hosts.tryton.module.following import follow_imports
from sichern.hosts.tryton.module.links import address_here
from sichern.hosts.tryton.module.refusals import RunUnknown
from sichern.hosts.tryton.module.run_tenant import error_json, error_text, one_line
from sichern.run import Cancelled
from sichern_hooks import N_, Permission, SichernError, Tenant, Way

PAUSE = 0.5
"""Seconds between two looks at a run whose end somebody waits for."""

MOMENT = 10.0
"""Seconds for which a person's look at a run may wait for its end."""


class Run(GuardedRows, HiddenButtons, ModelSQL, ModelView):
    """A run in a process of its own. Nobody writes it by hand."""

    __name__ = "sichern.run"
    __string__ = N_("Single Run")

    kind = fields.Selection(states.KINDS, N_("Kind"), required=True, readonly=True, sort=False)
    name = fields.Char(N_("Number of the Run"), required=True, readonly=True)
    user = fields.Many2One("res.user", N_("Started by"), readonly=True, ondelete="SET NULL")
    job = fields.Many2One("sichern.job", N_("Job"), readonly=True, ondelete="SET NULL")
    state = fields.Selection(
        states.STATES, N_("State"), required=True, readonly=True, sort=False
    )
    shown_state = fields.Function(
        fields.Selection(states.STATES, N_("State"), sort=False), "get_shown_state"
    )
    destination = fields.Char(N_("Destination"), readonly=True, strip=False)
    place = fields.Function(fields.Char(N_("Destination")), "get_place")
    documents = fields.Selection(
        [(None, ""), *states.DOCUMENTS], N_("Documents"), readonly=True, sort=False
    )
    shared = fields.Selection(
        [(None, ""), *states.SHARED], N_("Shared Rows"), readonly=True, sort=False
    )
    mail_to = fields.Char(N_("Protocol to"), readonly=True)
    file = fields.Char(N_("File"), readonly=True, strip=False)
    way = fields.Selection([(None, ""), *states.WAYS], N_("Way"), readonly=True, sort=False)
    neutralise = fields.Boolean(N_("Switch off jobs, mail and payments"), readonly=True)
    copy_confirmed = fields.Boolean(N_("A copy is meant"), readonly=True)
    tenants = fields.One2Many("sichern.run.tenant", "run", N_("Tenants"), readonly=True)
    started = fields.DateTime(N_("Started"), readonly=True)
    finished = fields.DateTime(N_("Finished"), readonly=True)
    heartbeat = fields.DateTime(N_("Last Sign of Life"), readonly=True)
    machine = fields.Char(N_("Machine"), readonly=True)
    pid = fields.Integer(N_("Process"), readonly=True)
    mark = fields.Char(N_("Start of the Process"), readonly=True)
    part = fields.Boolean(
        N_("Only for some of the job's tenants"), readonly=True,
        help=N_("It says nothing of whether the job as a whole succeeds."),
    )
    queued = fields.Boolean(N_("Waits for a Worker"), readonly=True)
    stop_asked = fields.Boolean(N_("Asked to Stop"), readonly=True)
    mailed = fields.Selection(
        [(None, ""), ("yes", N_("Sent")), ("no", N_("Could not be sent"))],
        N_("Mail"), readonly=True, sort=False,
    )
    error = fields.Text(N_("Error as JSON"), readonly=True, strip=False)
    message = fields.Function(
        fields.Text(N_("Message"), states={"invisible": ~Eval("message")}), "get_message"
    )
    progress = fields.Function(fields.Float(N_("Progress"), digits=(1, 2)), "get_progress")
    remaining = fields.Function(fields.TimeDelta(N_("Time Left")), "get_remaining")

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        cls._order.insert(0, ("id", "DESC"))
        cls._buttons.update(
            cancel={
                "invisible": ~Eval("shown_state").in_(list(states.GOING_ON)),
                "depends": ["shown_state"],
                "icon": "tryton-cancel",
            },
            watch={
                "invisible": ~Eval("shown_state").in_(list(states.GOING_ON)),
                "depends": ["shown_state"],
                "icon": "tryton-history",
            },
        )

    @classmethod
    def view_attributes(cls) -> list[Any]:
        """Colour what needs a look."""
        visual = states.colour("shown_state")
        return [
            *super().view_attributes(), ("/tree/field[@name='shown_state']", "visual", visual),
        ]

    @classmethod
    def default_state(cls) -> str:
        """It was not begun."""
        return states.WAITING

    def get_rec_name(self, _name: str) -> str:
        """The names of its tenants, that of the job where it found none."""
        names = ", ".join(tenant.rec_name for tenant in self.tenants)
        return names or str(self.job.name if self.job else self.name)

    def get_place(self, _name: str) -> str:
        """Where it writes backups, as people call it."""
        with rights.telling():
            return places.label(self.destination) if self.destination else ""

    @classmethod
    def search_rec_name(cls, _name: str, clause: Any) -> list[Any]:
        """Search by the tenants' names."""
        return [("tenants.name", *clause[1:])]

    @classmethod
    def get_shown_state(cls, runs: list[Any], _name: str) -> dict[int, str]:
        """What stands in the table, but failed where its process is gone."""
        dead = deaths.notice(runs)
        follow_imports(runs)
        return {run.id: _dead_state(run) if run in dead else run.state for run in runs}

    def get_progress(self, _name: str) -> float:
        """How far all of its tenants are, from 0 to 1."""
        return self._mean_progress()

    def _mean_progress(self, failed: float | None = None) -> float:
        """The mean of its tenants' progress; one that failed or was stopped counts so much."""
        each = [
            tenant.get_progress("progress")
            if failed is None or tenant.state in (*states.GOING_ON, *states.GOOD)
            else failed
            for tenant in self.tenants
        ]
        return sum(each) / len(each) if each else 0.0

    def get_remaining(self, _name: str) -> dt.timedelta | None:
        """How long the run takes, if the tenants to come are as long as those before."""
        if self.state != states.RUNNING or not self.started:
            return None
        done = self._mean_progress(failed=1.0)  # it needs no more time
        if not done:
            return None
        passed = (states.now() - self.started).total_seconds()
        return dt.timedelta(seconds=round(passed * (1 - done) / done))

    def get_message(self, _name: str) -> str:
        """What ended the run as a whole or tenants of it, and what to do about it."""
        if not self.error:
            said = [(tenant.rec_name, tenant.message) for tenant in self.tenants]
            return "\n\n".join(f"{name}: {text}" for name, text in said if text)
        return error_text(self.error)

    # --- to begin ------------------------------------------------------------------------------

    @classmethod
    def begin(
        cls, kind: str, tenants: list[Tenant], *, leaving: bool = False, **values: Any
    ) -> Any:
        """Note a run of the transaction's user and let it start once that is committed.

        Who calls this asked for the right; the process of the run asks again. A pair's tenant is
        one of this system only where it is to be replaced: its key alone says nothing.
        `leaving`: the companies are about to be deleted by a transaction that cannot see this
        run, so nothing of it may point at them.
        """
        company = Pool().get("company.company")
        worker = config.getboolean("queue", "worker", default=False)
        values.setdefault("user", Transaction().user)
        values.setdefault("queued", bool(worker and backend.name != "sqlite"))
        with without_check_access():
            here = kind == states.BACK_UP or values.get("way") == str(Way.REPLACE)
            there = (
                {str(each.id) for each in company.search([])} if here and not leaving else set()
            )
            (run,) = cls.create([{
                "kind": kind, "name": uuid.uuid4().hex, **values,
                "tenants": [("create", [
                    {
                        "sequence": place, "key": tenant.ref.key,
                        "name": one_line(tenant.name),
                        "company": int(tenant.ref.key) if tenant.ref.key in there else None,
                    }
                    for place, tenant in enumerate(tenants)
                ])],
            }])
        transaction = Transaction()
        if run.queued:
            with transaction.set_context(queue_name=processes.QUEUE):
                cls.__queue__.wait_for([run])
        else:
            transaction.atexit(processes.start_detached, transaction.database.name, run.id)
        return run

    @classmethod
    def wait_for(cls, runs: list[Any]) -> None:
        """Start the processes of runs from trytond's worker, one after the other.

        The worker holds no more of them at a time than it was allowed; a run that was begun
        already says so itself.
        """
        numbers = [run.id for run in runs]
        # A snapshot that is held for hours keeps the database from cleaning up.
        Transaction().commit()
        for number in numbers:
            processes.start(Transaction().database.name, number).wait()

    # --- to watch ------------------------------------------------------------------------------

    @classmethod
    @ModelView.button
    def watch(cls, runs: list[Any]) -> dict[str, str] | None:
        """Open the page that shows how far a run is, without anybody asking again.

        Raises UserError for a run that the user may not see.
        """
        with rights.telling(), check_access():
            for run in runs[:1]:
                if cls.seen(run.id) is None:
                    raise RunUnknown
                return {"type": "ir.action.url", "url": f"{address_here()}/run/{run.id}/"}
        return None

    @classmethod
    def seen(cls, number: int) -> Any:
        """Give a run where the transaction's user may see it, None otherwise."""
        try:
            return next(iter(cls.search([("id", "=", number)])), None)
        except AccessError:
            return None

    # --- to stop -------------------------------------------------------------------------------

    @classmethod
    @ModelView.button
    def cancel(cls, runs: list[Any]) -> str:
        """Ask runs to stop: who may start such a run for all of its tenants may stop it."""
        with rights.telling():
            for run in runs:
                rights.demand(run.permission, *run.keys_here())
        with without_check_access():
            cls.write([run for run in runs if run.state in states.GOING_ON], {"stop_asked": True})
            for run in runs:
                if run.state == states.WAITING:
                    run.end_with(Cancelled())
                elif run.state == states.RUNNING and run.machine == processes.machine():
                    processes.ask_to_stop(run.pid, run.mark)
        return "reload"

    @property
    def permission(self) -> Permission:
        """The right that such a run takes."""
        return Permission.BACK_UP if self.kind == states.BACK_UP else Permission.IMPORT

    def keys_here(self) -> list[str]:
        """The tenants whose rows it reads or changes here; none for one that comes into being."""
        if self.kind == states.BACK_UP or self.way == str(Way.REPLACE):
            return [tenant.key for tenant in self.tenants]
        return []

    @property
    def folder(self) -> Path:
        """Where it writes backups: one that is fetched with the browser lies apart from others."""
        if self.destination == places.BROWSER:
            return staging.folder(staging.DOWN, self.name)
        return Path(self.destination)

    def fail(self, error: SichernError) -> None:
        """Note what ended the run, for it and for the tenants that had not ended."""
        Pool().get("sichern.run.tenant").fail(self.tenants, error)
        self.error = error_json(error)
        self.save()

    def end(self, error: SichernError | None = None, mailed: str | None = None) -> None:
        """Note what became of the run, by what became of its tenants.

        A process that was only silent for too long takes back what was noted of its death.
        """
        self.state = states.outcome_of([each.state for each in self.tenants])
        self.error = error_json(error) if error is not None else None
        self.finished, self.mailed = states.now(), mailed
        self.save()

    def end_with(self, error: SichernError) -> None:
        """Note the end of a run that no process will do anything more for; then it is mailed."""
        self.fail(error)
        self.__class__(self.id).end(error)
        telling.tell_later(self)


def look_again(number: int) -> None:
    """Wait a little for the end of a run that somebody looks at."""
    wait_for_end(number, MOMENT)


def wait_for_end(number: int, seconds: float = math.inf) -> None:
    """Wait until a run of this database is over, looking again and again as anybody would."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with Transaction().new_transaction(readonly=True), without_check_access():
            run = Pool().get("sichern.run")(number)
            if run.state not in states.GOING_ON or deaths.is_dead(run):
                return
        time.sleep(PAUSE)


def _dead_state(run: Any) -> str:
    return states.outcome_of(
        [states.FAILED if each.state in states.GOING_ON else each.state for each in run.tenants]
    )
