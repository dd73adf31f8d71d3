"""Saved jobs: which tenants, where to, when, for whom the protocol is, and what counts as alarm."""

import datetime as dt
import logging
from typing import Any

from trytond.exceptions import UserError
from trytond.model import DeactivableMixin, ModelSQL, ModelView, Unique, fields
from trytond.pool import Pool
from trytond.pyson import Eval, If
from trytond.transaction import Transaction, without_check_access

from sichern.hosts.tryton.module import (
    deaths,
    leftovers,
    nights,
    places,
    rights,
    states,
    telling,
)
from sichern.hosts.tryton.module.access_rules import GuardedRows, HiddenButtons
from sichern.hosts.tryton.module.addresses import addresses
from sichern.hosts.tryton.module.back_up import NoTenant
from sichern.hosts.tryton.module.run import wait_for_end
from sichern_hooks import (
    N_,
    Documents,
    Permission,
    SharedRows,
    Tenant,
    UsageError,
)

logger = logging.getLogger(__name__)

KEEP = 14
SHORTEST = dt.timedelta(minutes=1)
LIMIT = dt.timedelta(hours=26)
"""A night that is missing is noticed in the next morning."""


class NotByHand(UsageError):
    """A client writes what only the scheduler writes."""

    code = "not-by-hand"
    message = N_("when a job ran last is not entered by hand")
    hint = N_("to leave out a night, deactivate the job")


class JobGoesOn(UsageError):
    """One run of a job at a time, where a person starts it."""

    code = "job-goes-on"
    message = N_("the job %(job)s is running already")
    hint = N_("wait for its end, or stop its run")


