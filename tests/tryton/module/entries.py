"""What each entry of the module takes, and what a client sends that reaches for another's rows."""

from dataclasses import dataclass, field
from typing import Any

ROLES = ("nobody", "back_up", "download", "import", "configure", "chief", "admin")
"""Rights of a user; a chief has those to back up and to configure."""
ALL = frozenset(ROLES) - {"nobody"}
BACK_UP, IMPORT = frozenset({"back_up", "chief", "admin"}), frozenset({"import", "admin"})
CONFIGURE, ADMIN = frozenset({"configure", "chief", "admin"}), frozenset({"admin"})
DOWNLOAD = frozenset({"download", "admin"})
NEVER = frozenset[str]()
SHAPE = "shape"
"""Tells of fields and forms, or of Tryton's own rows, never of ours."""
READS = {"read", "search", "search_read", "search_count", "export_data"}
WRITES = {"create", "write", "delete", "copy", "import_data"}
SHAPES = {
    "autocomplete", "default_get", "fields_get", "fields_view_get", "on_change",
    "on_change_notify", "on_change_with", "on_scan_code", "pre_validate", "view_toolbar_get",
    "export_data_domain", "history_revisions", "resources",
}
STORED = {
    "sichern.job": (CONFIGURE, CONFIGURE), "sichern.run": (ALL, NEVER),
    "sichern.run.tenant": (ALL, NEVER), "sichern.tenant": (ALL, NEVER),
}
TRYTONS = {"company.company", "ir.cron", "ir.rule"}
"""Tryton's own, which the module extends: only administrators change them."""
DIALOGS = {"sichern.back_up": BACK_UP, "sichern.import": IMPORT}
OWN: dict[str, object] = {
    "sichern.back_up.start.get_destinations": BACK_UP,
    "sichern.back_up.start.on_change_with_free": BACK_UP,
    "sichern.back_up.start.on_change_with_needed": BACK_UP,
    "sichern.import.start.get_pairs": IMPORT,
    "sichern.import.start.get_safeties": IMPORT,
    "sichern.import.start.get_sources": IMPORT,
    "sichern.import.start.on_change_source": SHAPE,
    "sichern.job.get_destinations": CONFIGURE,
    "sichern.job.start": BACK_UP & CONFIGURE,
    "sichern.run.cancel": BACK_UP | IMPORT,
    "sichern.run.watch": ALL,
    "sichern.run.tenant.download": DOWNLOAD,
    "sichern.run.tenant.on_change_with_kind": SHAPE,
    "sichern.tenant.sichern": BACK_UP,
    "ir.cron.run_once": ADMIN,
    **{f"sichern.back_up.{name}": BACK_UP for name in
       ("create", "delete", "execute", "start", "run")},
    **{f"sichern.import.{name}": IMPORT for name in
       ("create", "delete", "execute", "start", "prepare", "open_page", "upload", "arrived", "plan",
        "refresh", "run")},
    **{f"ir.module.activate_upgrade.{name}": ADMIN for name in
       ("create", "delete", "execute", "start", "upgrade", "done", "next_", "config")},
}
MODELS = {"sichern.back_up.start", "sichern.import.start", "sichern.import.upload",
          "sichern.import.plan", "sichern.job-company.company",
          "sichern.job-excluded-company.company", *STORED}
ROUTES = {("down", "GET"), ("down", "HEAD"), ("up", "GET"), ("up", "HEAD"), ("up", "PATCH"),
          ("up", "POST"), ("run", "GET"), ("run", "HEAD")}
MENUS = {
    **dict.fromkeys(("menu_file", "menu_tenant", "menu_runs", "menu_protocols"), ALL),
    "menu_back_up": BACK_UP, "menu_import": IMPORT, "menu_job": CONFIGURE,
}
BUTTONS = {
    "sichern.tenant.sichern": BACK_UP, "sichern.run.cancel": BACK_UP | IMPORT,
    "sichern.run.watch": ALL, "sichern.run.tenant.download": DOWNLOAD,
    "sichern.job.start": CONFIGURE,
}
CHANGES = WRITES | {"cancel", "start", "sichern", "run_once", "download", "watch"}


