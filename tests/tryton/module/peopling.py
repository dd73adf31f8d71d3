"""Give a database users of each right in each company, and what only company B may see.

A program, since trytond belongs to the process: `python -m tests.tryton.module.peopling CONFIG
DATABASE FOLDER` prints as JSON the entries that the module offers and the ids that it made.
"""

import json
import sys
from typing import Any

RIGHTS = ("back_up", "download", "import", "configure")


def main(config_path: str, database: str, folder: str) -> None:
    """Make everything, and tell it."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool.start()
    pool = Pool(database)
    with Transaction().start(database, 0, readonly=True):
        pool.init()
    with Transaction().start(database, 0, context={"_check_access": False}):
        made = {**_people(pool), **_secrets(pool, folder)}
    print(json.dumps({"entries": _entries(pool), **made}), flush=True)  # noqa: T201


def _entries(pool: Any) -> list[list[str]]:
    from trytond.wsgi import app

    entries = []
    for kind in ("model", "wizard"):
        for name, cls in pool.iterobject(kind):
            if name.startswith("sichern."):
                entries += [[kind, name, method] for method in cls.__rpc__]
                if kind == "wizard":
                    entries += [["state", name, state] for state in cls.states]
    entries += [
        ["route", method, rule.rule]
        for rule in app.url_map.iter_rules() if "/sichern/" in rule.rule
        for method in rule.methods or ()
    ]
    return sorted(entries)


def _people(pool: Any) -> dict[str, Any]:
    user, data = pool.get("res.user"), pool.get("ir.model.data")
    company_a, company_b = sorted(each.id for each in pool.get("company.company").search([]))[:2]
    groups = {name: data.get_id("sichern", f"group_{name}") for name in RIGHTS}
    for letter, company in (("a", company_a), ("b", company_b)):
        chosen = {"nobody": [], **{name: [group] for name, group in groups.items()},
                  "admin": [data.get_id("res", "group_admin")]}
        for name, held in chosen.items():
            login = f"{letter}-{name}"
            user.create([{
                "name": login, "login": login, "password": f"{login}-sichern",
                "groups": [("add", held)], "companies": [("add", [company])],
                "company": company,
            }])
    (chief,) = user.search([("login", "=", "b-configure")])
    user.write([chief], {"groups": [("add", [groups["back_up"]])]})
    return {"a": company_a, "b": company_b, "chief": chief.id}


def _secrets(pool: Any, folder: str) -> dict[str, Any]:
    company = max(pool.get("company.company").search([])[:2], key=lambda each: each.id)
    chief = pool.get("res.user").search([("login", "=", "b-configure")])[0]
    (job,) = pool.get("sichern.job").create([{
        "name": "GEHEIM-JOB", "user": chief.id, "everyone": False, "destination": folder,
        "companies": [("add", [company.id])], "keep": 3,
        "documents": "inside", "shared": "default", "mail_to": "geheim@example.com",
        "nightly": False,
    }])
    runs = []
    for kind in ("back-up", "plan"):
        (run,) = pool.get("sichern.run").create([{
            "kind": kind, "name": f"GEHEIM-RUN-{kind}", "user": chief.id, "queued": True,
            "job": job.id, "destination": folder + "/GEHEIM", "documents": "inside",
            "shared": "default",
            "file": folder + "/GEHEIM.ztx", "mail_to": "geheim@example.com",
            "tenants": [("create", [{
                "company": company.id, "key": str(company.id), "name": "GEHEIM-NAME",
                "slug": "geheim-name", "state": "complete", "size": 987654321,
                "files": folder + "/GEHEIM.zip", "plan": "GEHEIM-PLAN",
            }])],
        }])
        runs.append(run)
    return {"job": job.id, "runs": [run.id for run in runs],
            "lines": [line.id for run in runs for line in run.tenants]}


if __name__ == "__main__":
    main(*sys.argv[1:])
