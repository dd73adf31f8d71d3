"""3,000,000 invoice lines of one company on PostgreSQL: from the database to the checked pair."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data import bench_server, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines
from tests.bench.rivals import copy_isal, pg_dump


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        database = line_database(server)
        folder = Path(made)
        dump, plain, piped, pairs = (folder / name for name in ("fc", "z0", "gz", "pairs"))

        def ours() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            back_up_lines(server.url(database), pairs)

        def sizes() -> Mapping[str, float]:
            archive = sum(path.stat().st_size for path in pairs.iterdir())
            return {"archive MB": archive / 1e6, "dump MB": dump.stat().st_size / 1e6}

        yield {
            "pg_dump -Fc": lambda: pg_dump(server, database, dump),
            "pg_dump -Fc -Z0": lambda: pg_dump(server, database, plain, "-Z0"),
            "COPY | isal": lambda: copy_isal(server, database, "select * from line", piped),
            "sichern": ours,
            "sizes": sizes,
        }


BENCH = Bench(
    name="export-pg",
    work="3,000,000 lines of one company, plan, order, proof, read-back and commit included",
    sides=_sides,
    ratios=(
        Ratio(over="pg_dump -Fc", under="sichern", at_least=4),
        Ratio(over="sichern", under="pg_dump -Fc -Z0", at_most=1),
        Ratio(over="sichern", under="COPY | isal", at_most=1.5),
        Ratio(over="archive MB", under="dump MB", at_most=1.02),
    ),
)
