"""The dialog of an import: a pair, a way, the plan, a last question, and off it goes."""

from pathlib import Path
from typing import Any

from trytond.model import ModelView, fields
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction, without_check_access
from trytond.wizard import Button, StateAction, StateTransition, StateView, Wizard

from sichern.hosts.tryton.module import pairs, places, rights, states
from sichern.hosts.tryton.module.addresses import addresses
from sichern.hosts.tryton.module.dialogs import OwnDialog
from sichern.hosts.tryton.module.run import look_again
from sichern_hooks import (
    N_,
    NotAuthorized,
    Permission,
    Tenant,
    TenantRef,
    UsageError,
    Way,
)

REPLACING = Eval("way") == str(Way.REPLACE)
UPLOADING = Eval("source") == places.BROWSER


class NotPlanned(UsageError):
    """There is no plan to agree to."""

    code = "not-planned"
    message = N_("the plan of this import is not ready")
    hint = N_("wait for it, look at it, then import; where it failed, see why in the list of runs")


class NotUploaded(UsageError):
    """The files are not there yet."""

    code = "not-uploaded"
    message = N_("the backup has not arrived on the server")
    hint = N_(
        "choose its files on the page that was opened, and wait until it says that all is there"
    )


class NameDiffers(UsageError):
    """The tenant's name was not typed as it is."""

    code = "name-differs"
    message = N_("what was typed is not the name of the tenant: %(tenant)s")
    hint = N_("type it exactly, to show that this tenant is meant")


class ImportStart(ModelView):
    """What a person chooses."""

    __name__ = "sichern.import.start"
    __string__ = N_("Import")

    source = fields.Selection(
        "get_sources", N_("Folder"), required=True, sort=False,
        help=N_("The administrator decides which folders are offered here."),
    )
    pair = fields.Selection(
        "get_pairs", N_("Backup"), sort=False,
        states={"required": ~UPLOADING, "invisible": UPLOADING}, depends=["source"],
    )
    way = fields.Selection(states.WAYS, N_("Way"), required=True, sort=False)
    safety = fields.Selection(
        "get_safeties", N_("Backup Before"), sort=False,
        states={"required": REPLACING, "invisible": ~REPLACING},
        help=N_("Where the tenant is backed up before it is replaced."),
    )
    neutralise = fields.Boolean(N_("Switch off jobs, mail and payments"))
    copy_confirmed = fields.Boolean(
        N_("A copy is meant"), states={"invisible": ~REPLACING},
        help=N_("A copy of the system that made the backup is meant, not that system."),
    )
    mail_to = fields.Char(
        N_("Mail the Protocol to"), help=N_("Addresses, separated by commas.")
    )

    @classmethod
    def default_way(cls) -> str:
        """Changes nothing that is there."""
        return str(Way.NEW)

    @classmethod
    def get_sources(cls) -> list[tuple[str | None, str]]:
        """The folders that were allowed, and the browser, for who may import."""
        with rights.telling():
            if not rights.holds(Permission.IMPORT):
                return []
            return [*places.choices(), (places.BROWSER, rights.say(places.UPLOAD))]

    @classmethod
    def get_safeties(cls) -> list[tuple[str | None, str]]:
        """The folders that were allowed, or none yet, for who may import."""
        with rights.telling():
            return [(None, ""), *(places.choices() if rights.holds(Permission.IMPORT) else [])]

    @classmethod
    def default_source(cls) -> str | None:
        """The first folder."""
        offered = cls.get_sources()
        return offered[0][0] if offered else None

    @fields.depends("source")
    def get_pairs(self) -> list[tuple[str | None, str]]:
        """The pairs there that the user may import."""
        if self.source in (None, places.BROWSER) or not rights.holds(Permission.IMPORT):
            return [(None, "")]
        with rights.telling():
            found = pairs.offered(places.destination(self.source), rights.login_here())
        language = rights.language_here()
        return [(None, ""), *((pair.path.name, pairs.label(pair, language)) for pair in found)]

    @fields.depends("source")
    def on_change_source(self) -> None:
        """Another folder has other pairs."""
        self.pair = None


class ImportUpload(ModelView):
    """Where the files of the pair are chosen."""

    __name__ = "sichern.import.upload"
    __string__ = N_("Upload")

    transfer = fields.Integer(N_("Upload"), readonly=True)
    address = fields.Char(
        N_("Page for the Files"), readonly=True,
        help=N_("Open it if it did not open by itself. It is yours alone."),
    )


class ImportPlan(ModelView):
    """What would be done."""

    __name__ = "sichern.import.plan"
    __string__ = N_("Plan")

    run = fields.Many2One("sichern.run", N_("Run of the Plan"), readonly=True)
    state = fields.Selection(states.STATES, N_("State"), readonly=True, sort=False)
    way = fields.Selection(states.WAYS, N_("Way"), readonly=True, sort=False)
    tenant = fields.Char(N_("Tenant"), readonly=True)
    text = fields.Text(N_("Plan"), readonly=True, strip=False)
    typed = fields.Char(
        N_("Name of the Tenant"), states={"invisible": ~REPLACING}, depends=["way"],
        help=N_("Type the name of the tenant that is to be replaced."),
    )


