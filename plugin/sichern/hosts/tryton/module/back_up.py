"""The dialog of a backup: tenants, destination, options, and off it goes."""

from typing import Any

from trytond.model import ModelView, fields
from trytond.pool import Pool
from trytond.transaction import Transaction
from trytond.wizard import Button, StateAction, StateView, Wizard

from sichern.hosts.tryton.module import places, rights, states
from sichern.hosts.tryton.module.addresses import addresses
from sichern.hosts.tryton.module.dialogs import OwnDialog
from sichern.report.text import size_text
from sichern_hooks import N_, Documents, Permission, SharedRows, UsageError

MODEL = "sichern.tenant"


class NoTenant(UsageError):
    """Nothing was chosen."""

    code = "no-tenant"
    message = N_("no tenant was chosen")
    hint = N_("choose at least one")


class BackUpStart(ModelView):
    """What a person chooses."""

    __name__ = "sichern.back_up.start"
    __string__ = N_("Back up")

    tenants = fields.Many2Many(
        MODEL, None, None, N_("Tenants"), required=True,
        help=N_("Each tenant gets a pair of files of its own."),
    )
    destination = fields.Selection(
        "get_destinations", N_("Destination"), required=True, sort=False,
        help=N_(
            "The administrator decides which folders are offered here. What is to be downloaded "
            "waits on the server for a day."
        ),
    )
    free = fields.Char(N_("Free"), readonly=True)
    needed = fields.Char(
        N_("Needed, about"), readonly=True,
        help=N_("By the last good backup of each tenant."),
    )
    documents = fields.Selection(
        states.DOCUMENTS, N_("Documents"), required=True, sort=False,
        help=N_("What happens to the archive of documents (Belegarchiv)."),
    )
    shared = fields.Selection(
        states.SHARED, N_("Shared Rows"), required=True, sort=False,
        help=N_("Which parties, products and other rows go along that several tenants use."),
    )
    mail_to = fields.Char(
        N_("Mail the Protocol to"), help=N_("Addresses, separated by commas.")
    )

    @classmethod
    def get_destinations(cls) -> list[tuple[str | None, str]]:
        """The folders that were allowed, and the browser, for who may use them."""
        with rights.telling():
            if not rights.holds(Permission.BACK_UP):
                return []
            offered = places.choices()
            if rights.holds(Permission.DOWNLOAD):
                offered.append((places.BROWSER, rights.say(places.DOWNLOAD)))
            return offered

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
    def default_tenants(cls) -> list[int]:
        """The tenants that were chosen in the list; the only one, where there is only one."""
        with rights.telling():
            if not rights.holds(Permission.BACK_UP):
                return []
            seen = [int(tenant.ref.key) for tenant in rights.tenants_here()]
        context = Transaction().context
        if context.get("active_model") == MODEL:
            chosen = set(context.get("active_ids") or ())
            return [company for company in seen if company in chosen]
        return seen if len(seen) == 1 else []

    @fields.depends("destination")
    def on_change_with_free(self) -> str | None:
        """What is free at the destination."""
        if not self.destination or not rights.holds(Permission.BACK_UP):
            return None
        with rights.telling():
            free = places.free_bytes(self.destination)
        if free is None:
            return rights.say(N_("cannot be reached"))
        return size_text(free, rights.language_here())

    @fields.depends("tenants")
    def on_change_with_needed(self) -> str | None:
        """What the last good backups took; a tenant without one is not known."""
        if not self.tenants or not rights.holds(Permission.BACK_UP):
            return None
        sizes = [
            tenant.last_good.size if tenant.last_good else None
            for tenant in Pool().get(MODEL).browse(
                rights.visible(tenant.id for tenant in self.tenants)
            )
        ]
        known = sum(size for size in sizes if size)
        text = size_text(known, rights.language_here()) if known else ""
        unknown = sum(not size for size in sizes)
        if not unknown:
            return text
        asked = rights.say(N_("not known for %(count)d"), count=unknown)
        return f"{text} ({asked})" if text else asked


class BackUp(OwnDialog, Wizard):
    """One window: choose and run."""

    __name__ = "sichern.back_up"

    start = StateView(
        "sichern.back_up.start", "sichern.back_up_start_view_form",
        [
            Button(N_("Cancel"), "end", "tryton-cancel"),
            Button(N_("Run"), "run", "tryton-ok", default=True),
        ],
    )
    run = StateAction("sichern.act_run")

    def do_run(self, action: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start the run, and show it."""
        start = self.start
        with rights.telling():
            companies = [tenant.id for tenant in start.tenants or ()]
            rights.demand(Permission.BACK_UP, *companies)
            tenants = rights.demand_visible(companies)
            if not tenants:
                raise NoTenant
            run = Pool().get("sichern.run").begin(
                states.BACK_UP, tenants, destination=_destination(start.destination, companies),
                documents=str(Documents(start.documents)), shared=str(SharedRows(start.shared)),
                mail_to=", ".join(addresses(start.mail_to)) or None,
            )
        return action, {"res_id": [run.id]}


def _destination(chosen: str | None, companies: list[int]) -> str:
    """Give what was chosen where it may be, and can be written to.

    Raises NotAuthorized, what `places.usable` raises.
    """
    if chosen == places.BROWSER:
        rights.demand(Permission.DOWNLOAD, *companies)
        return chosen
    return places.usable(chosen).path
