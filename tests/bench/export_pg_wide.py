"""A company of a real Tryton on PostgreSQL: hundreds of tables, 200,000 invoice lines in one.

The dump is of the whole database, whose other company has a handful of rows.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from sichern.backup import back_up
from sichern.config import load_config
from sichern.session import open_session
from sichern_hooks import Destination, Options, Outcome
from tests.bench.data import bench_server, kept_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.rivals import pg_dump
from tests.support.postgres import Server
from tests.support.sichern import sichern, write_sichern_config
from tests.support.tryton import copy_postgres, demo_postgres, run_tryton

LINES = 200_000


def _many_lines(server: Server, folder: Path) -> Path:
    """Give the configuration of a database whose first company has so many invoice lines."""
    demo = demo_postgres(server)
    copy = copy_postgres(server, demo, folder)

    def fill(name: str) -> None:
        server.drop_database(name)
        server.create_database(name, demo.name)
        with psycopg.connect(server.uri(name), autocommit=True) as connection:
            found = connection.execute(
                "select column_name from information_schema.columns"
                " where table_name = 'account_invoice_line' and column_name <> 'id'"
            ).fetchall()
            columns = ", ".join(f'"{row[0]}"' for row in found)
            connection.execute(
                f"insert into account_invoice_line ({columns}) select {columns}"
                f" from account_invoice_line, generate_series(1, {LINES}) where company = 1"
                f" limit {LINES}".encode()
            )

    kept_database(server, "tryton_wide", fill)
    server.drop_database(copy.name)
    server.create_database(copy.name, "tryton_wide")
    return write_sichern_config(copy, folder / "config")


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        config = _many_lines(server, folder / "tryton")
        to = folder / "pairs"
        to.mkdir()

        def inside() -> Mapping[str, float]:
            done = run_tryton(
                ["-m", "tests.bench.export_pg_wide", str(config), str(to)], server.uri()
            )
            figures: Mapping[str, float] = json.loads(done.stdout)
            return figures

        def command() -> None:
            done = sichern("backup", "1", "--to", to, "--config", config)
            assert done.status == 0, done.err

        yield {
            "pg_dump -Fc": lambda: pg_dump(server, "tryton_wide", folder / "dump"),
            "inside": inside,
            "command": command,
        }


def _inside(config: Path, to: str) -> dict[str, float]:
    """Back up in a process of Tryton's, whose registry is loaded by the first plan."""
    session = open_session(load_config(config), None)
    tenants = session.choose(["1"], [], everyone=False)
    for _ in range(2):
        start = time.perf_counter()
        report = back_up(
            session.manager, session.actor, tenants, Destination(path=to), Options()
        )
        took = time.perf_counter() - start
        assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
    return {"sichern": took}


BENCH = Bench(
    name="export-pg-wide",
    work=f"a company of a real Tryton with {LINES:,} invoice lines",
    sides=_sides,
    ratios=(Ratio(over="pg_dump -Fc", under="sichern", at_least=2),),
    runs=3,
)

if __name__ == "__main__":
    json.dump(_inside(Path(sys.argv[1]), sys.argv[2]), sys.stdout)
