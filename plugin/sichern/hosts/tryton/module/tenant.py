"""The tenants that a user may see, with the time and state of each one's last good backup."""

from typing import Any

from sql import Null
from sql.aggregate import Max
from trytond.model import ModelSQL, ModelView, fields
from trytond.pool import Pool

from sichern.hosts.tryton.module import places, rights, states
from sichern.hosts.tryton.module.access_rules import GuardedRows, HiddenButtons
from sichern.report.text import size_text
from sichern_hooks import N_, Permission


class Tenant(GuardedRows, HiddenButtons, ModelSQL, ModelView):
    """A company, seen as what can be backed up; its id is the company's."""

    __name__ = "sichern.tenant"
    __string__ = N_("Tenant")
    _rec_name = "name"

    company = fields.Many2One("company.company", N_("Company"), readonly=True)
    name = fields.Function(fields.Char(N_("Tenant")), "get_name", searcher="search_name")
    key = fields.Function(
        fields.Char(N_("Key"), help=N_("Tells tenants of one name apart, in file names too.")),
        "get_key",
    )
    last_good = fields.Many2One("sichern.run.tenant", N_("Last Good Backup"), readonly=True)
    last = fields.Many2One("sichern.run.tenant", N_("Last Run"), readonly=True)
    good_at = fields.Function(fields.DateTime(N_("Last Good Backup")), "get_of_run")
    good_state = fields.Function(
        fields.Selection([(None, ""), *states.TENANT_STATES], N_("Result")), "get_of_run"
    )
    size = fields.Function(fields.Char(N_("Size")), "get_size")
    last_state = fields.Function(
        fields.Selection([(None, ""), *states.TENANT_STATES], N_("Last Run")), "get_of_run"
    )
    checked = fields.Function(fields.DateTime(N_("Last Checked")), "get_of_run")
    progress = fields.Function(fields.Float(N_("Progress"), digits=(1, 2)), "get_of_run")

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        cls._order = [("company.party.name", "ASC"), ("id", "ASC")]
        cls._buttons.update(sichern={"icon": "tryton-save"})

    @classmethod
    def view_attributes(cls) -> list[Any]:
        """Colour what needs a look."""
        visual = states.colour("last_state")
        return [
            *super().view_attributes(), ("/tree/field[@name='last_state']", "visual", visual),
        ]

    @classmethod
    def table_query(cls) -> Any:
        """Each company, with the last of its backups and the last good one."""
        pool = Pool()
        company = pool.get("company.company").__table__()
        last, good = cls._backups(), cls._backups(*states.GOOD)
        return (
            company.join(last, "LEFT", condition=last.company == company.id)
            .join(good, "LEFT", condition=good.company == company.id)
            .select(
                company.id.as_("id"),
                company.create_uid.as_("create_uid"),
                company.create_date.as_("create_date"),
                company.write_uid.as_("write_uid"),
                company.write_date.as_("write_date"),
                company.id.as_("company"),
                last.id.as_("last"),
                good.id.as_("last_good"),
            )
        )

    @classmethod
    def _backups(cls, *wanted: str) -> Any:
        """Select the newest backup of each company, of those states where some are named.

        One for the browser is removed after a day: it is no good one until somebody has it.
        """
        pool = Pool()
        run = pool.get("sichern.run").__table__()
        tenant = pool.get("sichern.run.tenant").__table__()
        where = (run.kind == states.BACK_UP) & (tenant.company != Null)
        if wanted:
            where &= tenant.state.in_(wanted)
            where &= (run.destination != places.BROWSER) | (tenant.fetched != Null)
        return tenant.join(run, condition=tenant.run == run.id).select(
            tenant.company.as_("company"), Max(tenant.id).as_("id"),
            where=where, group_by=tenant.company,
        )

    def get_name(self, _name: str) -> str:
        """The company's name."""
        return str(self.company.rec_name)

    def get_key(self, _name: str) -> str:
        """The key under which the archive knows it."""
        return str(self.id)

    @classmethod
    def search_name(cls, _name: str, clause: Any) -> list[Any]:
        """Search by the company's name."""
        return [("company.rec_name", *clause[1:])]

    @classmethod
    def get_of_run(cls, tenants: list[Any], names: list[str]) -> dict[str, dict[int, Any]]:
        """What the last good backup, or the last one at all, says."""
        sources = {
            "good_at": ("last_good", "finished"), "good_state": ("last_good", "state"),
            "checked": ("last_good", "checked"), "last_state": ("last", "shown_state"),
            "progress": ("last", "progress"),
        }
        found: dict[str, dict[int, Any]] = {}
        for name in names:
            which, field = sources[name]
            found[name] = {
                tenant.id: getattr(run, field) if (run := getattr(tenant, which)) else None
                for tenant in tenants
            }
        return found

    def get_size(self, _name: str) -> str:
        """The size of the last good backup, as people read it."""
        if not self.last_good or not self.last_good.size:
            return ""
        return size_text(self.last_good.size, rights.language_here())

    @classmethod
    @ModelView.button_action("sichern.wizard_back_up")
    def sichern(cls, tenants: list[Any]) -> dict[str, Any] | None:
        """Open the dialog for the chosen tenants."""
        with rights.telling():
            rights.demand(Permission.BACK_UP, *(tenant.id for tenant in tenants))
        return None
