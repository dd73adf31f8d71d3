"""What the users of a database notice: pgbench's short transactions beside a backup."""

import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.bench.data import LINE, bench_server, kept_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import back_up_lines
from tests.bench.rivals import program
from tests.support.postgres import Server

ROWS = 3_000_000
SECONDS = 12
CLIENTS = 2


def _database(server: Server) -> str:
    def fill(name: str) -> None:
        filled = LINE.format(schema="", rows=ROWS, company="1")
        server.run(
            "create table company (id int primary key, name text)",
            "insert into company values (1, 'Firma 1')",
            *(part for part in filled.split(";\n") if part.strip()),
            "create schema bench",
            database=name,
        )
        # Beside the tables that are backed up, and on the same disk.
        command = [program("pgbench"), "-i", "-q", "-s", "10", server.uri(name)]
        subprocess.run(command, check=True, capture_output=True)
        server.run(
            *(
                f"alter table pgbench_{each} set schema bench"
                for each in ("accounts", "branches", "tellers", "history")
            ),
            f'alter database "{name}" set search_path = bench, public',
            database=name,
        )

    return kept_database(server, "impact", fill)


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        database = _database(server)
        to = Path(made)

        def beside() -> Mapping[str, float]:
            stop = threading.Event()
            waits: list[int] = []
            backup = threading.Thread(target=_again_and_again, args=(server, database, to, stop))
            watch = threading.Thread(target=_watch, args=(server, database, waits, stop))
            backup.start()
            watch.start()
            try:
                return {"with a backup/s": _pgbench(server, database), "waits/s": sum(waits)}
            finally:
                stop.set()
                backup.join()
                watch.join()

        yield {
            "without": lambda: {"without/s": _pgbench(server, database)},
            "beside": beside,
        }


def _pgbench(server: Server, database: str) -> float:
    """Transactions per second."""
    command = [
        program("pgbench"), "-n", "-c", str(CLIENTS), "-T", str(SECONDS), server.uri(database)
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def _again_and_again(server: Server, database: str, to: Path, stop: threading.Event) -> None:
    while not stop.is_set():
        back_up_lines(server.url(database), to)


def _watch(server: Server, database: str, waits: list[int], stop: threading.Event) -> None:
    """Count sessions that wait for a lock which a session of the backup holds."""
    with psycopg.connect(server.uri("postgres"), autocommit=True) as connection:
        while not stop.is_set():
            found = connection.execute(
                "select count(*) from pg_stat_activity w, pg_stat_activity b"
                " where w.datname = %s and b.pid = any(pg_blocking_pids(w.pid))"
                " and b.query ~ 'COPY|sichern_'",
                [database],
            ).fetchone()
            waits.append(found[0] if found else 0)
            time.sleep(0.1)


BENCH = Bench(
    name="impact",
    work=f"pgbench with {CLIENTS} clients, backups of {ROWS:,} lines one after another beside it",
    sides=_sides,
    ratios=(Ratio(over="with a backup/s", under="without/s", at_least=0.7),),
    goals=(("waits/s", 0),),
    runs=3,
)
