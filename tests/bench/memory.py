"""The most memory that all processes of a run held: at ten times the rows, with a huge document."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data import bench_cache, bench_server, line_database
from tests.bench.documents import StoreHost, back_up_documents, document_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines

ROWS = 300_000
DOCUMENT = 4 << 30
"""Bytes of one document."""


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory(dir=bench_cache()) as made:
        store = Path(made, "store")
        asked = {
            "1x MB": (server.url(line_database(server, ROWS)),),
            "10x MB": (server.url(line_database(server, 10 * ROWS)),),
            "document MB": (_with_document(Path(made, "database"), store), str(store)),
        }

        def peak(name: str) -> Mapping[str, float]:
            return {name: _peak(*asked[name]) / 1e6}

        yield {name: lambda name=name: peak(name) for name in asked}  # type: ignore[misc]


def _with_document(file: Path, store: Path) -> str:
    """Make a database with one document, as large as noise can be made in little time."""
    store.mkdir()
    noise = os.urandom(64 << 20)
    with (store / "large.pdf").open("wb") as document:
        for _ in range(DOCUMENT // len(noise)):
            document.write(noise)
    return document_database(file, ["large.pdf"])


def _peak(*asked: str) -> int:
    """Back up in a process of its own; the peak of it and those that it starts, in bytes."""
    with tempfile.TemporaryDirectory(dir=bench_cache()) as to:
        command = [sys.executable, "-m", "tests.bench.memory", to, *asked]
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
    work=f"{ROWS:,} and {10 * ROWS:,} lines, a document of 4 GiB: all processes but the server's",
    sides=_sides,
    ratios=(Ratio(over="10x MB", under="1x MB", at_most=1.1),),
    goals=(("1x MB", 250), ("10x MB", 250), ("document MB", 250)),
    runs=3,
)

if __name__ == "__main__":
    target, url, *stores = sys.argv[1:]
    if stores:
        back_up_documents(StoreHost(url=url, store=Path(stores[0])), Path(target))
    else:
        back_up_lines(url, Path(target))
