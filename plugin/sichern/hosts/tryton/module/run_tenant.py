"""One tenant of a run: how far it is, what became of it, its files, its protocol."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from trytond.model import ModelSQL, ModelView, fields, sequence_ordered
from trytond.pool import Pool
from trytond.pyson import Eval
from trytond.transaction import Transaction

from sichern.archive.stems import INFO
from sichern.hosts.tryton.module import deaths, places, rights, states
from sichern.hosts.tryton.module.access_rules import GuardedRows, HiddenButtons
from sichern.hosts.tryton.module.big import BigInteger
from sichern.hosts.tryton.module.refusals import PairGone
from sichern.i18n import translate
from sichern.report.import_text import import_text
from sichern.report.mail import IMPORT, loaded, loaded_import
from sichern.report.text import fault_lines, protocol_text, size_text
from sichern_hooks import N_, Permission, SichernError

Ordered: Any = sequence_ordered()


class RunTenant(GuardedRows, HiddenButtons, Ordered, ModelSQL, ModelView):
    """A tenant of a run, also where the company is gone since, or never came into being."""

    __name__ = "sichern.run.tenant"
    __string__ = N_("Tenant of a Run")

    run = fields.Many2One(
        "sichern.run", N_("Single Run"), required=True, readonly=True, ondelete="CASCADE"
    )
    company = fields.Many2One(
        "company.company", N_("Company"), readonly=True, ondelete="SET NULL"
    )
    key = fields.Char(N_("Key"), readonly=True)
    slug = fields.Char(N_("File Name"), readonly=True)
    name = fields.Char(N_("Tenant"), readonly=True)
    state = fields.Selection(
        states.TENANT_STATES, N_("State"), required=True, readonly=True, sort=False
    )
    shown_state = fields.Function(
        fields.Selection(states.TENANT_STATES, N_("State"), sort=False), "get_shown_state"
    )
    phase = fields.Char(N_("Phase"), readonly=True)
    done = BigInteger(N_("Done"), readonly=True)
    total = BigInteger(N_("Of"), readonly=True)
    started = fields.DateTime(N_("Started"), readonly=True)
    finished = fields.DateTime(N_("Finished"), readonly=True)
    size = BigInteger(N_("Bytes"), readonly=True)
    size_text = fields.Function(fields.Char(N_("Size")), "get_size_text")
    files = fields.Text(N_("Files"), readonly=True)
    checked = fields.DateTime(N_("Last Checked"), readonly=True)
    fetched = fields.DateTime(N_("Downloaded"), readonly=True)
    progress = fields.Function(fields.Float(N_("Progress"), digits=(1, 2)), "get_progress")
    remaining = fields.Function(fields.TimeDelta(N_("Time Left")), "get_remaining")
    message = fields.Function(fields.Text(N_("Message")), "get_message")
    reason = fields.Function(fields.Char(N_("Message")), "get_reason")
    protocol = fields.Text(N_("Protocol as JSON"), readonly=True, strip=False)
    plan = fields.Text(N_("Plan"), readonly=True, strip=False)
    error = fields.Text(N_("Error as JSON"), readonly=True, strip=False)
    protocol_text = fields.Function(fields.Text(N_("Protocol")), "get_protocol_text")
    kind = fields.Function(fields.Selection(states.KINDS, N_("Kind")), "on_change_with_kind")

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        cls._order.insert(0, ("run.id", "DESC"))
        cls._buttons.update(
            download={
                "invisible": (Eval("kind") != states.BACK_UP)
                | ~Eval("shown_state").in_(list(states.GOOD)),
                "depends": ["kind", "shown_state"],
                "icon": "tryton-download",
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
        """Nothing was begun."""
        return states.WAITING

    def get_rec_name(self, _name: str) -> str:
        """The tenant's name."""
        return str(self.name or self.key or "")

    @classmethod
    def search_rec_name(cls, _name: str, clause: Any) -> list[Any]:
        """Search by the tenant's name."""
        return [("name", *clause[1:])]

    @fields.depends("run", "_parent_run.kind")
    def on_change_with_kind(self, _name: str | None = None) -> str | None:
        """What the run does."""
        return self.run.kind if self.run else None

    @classmethod
    def get_shown_state(cls, tenants: list[Any], _name: str) -> dict[int, str]:
        """What stands in the table, but failed where the process of the run is gone."""
        dead = set(deaths.notice(list({tenant.run for tenant in tenants})))
        return {
            tenant.id: states.FAILED
            if tenant.run in dead and tenant.state in states.GOING_ON
            else tenant.state
            for tenant in tenants
        }

    def get_size_text(self, _name: str) -> str:
        """The size of the files, as people read it."""
        return size_text(self.size, rights.language_here()) if self.size else ""

    def get_progress(self, _name: str) -> float:
        """How far it is, from 0 to 1."""
        if self.state in states.GOOD:
            return 1.0
        return min(1.0, self.done / self.total) if self.total and self.done else 0.0

    def get_remaining(self, _name: str) -> dt.timedelta | None:
        """How long it takes, if it goes on as until now."""
        if self.state != states.RUNNING or not self.started or not self.done or not self.total:
            return None
        passed = (states.now() - self.started).total_seconds()
        left = passed * max(0, self.total - self.done) / self.done
        return dt.timedelta(seconds=round(left))

    def get_message(self, _name: str) -> str:
        """What is wrong, and what to do about it."""
        if self.protocol:
            fault = _protocol(self.protocol).fault
            lines = fault_lines(fault, rights.language_here()) if fault is not None else []
            return "\n".join(lines)
        return error_text(self.error) if self.error else ""

    def get_reason(self, _name: str) -> str:
        """What is wrong, in a line."""
        return self.get_message("message").partition("\n")[0]

    def get_protocol_text(self, _name: str) -> str:
        """The protocol, in the reader's language."""
        if not self.protocol:
            return self.plan or self.get_message("message")
        with rights.telling():
            whom = places.contact()
        language = rights.language_here()
        data = json.loads(self.protocol)
        if data.get("action") == IMPORT:
            return import_text(loaded_import(data), language, whom)
        return protocol_text(loaded(data), language, whom)

    @classmethod
    @ModelView.button
    def download(cls, tenants: list[Any]) -> dict[str, str] | None:
        """Open the page on which the browser fetches the pair: once, and for this user alone.

        Raises UserError where the user may not, or the pair is gone.
        """
        with rights.telling():
            for tenant in tenants[:1]:
                rights.demand(Permission.DOWNLOAD, tenant.key)
                if tenant.kind != states.BACK_UP:
                    raise PairGone
                address = Pool().get("sichern.transfer").offer(
                    Transaction().user, tenant.key, tenant.info_file()
                )
                return {"type": "ir.action.url", "url": address}
        return None

    def info_file(self) -> Path:
        """The info file of its pair, where its run wrote it and may still be read from.

        Raises PairGone, PlaceNotAllowed.
        """
        run = self.run
        if run.destination != places.BROWSER:
            places.destination(run.destination)
        for file in map(Path, (self.files or "").splitlines()):
            if file.suffix == INFO and file.parent == run.folder and file.is_file():
                return file
        raise PairGone

    @classmethod
    def fail(cls, tenants: list[Any], error: SichernError) -> None:
        """Note for those that did not end why they never will."""
        cancelled = error.code == "cancelled"
        state = states.CANCELLED if cancelled else states.FAILED
        cls.write(
            [tenant for tenant in tenants if tenant.state in states.GOING_ON],
            {"state": state, "finished": states.now(), "error": error_json(error)},
        )


def one_line(name: str) -> str:
    """A tenant's name as Tryton takes it in a line: a break in it is no reason to fail."""
    return " ".join(name.split())


def error_json(error: SichernError) -> str:
    """An error as it is kept: msgids with their values, for any reader's language."""
    return json.dumps(
        {
            "code": error.code, "message": error.message, "hint": error.hint,
            "values": error.values,
        }
    )


def error_text(kept: str) -> str:
    """A kept error in the reader's language: what is wrong, and what to do."""
    said, language = json.loads(kept), rights.language_here()
    return "\n".join(
        translate(said[part], language, said["values"]) for part in ("message", "hint")
    )


def _protocol(text: str) -> Any:
    data = json.loads(text)
    return loaded_import(data) if data.get("action") == IMPORT else loaded(data)
