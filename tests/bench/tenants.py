"""50 small companies of one database in one command: side by side against one after another.

What one costs beside its rows, five others show that have none.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pluggy

from sichern.copies import Copies
from sichern.side_by_side import SideBySide, cores
from sichern_hooks import create_manager
from tests.bench.data import bench_server, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import LineHost, back_up_lines

TENANTS = 50
ROWS = 250_000
FEW = 5


def open_lines(url: str) -> pluggy.PluginManager:
    """Open the host in a process of the executor."""
    return create_manager(LineHost(url=url))


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        url = server.url(line_database(server, ROWS, TENANTS, FEW))
        pairs = Path(made, "pairs")
        filled = [str(key) for key in range(1, TENANTS + 1)]
        bare = [str(TENANTS + key) for key in range(1, FEW + 1)]

        def turn(keys: list[str]) -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            back_up_lines(url, pairs, keys)

        def beside() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            opening = partial(open_lines, url)
            with Copies(cores()) as workers:
                how = SideBySide(executor=workers, opening=opening, at_once=cores())
                back_up_lines(url, pairs, filled, side_by_side=how)

        def threads() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            with ThreadPoolExecutor(cores()) as pool:
                how = SideBySide(
                    executor=pool, opening=partial(open_lines, url), at_once=cores()
                )
                back_up_lines(url, pairs, filled, side_by_side=how)

        yield {
            "in threads": threads,
            "one after another": lambda: turn(filled),
            "side by side": beside,
            f"{FEW} of them": lambda: turn(filled[:FEW]),
            f"{FEW} without lines": lambda: turn(bare),
        }


BENCH = Bench(
    name="tenants",
    work=f"{TENANTS} companies with {ROWS // TENANTS} lines each, in one command; {FEW} without",
    sides=_sides,
    ratios=(Ratio(over="one after another", under="side by side", at_least=1.7),),
    goals=tuple((f"{FEW} {which}", FEW * 0.1) for which in ("of them", "without lines")),
)
