"""Do with runs and jobs inside Tryton what its server does, in a process that may end before them.

A program, since trytond belongs to the process: `python -m tests.tryton.module.running CONFIG
DATABASE` reads requests as JSON lines, `[name, login, arguments...]`, and answers each with one:
`{"answer": ...}`, or `{"refused": text}` where Tryton would show an error. A `Tryton` drives one.
"""

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tests.support.tryton import TrytonDatabase, environment


class Refused(Exception):
    """Tryton shows an error."""


class Tryton:
    """A server's process without its HTTP."""

    def __init__(self, database: TrytonDatabase, path: str = "") -> None:
        """Start it; `path` is a folder that it and its runs may import from first."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tryton.module.running", str(database.config),
             database.name],
            env={**environment(database.uri), "PYTHONPATH": path}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        )

    def ask(self, name: str, login: str, *arguments: object) -> Any:
        """Let it do a request. Raises Refused."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, login, *arguments]) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        if "refused" in said:
            raise Refused(said["refused"])
        return said["answer"]

    def close(self) -> None:
        """Let it end; what it began goes on."""
        self.process.communicate()


def companies(pool: Any, count: int) -> list[int]:
    """Make cheap companies that the user works in."""
    from trytond.transaction import Transaction

    (currency,) = pool.get("currency.currency").search([("code", "=", "EUR")], limit=1)
    parties = pool.get("party.party").create(
        [{"name": f"Billig {number}"} for number in range(count)]
    )
    made = pool.get("company.company").create(
        [{"party": party.id, "currency": currency.id} for party in parties]
    )
    ids = [company.id for company in made]
    pool.get("res.user").write(
        [pool.get("res.user")(Transaction().user)], {"companies": [("add", ids)]}
    )
    return ids


def begin(pool: Any, keys: list[int], values: dict[str, Any]) -> int:
    """Begin a backup of companies."""
    from sichern.hosts.tryton.module import rights
    from sichern_hooks import Tenant

    tenants = [
        Tenant(ref=rights.ref(key), name=pool.get("company.company")(key).rec_name)
        for key in keys
    ]
    return int(pool.get("sichern.run").begin("back-up", tenants, **values).id)


def press_back_up(pool: Any, keys: list[int], destination: str) -> None:
    """Choose in the dialog of a backup, and let it run."""
    wizard = pool.get("sichern.back_up", type="wizard")
    chosen = {
        "tenants": keys, "destination": destination, "documents": "inside", "shared": "default",
        "mail_to": None,
    }
    wizard.execute(wizard.create()[0], {"start": chosen}, "run")


def plan(pool: Any, file: str) -> int:
    """Begin the plan of an import."""
    from sichern.hosts.tryton.module import rights
    from sichern_hooks import Tenant

    stranger = Tenant(ref=rights.ref("elsewhere"), name="Fremd")
    return int(pool.get("sichern.run").begin("plan", [stranger], file=file, way="new").id)


def shown_plan(pool: Any, run: int) -> tuple[str, str | None]:
    """What the dialog of an import shows of a plan: its state and its text."""
    wizard = pool.get("sichern.import", type="wizard")
    seen = wizard.execute(wizard.create()[0], {"plan": {"run": run}}, "refresh")
    shown = seen["view"]["defaults"]
    return shown["state"], shown["text"]


def show_while_it_ends(pool: Any, run: int) -> list[str]:
    """What is shown of a run that ends after it was read; of it, and of its tenant."""
    from trytond.transaction import Transaction

    read = pool.get("sichern.run")(run)
    assert (read.state, read.tenants[0].state) == ("running", "running")
    with Transaction().new_transaction():
        ended = pool.get("sichern.run")(run)
        ended.state = ended.tenants[0].state = "complete"
        ended.tenants[0].save()
        ended.save()
    return [read.shown_state, read.tenants[0].shown_state]


def cancel(pool: Any, run: int) -> None:
    """Press the button."""
    pool.get("sichern.run").cancel([pool.get("sichern.run")(run)])


def show(pool: Any, run: int) -> dict[str, Any]:
    """What the list of runs shows."""
    found = pool.get("sichern.run")(run)
    return {
        "state": found.shown_state, "message": found.message, "mailed": found.mailed,
        "pid": found.pid,
        "tenants": [
            {
                "key": each.key, "state": each.shown_state, "message": each.message,
                "files": (each.files or "").splitlines(), "checked": bool(each.checked),
            }
            for each in found.tenants
        ],
    }


def save_job(pool: Any, values: dict[str, Any]) -> int:
    """Save a job; its limit comes in seconds."""
    if "limit" in values:
        values = {**values, "limit": dt.timedelta(seconds=values["limit"])}
    (job,) = pool.get("sichern.job").create([values])
    return int(job.id)


def start_job(pool: Any, job: int) -> None:
    """Press the button."""
    pool.get("sichern.job").start([pool.get("sichern.job")(job)])


def alarm(pool: Any, job: int) -> str:
    """What the list of jobs shows."""
    return str(pool.get("sichern.job")(job).alarm)


def run_due(pool: Any) -> None:
    """What the scheduler's line does."""
    pool.get("sichern.job").run_due()


def shown_jobs(pool: Any) -> dict[str, Any]:
    """The names of the jobs that the user sees, and when each last succeeded."""
    from trytond.transaction import check_access

    with check_access():
        jobs = pool.get("sichern.job").search([])
        return {job.name: str(job.last_success or "") for job in jobs}


def copy_job(pool: Any, job: int) -> str:
    """Copy a job; give the name of the copy."""
    (copied,) = pool.get("sichern.job").copy([pool.get("sichern.job")(job)])
    return str(copied.name)


def delete(pool: Any, company: int) -> None:
    """Delete a company."""
    pool.get("company.company").delete([pool.get("company.company")(company)])


def open_upgrade(pool: Any) -> int:
    """Open the wizard that activates and upgrades modules."""
    return int(pool.get("ir.module.activate_upgrade", type="wizard").create()[0])


def upgrade(pool: Any, session: int) -> None:
    """Press the wizard's button."""
    pool.get("ir.module.activate_upgrade", type="wizard").execute(session, {}, "upgrade")


REQUESTS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        companies, begin, press_back_up, plan, shown_plan, show_while_it_ends, cancel, show,
        save_job, start_job, alarm, run_due, shown_jobs, copy_job, delete, open_upgrade, upgrade,
    )
}
PAST_RIGHTS = {
    "companies", "show", "show_while_it_ends", "run_due", "delete", "open_upgrade", "upgrade",
}


def main(config_path: str, database: str) -> None:
    """Answer the requests that stdin brings."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.exceptions import UserError
    from trytond.pool import Pool
    from trytond.transaction import Transaction, without_check_access

    Pool.start()
    pool = Pool(database)
    with Transaction().start(database, 0, readonly=True):
        pool.init()
    for line in sys.stdin:
        name, login, *arguments = json.loads(line)
        with Transaction().start(database, 0, readonly=True):
            (user,) = pool.get("res.user").search([("login", "=", login)])
        said: dict[str, Any]
        try:
            with Transaction().start(database, 0 if name == "run_due" else user.id):
                free = name in PAST_RIGHTS
                with without_check_access() if free else nullcontext():
                    said = {"answer": REQUESTS[name](pool, *arguments)}
        except UserError as error:
            said = {"refused": f"{error.message}\n{error.description}"}
        print(json.dumps(said), flush=True)  # noqa: T201 - this is what the program is for


if __name__ == "__main__":
    main(*sys.argv[1:])
