"""kill -9 at any moment: no pair that looks good and is not, and the next run cleans up."""

# ruff: noqa: S311 - chance that can be repeated, and no secrets

import os
import random
import signal
import time
from pathlib import Path

from sichern.archive.check import check_pair
from sichern.archive.listing import list_pairs
from tests.archive.making import STEM, fill, make_pair

KILLS = 100
ROWS = b"".join(b"%d\tLine %d\t%d.10\n" % (n, n % 977, n * 7919 % 9973) for n in range(60_000))


def back_up(folder: Path, number: int) -> None:
    """A run in a process of its own, in an hour of its own."""
    stem = STEM.replace("T223000", f"T{number // 60:02d}{number % 60:02d}00")
    make_pair(folder, stem=stem, separate=True,
              write=lambda pair: fill(pair, rows=[ROWS, ROWS]))


def test_100_kills_leave_no_torn_pair(tmp_path: Path) -> None:
    random.seed(29)
    begun = time.monotonic()
    back_up(tmp_path, 0)
    length = time.monotonic() - begun
    unfinished = killed = 0
    for number in range(1, KILLS + 1):
        child = os.fork()
        if child == 0:  # pragma: no cover - it is killed
            try:
                back_up(tmp_path, number)
            finally:
                os._exit(0)
        time.sleep(random.uniform(0, length * 1.3))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        pairs = list_pairs(tmp_path)
        unfinished += any(pair.problem for pair in pairs)
        for pair in pairs:
            if pair.problem is None:
                assert check_pair(pair.path).sound
                if "T0000" not in pair.stem:
                    for ending in (".ztx", ".zip", ".belege.zip"):
                        (tmp_path / (pair.stem + ending)).unlink()
    # Both kinds of end must have been met, or the test has shown nothing.
    assert killed > KILLS / 4
    assert unfinished > KILLS / 4
    back_up(tmp_path, 600)
    assert [pair.problem for pair in list_pairs(tmp_path)] == [None, None]
    assert len(list(tmp_path.iterdir())) == 6
