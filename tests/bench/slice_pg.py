"""One of 50 companies whose rows lie among those of the others: 2 % of 3,000,000 lines."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data import bench_server, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        url = server.url(line_database(server, 3_000_000, 50))
        pairs = Path(made, "pairs")

        def ours(keys: list[str] | None) -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            back_up_lines(url, pairs, keys)

        yield {"one of 50": lambda: ours(["7"]), "all 50": lambda: ours(None)}


BENCH = Bench(
    name="slice-pg",
    work="one company of 50 in shared tables, 2 % of 3,000,000 lines",
    sides=_sides,
    ratios=(Ratio(over="one of 50", under="all 50", at_most=0.06),),
    runs=3,
)
