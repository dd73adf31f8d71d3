"""The most memory that all processes of a run held together, at once and ten times the rows."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data import bench_server, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines

ROWS = 300_000


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server:
        urls = {
            name: server.url(line_database(server, ROWS * factor))
            for name, factor in (("1x MB", 1), ("10x MB", 10))
        }

        def peak(name: str) -> Mapping[str, float]:
            return {name: _peak(urls[name]) / 1e6}

        yield {name: lambda name=name: peak(name) for name in urls}  # type: ignore[misc]


def _peak(url: str) -> int:
    """Back up in a process of its own; the peak of it and those that it starts, in bytes."""
    with tempfile.TemporaryDirectory() as to:
        command = [sys.executable, "-m", "tests.bench.memory", url, to]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as run:
            most = 0
            while run.poll() is None:
                most = max(most, sum(_proportional(pid) for pid in _family(run.pid)))
                time.sleep(0.02)
        assert run.returncode == 0
    return most


def _family(parent: int) -> Iterator[int]:
    """A process and its children."""
    yield parent
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            yield from (int(pid) for pid in task.read_text().split())
        except OSError:
            return


def _proportional(pid: int) -> int:
    """The memory of a process; what several share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


BENCH = Bench(
    name="memory",
    work=f"{ROWS:,} and {10 * ROWS:,} lines: all processes but the server's",
    sides=_sides,
    ratios=(Ratio(over="10x MB", under="1x MB", at_most=1.1),),
    goals=(("1x MB", 250), ("10x MB", 250)),
    runs=3,
)

if __name__ == "__main__":
    back_up_lines(sys.argv[1], Path(sys.argv[2]))
