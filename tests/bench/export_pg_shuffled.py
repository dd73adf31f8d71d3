"""The lines of `export-pg`, shuffled on the disk: order has a price, for whoever wants it."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.data import bench_server, kept_database, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines
from tests.bench.rivals import copy_isal
from tests.support.postgres import Server


def shuffled_database(server: Server) -> str:
    """Give a database with the lines in no order."""
    ordered = line_database(server)

    def fill(name: str) -> None:
        server.drop_database(name)
        server.create_database(name, ordered)
        server.run(
            "create table shuffled as select * from line order by md5(id::text)",
            "truncate line",
            "insert into line select * from shuffled",
            "drop table shuffled",
            database=name,
        )

    return kept_database(server, f"{ordered}_shuffled", fill)


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        database = shuffled_database(server)
        piped, pairs = Path(made, "gz"), Path(made, "pairs")

        def ours() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            back_up_lines(server.url(database), pairs)

        query = "select * from line order by id"
        yield {
            "COPY ordered | isal": lambda: copy_isal(server, database, query, piped),
            "sichern": ours,
        }


BENCH = Bench(
    name="export-pg-shuffled",
    work="3,000,000 lines of one company, shuffled on the disk",
    sides=_sides,
    ratios=(Ratio(over="sichern", under="COPY ordered | isal", at_most=1.3),),
)
