"""How much of this machine nobody uses just now."""

import os
import time
from pathlib import Path

from sichern.side_by_side import cores

MOMENT = 0.05
"""Seconds of a look: five ticks of the clock that the system counts by."""
_STAT = Path("/proc/stat")


def free_cores() -> int:
    """Look at the machine for a moment; give the cores that nobody used, one at least.

    Those that this process may use, where the system does not say; Linux does, see proc_stat(5).
    """
    started, before = time.perf_counter(), _idle()
    time.sleep(MOMENT)
    after = _idle()
    if before is None or after is None:
        return cores()
    ticks = os.sysconf("SC_CLK_TCK") * (time.perf_counter() - started)
    return max(1, min(cores(), round((after - before) / ticks)))


def _idle() -> int | None:
    """Ticks that all cores together had nothing to do, or waited for a disk."""
    try:
        first = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    # Nothing at all: a system that does not show what its machine does.
    return int(first[4]) + int(first[5]) or None
