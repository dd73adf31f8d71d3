"""Workers that are copies of this process: what it has imported they need not import again.

A copy shares what is open. So one is made only of a process of a single thread, that holds no
connection, and no file but such as are only written to: SQLite's may not be carried along. All
others get the interpreters of `Workers`, and so does what takes the place of a lost copy.
"""

import fcntl
import gc
import os
import signal
import stat
import sys
from collections.abc import Iterable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from sichern.run import STOPS
from sichern.worker import serve
from sichern.workers import Worker, Workers

_THREADS = Path("/proc/self/task")
_FILES = Path("/proc/self/fd")


class Copies(Workers):
    """Workers that start at once, where this process can be copied."""

    def _start(self) -> Worker:
        """Copy this process, or start an interpreter."""
        ours = [worker.connection for worker in self._all]
        return _copy(ours) if can_be_copied(ours) else super()._start()


def can_be_copied(known: Iterable["Connection[Any, Any]"] = ()) -> bool:
    """Whether a copy of this process is a whole one, and nothing it does harms this one.

    `known` connections are closed in the copy.
    """
    if not sys.platform.startswith("linux") or len(list(_THREADS.iterdir())) > 1:
        return False
    files = {int(file.name) for file in _FILES.iterdir()}
    return not any(
        map(_held, files - {0, 1, 2} - {connection.fileno() for connection in known})
    )


def _held(file: int) -> bool:
    """Whether an open file is one that only the process that opened it may use."""
    try:
        mode = os.fstat(file).st_mode
        writes_only = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
    except OSError:
        return False  # what listed the files
    return stat.S_ISSOCK(mode) or (stat.S_ISREG(mode) and not writes_only)


class _Copy(ForkProcess):
    def wait(self) -> None:
        """Wait for its end."""
        self.join()


def _copy(others: list["Connection[Any, Any]"]) -> Worker:
    ours: Connection[Any, Any]
    ours, theirs = Pipe()
    with theirs:
        # As a daemon it is no reason for this process to stay.
        process = _Copy(target=_serve, args=(theirs, [ours, *others]), daemon=True)
        process.start()
    return Worker(process=process, connection=ours)


def _serve(connection: "Connection[Any, Any]", theirs: list["Connection[Any, Any]"]) -> None:
    """Serve as a new interpreter would."""
    # In a group of its own: Ctrl-C is for the process that was copied, which ends the others.
    os.setpgid(0, 0)
    for each in STOPS:
        if callable(signal.getsignal(each)):
            signal.signal(each, signal.SIG_DFL)
    # What holds these ends is what tells the others that it is gone.
    for end in theirs:
        end.close()
    # What this process does not use it must not clear away either.
    gc.freeze()
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    serve(connection)