def right_of(kind: str, name: str, method: str) -> object:
    """What an entry takes, None where nobody classified it."""
    if kind == "route":
        return ALL if (method.split("/")[3], name) in ROUTES else None
    known = OWN.get(f"{name}.{method}")
    if known is not None or kind != "model":
        return known
    if name in TRYTONS:
        return ADMIN if method in WRITES else SHAPE
    if name not in MODELS:
        return None
    if name in STORED and method in READS | WRITES:
        return STORED[name][method in WRITES]
    return SHAPE if method in SHAPES else None


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an attacker reaches for: the other company, and all that belongs to it.

    `has` is what `peopling` made of it, `root` the allowed folder.
    """

    company: int
    chief: int
    has: dict[str, Any]
    secrets: tuple[str, ...]
    root: str
    trytons: dict[str, list[int]] = field(default_factory=dict)

    def ids(self, model: str) -> list[int]:
        """The rows of a model that are to be reached."""
        return {
            "sichern.run": self.has["runs"], "sichern.run.tenant": self.has["lines"],
            "sichern.job": self.has["jobs"], "sichern.tenant": [self.company],
            "company.company": [self.company], **self.has["links_of_jobs"], **self.trytons,
        }.get(model, [])

    def contexts(self) -> list[dict[str, object]]:
        """Give what a client may say of itself, the honest one first."""
        company = self.company
        forged: dict[str, object] = {
            "company": company, "companies": [company], "employee": 1, "_check_access": False,
            "_user": 1, "user": self.chief, "sichern_companies": [company],
            "sichern_sees_all": True, **self.defaults(),
        }
        return [
            {}, forged, {**forged, "action_id": 999_999, "active_test": False},
            {**forged, "active_model": "sichern.tenant", "active_ids": [company],
             "active_id": company, "action_id": 1},
        ]

    def defaults(self) -> dict[str, object]:
        """Give values of a dialog that would name rows; Tryton takes them from the context."""
        runs, lines, jobs = self.has["runs"], self.has["lines"], self.has["jobs"]
        return {
            "default_run": runs[1], "default_job": jobs[0], "default_last": lines[0],
            "default_last_good": lines[0], "default_tenants": [self.company],
            "default_companies": [self.company], "default_runs": runs,
        }

    def arguments(self, model: str, method: str) -> list[object]:
        """Give the arguments that reach for what the other company has."""
        ids, root = self.ids(model), self.root
        names = {
            "sichern.tenant": ["name", "size", "last_good.size"],
            "sichern.job": ["name", "mail_to", "destination"],
            "sichern.run.tenant": ["rec_name", "files", "size"],
            "company.company": ["rec_name"], "ir.cron": ["method"], "ir.rule": ["domain"],
        }.get(model, ["rec_name", "name", "destination"])
        paths = [name.replace(".", "/") for name in names]
        values = {
            "name": "forged", "destination": root, "documents": "inside", "shared": "default",
            "keep": 1, "nightly": False, "everyone": False,
            "companies": [["add", [self.company]]],
        } if model == "sichern.job" else {"name": "x"}
        changed = {
            "company.company": {"party": 1}, "ir.cron": {"method": "sichern.job|run_due"},
            "ir.rule": {"domain": "[]"},
        }.get(model, {"name": "forged"})
        record = {
            "id": -1, "destination": root, "tenants": [self.company], "source": root,
            "run": self.has["runs"][1], "job": self.has["jobs"][0],
        }
        known: dict[str, list[object]] = {
            "read": [ids, names], "search": [[]], "search_count": [[]],
            "search_read": [[], 0, 100, None, names], "export_data": [ids, paths],
            "export_data_domain": [[], paths], "create": [[values]], "write": [ids, changed],
            "delete": [ids], "copy": [ids],
            "import_data": [["id", "name"], [[ids[0], "forged"]]] if ids
            else [["name"], [["forged"]]],
            "default_get": [None], "fields_get": [], "fields_view_get": [None, "form"],
            "start": [ids], "cancel": [ids], "sichern": [ids], "run_once": [ids],
            "pre_validate": [record], "on_change": [[record], ["destination"]],
            "on_change_with": [[record], ["free", "needed"]],
            "on_change_with_free": [record], "on_change_with_needed": [record],
            "get_pairs": [record], "autocomplete": ["GEHEIM"], "resources": [ids],
            "on_change_source": [record], "on_change_with_kind": [{"id": self.has["lines"][0]}],
        }
        return known.get(method, [])
