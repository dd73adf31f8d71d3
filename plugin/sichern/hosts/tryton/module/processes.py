"""Processes of runs: they outlive the server, and are known by more than a number.

A number of a process is soon another one's; the moment of its start, in ticks since this boot, is
not.
"""

import io
import os
import platform
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import trytond.config as config

WORKER = "sichern.hosts.tryton.worker"
QUEUE = "sichern"
"""The queue of trytond in which runs wait for one of its workers."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def machine() -> str:
    """The name of this machine."""
    return platform.node()


def mark_of(pid: int) -> str:
    """Say when a process was started; empty where it is gone, or only its number is left."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
    # The second field is the program's name, which may hold anything.
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return "" if state in "ZX" else f"{boot} {ticks}"


def alive(pid: int, mark: str) -> bool:
    """Whether this very process goes on, on this machine."""
    return bool(mark) and mark_of(pid) == mark


def ask_to_stop(pid: int, mark: str) -> None:
    """Tell a process of this machine that it is asked to stop."""
    if alive(pid, mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def start(database: str, run: int) -> subprocess.Popen[bytes]:
    """Start the process of a run.

    It gets the configuration as this server has it through a file that has no name: nothing
    remembers where the server read it, and it holds the database's password.
    """
    described = io.StringIO()
    config._config.write(described)
    # Open in the child under the same number, and gone with it.
    file = os.memfd_create("trytond.conf", os.MFD_CLOEXEC)
    try:
        os.write(file, described.getvalue().encode())
        process = subprocess.Popen(  # noqa: S603 - our own program, and numbers
            [_python(), "-m", WORKER, f"/proc/self/fd/{file}", database, str(run)],
            stdin=subprocess.DEVNULL, pass_fds=(file,), start_new_session=True, cwd="/",
        )
    finally:
        os.close(file)
    return process


def start_detached(database: str, run: int) -> None:
    """Start the process of a run, and let go of it."""
    process = start(database, run)
    # Somebody has to take note of its end, or its number stays taken.
    threading.Thread(target=process.wait, daemon=True, name=f"sichern-run-{run}").start()


def _python() -> str:
    """The interpreter of this environment; a web server's own program may run it instead."""
    if Path(sys.executable).name.startswith("python"):
        return sys.executable
    return str(Path(sys.prefix, "bin", "python3"))
