"""Give a database users of each right in each company, and what only their company may see.

A program, since trytond belongs to the process: `python -m tests.tryton.module.peopling CONFIG
DATABASE FOLDER PID` prints as JSON the entries that the module offers and what it made. PID is
that of a process which stands in for that of a run which goes on.
"""

import json
import sys
from pathlib import Path
from typing import Any

RIGHTS = ("back_up", "download", "import", "configure")
SIZES = {"a": 987654321, "b": 987654322}
"""Numbers that stand in nothing but the rows of one company."""


def main(config_path: str, database: str, folder: str, pid: str) -> None:
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
        made = {**_people(pool), "system": _system(), "entries": _entries(pool)}
        made["has"] = {
            letter: _secrets(pool, letter, made["company"][letter], folder, int(pid))
            for letter in ("a", "b")
        }
        made["rules"] = [
            rule.id
            for rule in pool.get("ir.rule").search([("rule_group.model", "like", "sichern.%")])
        ]
        made["menus"] = {
            each.fs_id: each.db_id for each in pool.get("ir.model.data").search(
                [("module", "=", "sichern"), ("model", "=", "ir.ui.menu")]
            )
        }
        made["buttons"] = [
            f"{name}.{button}" for kind, name, _ in made["entries"] if kind == "model"
            for button in getattr(pool.get(name), "_buttons", ()) if name.startswith("sichern.")
        ]
        made["cron"] = [cron.id for cron in pool.get("ir.cron").search([])]
    print(json.dumps(made), flush=True)  # noqa: T201


def _system() -> str:
    from sichern.hosts.tryton.module import pairs

    return pairs._ThisSystem().stamp


def _entries(pool: Any) -> list[list[str]]:
    """List the entries of the module's own classes, and of those of Tryton that it extends."""
    from trytond.pool import isregisteredby
    from trytond.wsgi import app

    entries = []
    for kind in ("model", "wizard"):
        for name, cls in pool.iterobject(kind):
            if isregisteredby(cls, "sichern", kind):
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
    application = pool.get("res.user.application")
    first, second = sorted(each.id for each in pool.get("company.company").search([]))[:2]
    groups = {name: data.get_id("sichern", f"group_{name}") for name in RIGHTS}
    roles = {
        "nobody": [], **{name: [group] for name, group in groups.items()},
        "chief": [groups["configure"], groups["back_up"]],
        "admin": [data.get_id("res", "group_admin")],
    }
    people, keys = {}, {}
    for letter, company in (("a", first), ("b", second)):
        for name, held in roles.items():
            login = f"{letter}-{name}"
            (made,) = user.create([{
                "name": login, "login": login, "password": f"{login}-sichern",
                "groups": [("add", held)], "companies": [("add", [company])],
                "company": company,
            }])
            (known,) = application.create([{
                "user": made.id, "application": "rest", "state": "validated",
            }])
            people[login], keys[login] = made.id, known.key
    return {"company": {"a": first, "b": second}, "user": people, "key": keys}


def _secrets(pool: Any, letter: str, company: int, folder: str, pid: int) -> dict[str, Any]:
    from trytond.transaction import Transaction

    mark = f"GEHEIM-{letter.upper()}"
    users = {user.login: user.id for user in pool.get("res.user").search([])}
    chief = users[f"{letter}-chief"]
    common = {
        "destination": folder, "keep": 3, "documents": "inside", "shared": "default",
        "mail_to": f"{mark}@example.com", "nightly": False,
    }
    job, of_nobody, alone = pool.get("sichern.job").create([
        {**common, "name": f"{mark}-JOB", "user": chief, "everyone": False,
         "companies": [("add", [company])], "before_deletion": True, "before_upgrade": True},
        {**common, "name": f"{mark}-WITHOUT-OWNER", "user": None, "everyone": True},
        {**common, "name": f"{mark}-ALONE", "user": None, "everyone": False,
         "companies": [("add", [company])]},
    ])
    runs = _runs(pool, mark, company, job.id, chief, folder, SIZES[letter])
    _go_on(runs[2], pid)
    sessions = {}
    for name, data in (
        ("sichern.back_up", {"start": {
            "tenants": [company], "destination": folder, "documents": "inside",
            "shared": "default", "mail_to": f"{mark}@example.com",
        }}),
        ("sichern.import", {
            "start": {"source": folder, "pair": f"{mark}.ztx", "way": "new"},
            "plan": {"run": runs[1].id},
        }),
    ):
        owner = users[f"{letter}-{name.removeprefix('sichern.')}"]
        with Transaction().set_user(owner):
            (session,) = pool.get("ir.session.wizard").create([{"data": json.dumps(data)}])
        sessions[name] = session.id
    return {
        "jobs": [job.id, of_nobody.id, alone.id], "runs": [run.id for run in runs],
        "lines": [line.id for run in runs for line in run.tenants], "sessions": sessions,
        "links_of_jobs": {
            "sichern.job-company.company": [
                link.id for link in pool.get("sichern.job-company.company").search(
                    [("company", "=", company)]
                )
            ],
        },
        "links": _links(pool, letter, company, users, Path(folder)),
    }


def _runs(
    pool: Any, mark: str, company: int, job: int, chief: int, folder: str, size: int
) -> list[Any]:
    return list(pool.get("sichern.run").create([
        {
            "kind": kind, "name": f"{mark}-RUN-{number}", "user": chief, "queued": True,
            "job": job, "destination": f"{folder}/{mark}", "documents": "inside",
            "shared": "default", "file": f"{folder}/{mark}.ztx",
            "mail_to": f"{mark}@example.com",
            "tenants": [("create", [{
                "company": company, "key": str(company), "name": f"{mark}-NAME",
                "slug": f"{mark}-name", "state": "complete", "size": size,
                "files": f"{folder}/{mark}.zip", "plan": f"{mark}-PLAN",
            }])],
        }
        for number, kind in enumerate(("back-up", "plan", "back-up"))
    ]))


def _go_on(run: Any, pid: int) -> None:
    """Let a run go on, in a process that is stopped where somebody is allowed to stop it."""
    from sichern.hosts.tryton.module import processes, states

    run.state, run.started, run.heartbeat = states.RUNNING, states.now(), states.now()
    run.machine, run.pid, run.mark = processes.machine(), pid, processes.mark_of(pid)
    run.save()


def _links(
    pool: Any, letter: str, company: int, users: dict[str, int], folder: Path
) -> dict[str, str]:
    transfer = pool.get("sichern.transfer")
    info = folder / f"GEHEIM-{letter.upper()}.ztx"
    for path in (info, info.with_suffix(".zip")):
        path.write_bytes(f"GEHEIM-{letter.upper()}".encode())
    return {
        "down": transfer.offer(users[f"{letter}-download"], str(company), info),
        "up": transfer.expect(users[f"{letter}-import"])[1],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