class Job(GuardedRows, HiddenButtons, DeactivableMixin, ModelSQL, ModelView):
    """A job runs with the rights of who saved it last."""

    __name__ = "sichern.job"
    __string__ = N_("Job")

    name = fields.Char(N_("Name"), required=True)
    user = fields.Many2One(
        "res.user", N_("Runs as"), readonly=True, ondelete="SET NULL",
        help=N_("Who saved the job last; its rights count when it runs."),
    )
    everyone = fields.Boolean(
        N_("All Tenants"), help=N_("All that the user may see when the job runs.")
    )
    companies = fields.Many2Many(
        "sichern.job-company.company", "job", "company", N_("Tenants"),
        states={"invisible": Eval("everyone", False)}, depends=["everyone"],
    )
    excluded = fields.Many2Many(
        "sichern.job-excluded-company.company", "job", "company", N_("Except"),
        states={"invisible": ~Eval("everyone", False)}, depends=["everyone"],
    )
    destination = fields.Selection(
        "get_destinations", N_("Destination"), required=True, sort=False
    )
    documents = fields.Selection(states.DOCUMENTS, N_("Documents"), required=True, sort=False)
    shared = fields.Selection(states.SHARED, N_("Shared Rows"), required=True, sort=False)
    mail_to = fields.Char(
        N_("Mail the Protocol to"), help=N_("Addresses, separated by commas.")
    )
    nightly = fields.Boolean(N_("Every Night"))
    time = fields.Time(
        N_("Time"), format="%H:%M",
        states={"required": Eval("nightly", False), "invisible": ~Eval("nightly", False)},
        depends=["nightly"], help=N_("In the time zone of the server."),
    )
    before_deletion = fields.Boolean(N_("Before a Tenant is Deleted"))
    before_upgrade = fields.Boolean(N_("Before an Upgrade"))
    keep = fields.Integer(
        N_("Keep"), required=True, domain=[("keep", ">=", 1)],
        help=N_("How many checked backups of each tenant are kept."),
    )
    limit = fields.TimeDelta(
        N_("Alarm after"), domain=["OR", ("limit", "=", None), ("limit", ">=", SHORTEST)],
        help=N_("How long the job may go without a success."),
    )
    last_day = fields.Date(N_("Last Night"), readonly=True)
    runs = fields.One2Many("sichern.run", "job", N_("Runs"), readonly=True)
    last_success = fields.Function(fields.DateTime(N_("Last Success")), "get_last_success")
    alarm = fields.Function(fields.Char(N_("Alarm")), "get_alarm", searcher="search_alarm")

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        table = cls.__table__()
        cls._order.insert(0, ("name", "ASC"))
        cls._sql_constraints += [
            ("name_unique", Unique(table, table.name), "sichern.msg_job_name_unique")
        ]
        cls._buttons.update(start={"icon": "tryton-launch"})

    @classmethod
    def view_attributes(cls) -> list[Any]:
        """Colour what needs a look."""
        visual = If(Eval("alarm", "") != "", "danger", "")
        return [*super().view_attributes(), ("/tree/field[@name='alarm']", "visual", visual)]

    @classmethod
    def get_destinations(cls) -> list[tuple[str | None, str]]:
        """The folders that were allowed, for who may configure, and for Tryton itself."""
        with rights.telling():
            if Transaction().user and not rights.holds(Permission.CONFIGURE):
                return []
            return places.choices()

    @classmethod
    def default_everyone(cls) -> bool:
        """A tenant that is new tomorrow is not forgotten."""
        return True

    @classmethod
    def default_nightly(cls) -> bool:
        """What jobs are for."""
        return True

    @classmethod
    def default_time(cls) -> dt.time:
        """At night, and not at an hour that clocks repeat or leave out."""
        return dt.time(1, 0)

    @classmethod
    def default_destination(cls) -> str | None:
        """The first folder."""
        offered = cls.get_destinations()
        return offered[0][0] if offered else None

    @classmethod
    def default_documents(cls) -> str:
        """Recommended: everything in one file."""
        return str(Documents.INSIDE)

    @classmethod
    def default_shared(cls) -> str:
        """Recommended: nothing is lost."""
        return str(SharedRows.DEFAULT)

    @classmethod
    def default_keep(cls) -> int:
        """Two weeks of nights."""
        return KEEP

    @classmethod
    def default_limit(cls) -> dt.timedelta:
        """One night."""
        return LIMIT

    @classmethod
    def copy(cls, jobs: list[Any], default: dict[str, Any] | None = None) -> list[Any]:
        """Copy jobs under names that are free, without their runs."""
        default = {"name": lambda data: cls._free_name(data["name"]), "runs": None,
                   "last_day": None, **(default or {})}
        copied: list[Any] = super().copy(jobs, default=default)
        return copied

    @classmethod
    def _free_name(cls, name: str) -> str:
        with without_check_access(), Transaction().set_context(active_test=False):
            taken = {job.name for job in cls.search([("name", "like", f"{name}%")])}
        return next(
            free for number in range(2, len(taken) + 3)
            if (free := f"{name} ({number})") not in taken
        )

    @classmethod
    def preprocess_values(cls, mode: str, values: dict[str, Any]) -> dict[str, Any]:
        """Whoever saves the job answers for it."""
        values = super().preprocess_values(mode, values)
        user = Transaction().user
        if user and not set(values) <= {"last_day"}:
            values["user"] = user
        return values

    @classmethod
    def check_modification(
        cls, mode: str, jobs: list[Any], values: Any = None, external: bool = False
    ) -> None:
        """Keep clients from saying when a job ran: that needs no right here, and skips nights."""
        super().check_modification(mode, jobs, values=values, external=external)
        if external and mode == "write" and "last_day" in values:
            with rights.telling():
                raise NotByHand

    @classmethod
    def validate_fields(cls, jobs: list[Any], field_names: set[str] | None) -> None:
        """Hold what was saved against the rights of who saved it, and against sense."""
        super().validate_fields(jobs, field_names)
        if not Transaction().user or field_names == {"last_day"}:
            return
        cls.demand_rights(jobs)
        with rights.telling():
            # What was chosen once may be gone; then the job can still be changed in other ways.
            asked = field_names is None or not field_names.isdisjoint({"everyone", "companies"})
            if asked and not all(job.everyone or job.companies for job in jobs):
                raise NoTenant

    @classmethod
    def demand_rights(cls, jobs: list[Any]) -> None:
        """Raise UserError where who saves these jobs may not what they do."""
        with rights.telling():
            for job in jobs:
                companies = [company.id for company in (*job.companies, *job.excluded)]
                rights.demand(Permission.CONFIGURE, *companies)
                rights.demand(Permission.BACK_UP, *(company.id for company in job.companies))
                places.destination(job.destination)
                addresses(job.mail_to)

    # --- how it stands -------------------------------------------------------------------------

    def get_last_success(self, _name: str) -> dt.datetime | None:
        """When the job last ended well for all of its tenants."""
        with without_check_access():
            found = Pool().get("sichern.run").search(
                [
                    ("job", "=", self.id), ("state", "in", list(states.GOOD)),
                    ("part", "!=", True),
                ],
                order=[("finished", "DESC")], limit=1,
            )
        return found[0].finished if found else None

    def get_alarm(self, _name: str) -> str:
        """What somebody has to see to; empty where all is well. Computed when it is looked at."""
        alarms = []
        since = self.get_last_success("last_success") or self.create_date
        if self.nightly and self.limit and since and states.now() - since > self.limit:
            alarms.append(rights.say(N_("no success within the limit")))
        with without_check_access():
            last = Pool().get("sichern.run").search(
                [("job", "=", self.id), ("part", "!=", True)], limit=1
            )
        if last and last[0].shown_state in (states.FAILED, states.IN_PART):
            alarms.append(rights.say(N_("the last run failed")))
        if last and last[0].mailed == telling.NOT_SENT:
            alarms.append(rights.say(N_("the mail could not be sent")))
        return ", ".join(alarms)

    @classmethod
    def search_alarm(cls, _name: str, clause: Any) -> list[Any]:
        """Find jobs with an alarm (`!=` nothing) or without (`=`)."""
        alarmed = [job.id for job in cls.search([]) if job.get_alarm("alarm")]
        wanted = (clause[1] == "!=") == (not clause[2])
        return [("id", "in" if wanted else "not in", alarmed)]

    # --- running -------------------------------------------------------------------------------

    @classmethod
    @ModelView.button_action("sichern.act_run")
    def start(cls, jobs: list[Any]) -> dict[str, Any]:
        """Run jobs now, by who may do what they do, and show the runs.

        Raises UserError for one that is running already.
        """
        begun = []
        with rights.telling():
            for job in jobs:
                with without_check_access():
                    if any(run.shown_state in states.GOING_ON for run in job.going_on()):
                        raise JobGoesOn(job=job.name)
                tenants = job.tenants_of(rights.demand(Permission.CONFIGURE).login or "")
                rights.demand(Permission.BACK_UP, *(tenant.ref.key for tenant in tenants))
                begun.append(job.begin(tenants, user=Transaction().user).id)
        return {"res_id": begun}

    def going_on(self) -> list[Any]:
        """Its runs that have not ended, as far as that is noted."""
        found: list[Any] = Pool().get("sichern.run").search(
            [("job", "=", self.id), ("state", "in", list(states.GOING_ON))]
        )
        return found

    def tenants_of(self, login: str) -> list[Tenant]:
        """The tenants that are meant, of those that this user may see now."""
        seen = rights.manager().hook.sichern_tenants(actor=rights.actor_of(login)) or ()
        chosen = {str(company.id) for company in self.companies}
        excluded = {str(company.id) for company in self.excluded}
        return [
            tenant
            for tenant in seen
            if (tenant.ref.key not in excluded if self.everyone else tenant.ref.key in chosen)
        ]

    def tenants_now(self) -> list[Tenant]:
        """The tenants that are meant; none where that cannot be said: the run then says why."""
        try:
            return self.tenants_of(self.user.login) if self.user else []
        except Exception as error:
            logger.error("the job %s cannot tell its tenants: %s", self.name, error)
            return []

    def begin(self, tenants: list[Tenant], **values: Any) -> Any:
        """Let a run of this job begin, by who saved it where nobody else is named."""
        values.setdefault("user", self.user.id if self.user else None)
        return Pool().get("sichern.run").begin(
            states.BACK_UP, tenants, job=self.id, destination=self.destination,
            documents=self.documents, shared=self.shared, mail_to=self.mail_to, **values,
        )

    @classmethod
    def protect(cls, when: str, companies: list[Any] | None = None) -> None:
        """Run the jobs marked `when` to their end, for these companies or for all of theirs.

        Each in a process of its own, whose run is kept whatever becomes of the caller's
        transaction, and that waits for no worker: none may be there.
        Raises UserError where one did not back up all of its tenants.
        """
        with Transaction().new_transaction(), without_check_access():
            begun = [
                job.begin(
                    tenants, queued=False, leaving=companies is not None,
                    part=companies is not None,
                ).id
                for job in cls.search([(when, "=", True)])
                if (tenants := job.meant(companies)) or companies is None
            ]
        for number in begun:
            wait_for_end(number)
        with Transaction().new_transaction(readonly=True), without_check_access():
            for run in Pool().get("sichern.run").browse(begun):
                if run.shown_state not in states.GOOD:
                    lines = [*(each.message for each in run.tenants), run.message]
                    raise UserError(
                        rights.say(
                            N_("the job %(job)s that runs before this has failed: %(tenants)s"),
                            job=run.job.name if run.job else "-", tenants=run.rec_name,
                        ),
                        "\n".join(dict.fromkeys(filter(None, lines))),
                    )

    def meant(self, companies: list[Any] | None) -> list[Tenant]:
        """The tenants that this job backs up, of these companies or of all.

        The job says whether a company is meant, not what its user sees: a right that is missing
        is a failure.
        """
        if companies is None:
            return self.tenants_now()
        named = self.excluded if self.everyone else self.companies
        ids = {company.id for company in named}
        return [
            Tenant(ref=rights.ref(company.id), name=company.rec_name)
            for company in companies
            if (company.id in ids) != self.everyone
        ]

    # --- at night ------------------------------------------------------------------------------

    @classmethod
    def run_due(cls) -> None:
        """Start the jobs that are due, and note runs whose process is gone.

        Each after this transaction in one of its own: what goes wrong with one stops no other.
        """
        transaction = Transaction()
        deaths.notice_all()
        telling.tell_untold()
        for job in cls.search([("nightly", "=", True)]):
            transaction.atexit(
                leftovers.quietly, nights.start_due, transaction.database.name, job.id
            )
