"""An executor of processes that share nothing with this one but the calls they are sent.

Not `ProcessPoolExecutor`: that forks a process that may hold locks, or runs the caller's main
program again. Here each worker is a new interpreter that imports what it is asked to run, and
ends when its connection does: it cannot outlive this process, however that dies.
"""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from sichern.worker import serve
from sichern_hooks import N_, SichernError

Given = ParamSpec("Given")
Result = TypeVar("Result")

_PROGRAM = f"""
import sys
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:] = connection.recv()
from {serve.__module__} import {serve.__name__}
{serve.__name__}(connection)
"""


class WorkerLost(SichernError):
    """A process that worked for this one is gone."""

    code = "worker-lost"
    message = N_("a process that worked for this run ended before its work was done")
    hint = N_("start the run again; if it happens again, look for a lack of memory in the log")


class WorkersUnavailable(Exception):
    """This program cannot start interpreters of its own kind."""


class Workers(ThreadPoolExecutor):
    """Runs functions of modules in `count` processes; a thread waits for each of them.

    What a function raises is raised by its future, WorkerLost where its process ended. At the
    end of `with` all processes are gone, whatever they were doing.
    """

    def __init__(self, count: int) -> None:
        """Start the processes. Raises WorkersUnavailable."""
        super().__init__(count)
        self._idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        self._all: list[Worker] = []
        self._changing = threading.Lock()
        self._ended = False
        try:
            for _ in range(count):
                self._all.append(self._start())
        except OSError as error:
            self.shutdown()
            raise WorkersUnavailable(str(error)) from error
        except BaseException:
            self.shutdown()
            raise
        for worker in self._all:
            self._idle.put(worker)

    def prepare(
        self, first: Callable[Given, object], *args: Given.args, **kwargs: Given.kwargs
    ) -> None:
        """Run a function in each process before any other; not in one that takes another's place.

        Raises WorkersUnavailable, and what the function raises; then all are ended.
        """
        ask = super().submit
        try:
            for started in [ask(worker.call, first, args, kwargs) for worker in self._all]:
                started.result()
        except BaseException as error:
            self.shutdown()
            if isinstance(error, WorkerLost):
                raise WorkersUnavailable(str(error)) from error
            raise

    def submit(
        self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> "Future[Result]":
        """Run a function in the next process that is free."""
        return super().submit(self._ask, fn, args, kwargs)

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End all processes at once."""
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        with self._changing:
            self._ended = True
        for worker in self._all:
            worker.process.kill()
            worker.process.wait()
        super().shutdown(wait=wait)
        if wait:  # a thread that still reads must not find another file under the number
            with self._changing:  # who prepares the processes may find that they are gone
                for worker in self._all:
                    worker.connection.close()

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [worker.process.pid for worker in self._all if worker.process.pid is not None]

    def _start(self) -> "Worker":
        """Start a process."""
        return _interpreter()

    def _ask(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        worker = self._idle.get()
        try:
            return worker.call(fn, args, kwargs)
        except WorkerLost:
            worker = self._replace(worker)
            raise
        finally:
            self._idle.put(worker)

    def _replace(self, lost: "Worker") -> "Worker":
        """Start another process for one that is gone, unless all are ended."""
        with self._changing:
            if self._ended:
                return lost
            lost.process.kill()
            lost.process.wait()
            lost.connection.close()
            worker = self._all[self._all.index(lost)] = self._start()
            return worker


class Process(Protocol):
    """What is used of a process."""

    @property
    def pid(self) -> int | None:
        """Its number."""

    def kill(self) -> None:
        """End it at once; nothing where it has ended."""

    def wait(self) -> object:
        """Wait for its end."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One process, asked one thing at a time."""

    process: Process
    connection: "Connection[Any, Any]"

    def call(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Let it run a function; raise what that raises, and WorkerLost where it is gone."""
        try:
            self.connection.send((fn, args, kwargs))
            failed, result = self.connection.recv()
        except (OSError, EOFError) as error:
            raise WorkerLost from error
        if failed:
            raise result
        return result


def _interpreter() -> Worker:
    if not Path(sys.executable or "").name.startswith("python"):
        raise FileNotFoundError(f"{sys.executable!r} is no interpreter")
    ours: Connection[Any, Any]
    ours, theirs = Pipe()
    with theirs:
        # In a group of its own: Ctrl-C is for this process, which then ends the others.
        process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            process_group=0, pass_fds=[theirs.fileno()],
        )  # fmt: skip
    ours.send(sys.path)
    return Worker(process=process, connection=ours)
