"""Runs whose process is gone: how that is noticed, by whoever looks, and what is done then."""

import datetime as dt
from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from sichern.hosts.tryton.module import leftovers, processes, states
from sichern.hosts.tryton.module.transactions import of_its_own
from sichern_hooks import N_, Destination, SichernError

SILENT = dt.timedelta(minutes=5)
"""How long a process on another machine may be silent until it counts as dead."""
LATE = dt.timedelta(minutes=2)
"""How long a process of our own may take until it says that it is there."""


class RunDied(SichernError):
    """The process of a run is gone, and did not say why."""

    code = "run-died"
    message = N_("the process of this run ended before the run did")
    hint = N_("what it left unfinished was removed; look into the server's log, and run it again")


def is_dead(run: Any) -> bool:
    """Whether the process is gone, or never came."""
    if run.state == states.WAITING:
        taken = _taken(run)
        return taken is not None and states.now() - taken > LATE
    if run.state != states.RUNNING:
        return False
    if run.machine == processes.machine():
        return not processes.alive(run.pid, run.mark)
    last = run.heartbeat or run.started
    # On SQLite a request sees each row when it reads it: this one began between two looks.
    return last is not None and states.now() - last > SILENT


def notice(runs: list[Any]) -> list[Any]:
    """Give those of these runs whose process is gone, and see to it that this is noted."""
    model = Pool().get("sichern.run")
    with without_check_access():
        dead = {run.id for run in model.browse([run.id for run in runs]) if is_dead(run)}
    if dead:
        # Some may only have ended since this transaction read of them.
        with Transaction().new_transaction(readonly=True), without_check_access():
            dead = {run.id for run in model.search([("id", "in", list(dead))]) if is_dead(run)}
    transaction = Transaction()
    for number in dead:
        transaction.atexit(leftovers.quietly, _bury, transaction.database.name, number)
    return [run for run in runs if run.id in dead]


def notice_all() -> None:
    """See to it that the end of runs is noted whose process is gone."""
    notice(Pool().get("sichern.run").search([("state", "in", list(states.GOING_ON))]))


def _taken(run: Any) -> dt.datetime | None:
    """When its process was to start; None while it waits for a worker to take it.

    A worker that is killed leaves its task taken, and nobody takes it again.
    """
    made: dt.datetime | None = run.create_date
    if not run.queued:
        return made
    with without_check_access():
        tasks = Pool().get("ir.queue").search([("name", "=", processes.QUEUE)])
    times = [task.dequeued_at for task in tasks if run.id in task.data["instances"]]
    return None if None in times else max(times, default=made)


def _bury(database: str, number: int) -> None:
    """Note a death in a transaction of its own, after the one in which somebody looked.

    What the process left at its destination goes.
    """
    with of_its_own(database):
        run = Pool(database).get("sichern.run")(number)
        if not is_dead(run):
            return
        unfinished = [
            str(tenant.slug)
            for tenant in run.tenants
            if tenant.state in states.GOING_ON and tenant.slug
        ]
        run.end_with(RunDied())
        if run.kind == states.BACK_UP and unfinished:
            leftovers.remove(Destination(path=str(run.folder)), unfinished)
