"""Jobs of one run side by side, through an executor: so many at once per server, all stoppable."""

import fcntl
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pluggy

LOOK = 0.1
"""Seconds after which a run that waits looks whether it was cancelled."""

Result = TypeVar("Result")
Opening = Callable[[], pluggy.PluginManager]
"""Opens the host where a job runs; sent there, so a function of a module or a partial of one."""


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """How the tenants of one run are done side by side; `at_once` on one database server.

    The executor is any that runs elsewhere what it is sent, on machines that see this one's
    files: `Workers` is the one of local processes.
    """

    executor: Executor
    opening: Opening
    at_once: int = 2


@dataclass(frozen=True)
class Lease:
    """Says to jobs whether their run goes on: a file that is locked as long as it does.

    The lock goes with the process that holds it, however that ends.
    """

    path: str

    def over(self) -> bool:
        """Whether the run has ended or was stopped."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(file)


@contextmanager
def _leased() -> Iterator[tuple[Lease, Callable[[], None]]]:
    """Give a lease, and what ends it before its time."""
    with tempfile.NamedTemporaryFile(prefix="sichern-run-") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield Lease(file.name), lambda: fcntl.flock(file, fcntl.LOCK_UN)


_managers: dict[Lease, pluggy.PluginManager] = {}


def opened(opening: Opening, lease: Lease) -> pluggy.PluginManager:
    """Open the host where a job runs, once per process and run."""
    if lease not in _managers:
        _managers.clear()
        _managers[lease] = opening()
    return _managers[lease]


def carry_out_beside(
    servers: Sequence[str],
    at_once: int,
    submit: Callable[[int, Lease], "Future[Result]"],
    ended: Callable[[int, "Future[Result]"], bool],
    cancelled: Callable[[], bool],
) -> None:
    """Submit a job for each of `servers`, never more than `at_once` for equal ones; wait for all.

    `ended` takes each job that has ended, and says whether the others are to go on. Where they
    are not, `cancelled` says so or Ctrl-C comes, the lease ends, and they come to theirs.
    """
    waiting = list(range(len(servers)))
    running: dict[Future[Result], int] = {}
    busy: Counter[str] = Counter()
    with _leased() as (lease, stop):
        while waiting or running:
            try:
                for number in tuple(waiting):
                    if busy[servers[number]] < at_once:
                        busy[servers[number]] += 1
                        running[submit(number, lease)] = number
                        waiting.remove(number)
                done, _ = wait(running, LOOK, FIRST_COMPLETED)
                for future in done:
                    busy[servers[running[future]]] -= 1
                    if not ended(running.pop(future), future):
                        stop()
                if cancelled():
                    stop()
            except KeyboardInterrupt:
                stop()
