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
from tests.bench.data import bench_server
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.rivals import pg_dump
from tests.support.postgres import Server
from tests.support.sichern import sichern, write_sichern_config
from tests.support.tryton import copy_postgres, demo_postgres, run_tryton

LINES = 200_000
DATABASE = "tryton_wide"
OWN = {
    "quantity": "(random() * 100)::numeric(16, 4)",
    "unit_price": "(random() * 900)::numeric(16, 4)",
    "description": "'Artikel ' || md5((i % 5000)::text) || ' Größe ' || (i % 50)",
    "note": "case when i % 5 = 0 then 'Lieferung gemäß Auftrag \"' || i || '\", bitte prüfen' end",
    "create_date": "timestamp '2020-01-01' + i * interval '37 sec'",
}
"""What each line has of its own, as `data.LINE`: copies of one line no program has to compress."""


def _many_lines(server: Server, folder: Path) -> Path:
    """Give the configuration of a database whose first company has so many invoice lines."""
    # The server is kept, with what the last run left there.
    for left in ("leer", "demo_5", "test_1"):
        server.drop_database(left)
    demo = demo_postgres(server)
    copy = copy_postgres(server, demo, folder)

    # Made anew: its documents are those of the demo's present store.
    server.drop_database(DATABASE)
    server.create_database(DATABASE, demo.name)
    with psycopg.connect(server.uri(DATABASE), autocommit=True) as connection:
        found = connection.execute(
            "select column_name from information_schema.columns"
            " where table_name = 'account_invoice_line' and column_name <> 'id'"
        ).fetchall()
        columns = ", ".join(f'"{row[0]}"' for row in found)
        values = ", ".join(OWN.get(row[0], f'"{row[0]}"') for row in found)
        connection.execute("select setseed(0.5)")
        connection.execute(
            f"insert into account_invoice_line ({columns}) select {values}"
            f" from generate_series(1, {LINES}) i join (select *, count(*) over () as many,"
            " row_number() over (order by id) - 1 as place from account_invoice_line"
            " where company = 1) l on place = i % many".encode()
        )
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    server.drop_database(copy.name)
    server.create_database(copy.name, DATABASE)
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
            "pg_dump -Fc": lambda: pg_dump(server, DATABASE, folder / "dump"),
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