class Import(OwnDialog, Wizard):
    """Choose, look at the plan, import."""

    __name__ = "sichern.import"

    start = StateView(
        "sichern.import.start", "sichern.import_start_view_form",
        [
            Button(N_("Cancel"), "end", "tryton-cancel"),
            Button(N_("Show Plan"), "prepare", "tryton-forward", default=True),
        ],
    )
    prepare = StateTransition()
    open_page = StateAction("sichern.act_upload")
    upload = StateView(
        "sichern.import.upload", "sichern.import_upload_view_form",
        [
            Button(N_("Cancel"), "end", "tryton-cancel"),
            Button(N_("Show Plan"), "arrived", "tryton-forward", default=True),
        ],
    )
    arrived = StateTransition()
    plan = StateView(
        "sichern.import.plan", "sichern.import_plan_view_form",
        [
            Button(N_("Cancel"), "end", "tryton-cancel"),
            Button(N_("Back"), "start", "tryton-back"),
            Button(N_("Refresh"), "refresh", "tryton-refresh"),
            Button(
                N_("Import"), "run", "tryton-import",
                states={"readonly": Eval("state") != states.COMPLETE},
            ),
        ],
    )
    refresh = StateTransition()
    run = StateAction("sichern.act_run")

    def transition_prepare(self) -> str:
        """Let the plan be made of a pair that is here, or ask for the files of another."""
        with rights.telling():
            rights.demand(Permission.IMPORT)
            if self.start.source == places.BROWSER:
                return "open_page"
            return self._prepare(pairs.file_of(self.start.source, self.start.pair))

    def do_open_page(self, action: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Open the page that takes the files, in another tab."""
        with rights.telling():
            rights.demand(Permission.IMPORT)
            transfer, address = Pool().get("sichern.transfer").expect(Transaction().user)
        self.upload.transfer, self.upload.address = transfer, address
        return {**action, "url": address}, {}

    def transition_open_page(self) -> str:
        """Wait for the files."""
        return "upload"

    def default_upload(self, _fields: list[str]) -> dict[str, Any]:
        """The address once more, where the browser did not open it."""
        return {"transfer": self.upload.transfer, "address": self.upload.address}

    def transition_arrived(self) -> str:
        """Go on with the pair that has arrived. It is looked at as closely as any other."""
        with rights.telling():
            rights.demand(Permission.IMPORT)
            file = Pool().get("sichern.transfer").uploaded(
                self.upload.transfer or 0, Transaction().user
            )
            if file is None:
                raise NotUploaded
            return self._prepare(file)

    def _prepare(self, file: Path) -> str:
        """Let the plan be made, outside of this request: it reads the whole pair.

        Raises NotAuthorized, NoAddress, what is wrong with the info file, and what
        `places.usable` raises.
        """
        start = self.start
        actor = rights.demand(Permission.IMPORT)
        info = pairs.demand_pair(file, rights.login_here())
        way = Way(start.way)
        safety = None
        if way is Way.REPLACE:
            rights.demand_both(info.tenant.key)
            safety = places.usable(start.safety).path
        tenant = Tenant(
            ref=TenantRef(host=actor.host, key=info.tenant.key), name=info.tenant.name
        )
        self.plan.run = Pool().get("sichern.run").begin(
            states.PLAN, [tenant], file=str(file), way=str(way), destination=safety,
            neutralise=bool(start.neutralise), copy_confirmed=bool(start.copy_confirmed),
            mail_to=", ".join(addresses(start.mail_to)) or None,
        )
        return "plan"

    def transition_refresh(self) -> str:
        """Look again, and wait a little for the plan."""
        with rights.telling():
            look_again(self._planned().id)
        return "plan"

    def default_plan(self, _fields: list[str]) -> dict[str, Any]:
        """The plan as far as it is there."""
        with rights.telling():
            try:
                # What was written since this request began is seen only outside of it.
                with Transaction().new_transaction(readonly=True):
                    return self._shown()
            except NotAuthorized:
                return self._shown()  # its run was begun by this very request

    def _shown(self) -> dict[str, Any]:
        run = self._planned()
        state = run.shown_state
        (tenant,) = run.tenants
        # The plan is written before its run ends: who can read it can import it.
        text = None if state in states.GOING_ON else tenant.plan or tenant.message
        return {
            "run": run.id, "state": state, "way": run.way, "tenant": _named(run, tenant),
            "text": text, "typed": None,
        }

    def do_run(self, action: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Import what was planned, and show the run."""
        with rights.telling():
            actor = rights.demand(Permission.IMPORT)
            planned = self._planned()
            if planned.state != states.COMPLETE:
                raise NotPlanned
            (tenant,) = planned.tenants
            if planned.way == str(Way.REPLACE):
                rights.demand_both(tenant.key)
                if (self.plan.typed or "").strip() != tenant.name.strip():
                    raise NameDiffers(tenant=tenant.name)
            run = Pool().get("sichern.run").begin(
                states.IMPORT,
                [Tenant(ref=TenantRef(host=actor.host, key=tenant.key), name=tenant.name)],
                file=planned.file, way=planned.way, destination=planned.destination,
                neutralise=planned.neutralise, copy_confirmed=planned.copy_confirmed,
                mail_to=planned.mail_to,
            )
        return action, {"res_id": [run.id]}

    def _planned(self) -> Any:
        """The run of the plan: the client names it, so it has to be this user's own.

        Raises NotAuthorized.
        """
        rights.demand(Permission.IMPORT)
        number = self.plan.run.id if self.plan.run else None
        with without_check_access():
            # Anew: a record belongs to the transaction that it was read in.
            found = Pool().get("sichern.run").search(
                [
                    ("id", "=", number), ("kind", "=", states.PLAN),
                    ("user", "=", Transaction().user),
                ]
            )
        if not found:
            raise NotAuthorized(
                actor=rights.login_here(), permission=str(Permission.IMPORT), tenant="*"
            )
        return found[0]


def _named(run: Any, tenant: Any) -> str:
    """The tenant of a pair; with the key of the one here that it replaces."""
    return f"{tenant.name} ({tenant.key})" if run.way == str(Way.REPLACE) else str(tenant.name)
