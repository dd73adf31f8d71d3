"""The process of a run: it claims the run, works, says how far it is, notes what became of it."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from trytond import backend
from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.host import TrytonHost
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.module import held, places, processes, states, telling
from sichern.hosts.tryton.module.carrying_out import carry_out as carry_out_task
from sichern.hosts.tryton.module.tasks import Task, task_of
from sichern.hosts.tryton.registry import initialised
from sichern.run import Cancelled, carry_out
from sichern_hooks import Progress, SichernError, create_manager, hookimpl

logger = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds between two signs of life."""
GRACE = 3.0
"""Seconds that a backup has to stop by itself; then its process ends, with what it holds."""
PATIENCE = 600.0
"""Seconds for which a note is tried to be made, while others hold the database."""

Result = TypeVar("Result")


class Watch:
    """An observer that keeps how far each tenant is."""

    def __init__(self) -> None:
        self.seen: dict[str, Progress] = {}

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Keep the newest."""
        self.seen[progress.tenant.key] = progress


class Work:
    """One run in this process: a thread works, the main thread answers for it."""

    def __init__(self, config_path: str, database: str, run: int) -> None:
        self.stop = threading.Event()
        self._watch = Watch()
        self._database = database
        self._run = run
        self._config_path = config_path
        self._told: dict[str, Progress] = {}
        self._stopping: float | None = None
        self._folder = ""
        self._ending = threading.Lock()

    def do(self) -> int:
        """Do the run, from the claim to the last note; give the status of the process."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop.set())
        if not self.note(_claim):
            logger.info("run %s waits no longer", self._run)
            return 0
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(BEAT if self._stopping is None else BEAT / 5)
            # Others hold the database: what was not told now is told with the next beat.
            with suppress(backend.DatabaseOperationalError):
                self._beat()
            self._stop_hard()
        return 0

    def note(self, work: Callable[[Any], Result]) -> Result:
        """Do something with the run in a transaction of its own, again while others hold it."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self._transaction():
                    return work(Pool(self._database).get("sichern.run")(self._run))
            except backend.DatabaseOperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(BEAT / 10)

    def _transaction(self) -> Any:
        return Transaction().start(self._database, 0, context={"_check_access": False})

    # --- the main thread -----------------------------------------------------------------------

    def _beat(self) -> None:
        """Say that the process lives and how far it is; see whether it is asked to stop."""
        seen = dict(self._watch.seen)
        news = {key: each for key, each in seen.items() if self._told.get(key) != each}
        with self._transaction():
            run = Pool(self._database).get("sichern.run")(self._run)
            if run.stop_asked:
                self.stop.set()
            if run.state == states.RUNNING:
                run.heartbeat = states.now()
                run.save()
                for tenant in run.tenants:
                    each = news.get(tenant.key)
                    if each is not None and tenant.state == states.RUNNING:
                        tenant.phase, tenant.done, tenant.total = each.phase, each.done, each.total
                        tenant.save()
        self._told = seen

    def _stop_hard(self) -> None:
        """End a backup that does not stop by itself; nothing of it stays at the destination.

        It may wait for a database or a device. An import is never ended so: it takes back its
        transaction and its documents by itself.
        """
        if not self.stop.is_set():
            return
        if self._stopping is None:
            self._stopping = time.monotonic()
        late = time.monotonic() - self._stopping > GRACE
        # Where the thread is at the run's end already, it needs no more than a moment.
        if self._folder and late and self._ending.acquire(blocking=False):
            held.remove(self._folder)
            # Nothing is waited for while the thread may still write: the scheduler tells of it.
            self.note(lambda run: run.fail(Cancelled()))
            self.note(lambda run: run.end(Cancelled()))
            held.leave()

    # --- the thread ----------------------------------------------------------------------------

    def _work(self) -> None:
        error = carry_out(self._carry_out, f"run {self._run}")
        with self._ending:
            self._end(error)

    def _end(self, error: SichernError | None) -> None:
        """Note what became of the tenants, tell who wants to know, note the end of the run."""
        if error is not None:
            self.note(lambda run: run.fail(error))
        mailed = self._tell()
        self.note(lambda run: run.end(error, mailed))

    def _tell(self) -> str | None:
        """Mail the protocols; a mail that cannot be written or sent keeps no run from its end."""
        try:
            return telling.send(self.note(telling.mails_of))
        except Exception:
            logger.exception("the end of run %s could not be mailed", self._run)
            return telling.NOT_SENT

    def _carry_out(self) -> None:
        task: Task = self.note(task_of)
        if task.kind == states.BACK_UP and task.place is not None:
            self._folder = task.place.path
        host = TrytonHost(Installation(places.settings(self._config_path, self._database)))
        manager = create_manager(host, self._watch)
        carry_out_task(task, manager, self.note, self.stop)
        self._folder = ""


def _claim(run: Any) -> bool:
    """Take the run, where nobody took it before."""
    if run.state != states.WAITING:
        return False
    run.state = states.RUNNING
    run.started = run.heartbeat = states.now()
    run.machine, run.pid = processes.machine(), os.getpid()
    run.mark = processes.mark_of(run.pid)
    run.save()
    return True


def work_on(config_path: str, database: str, run: int) -> int:
    """Do a run of a database; trytond is configured already."""
    logging.basicConfig(level=logging.WARNING)
    initialised(database)
    return Work(config_path, database, run).do()
