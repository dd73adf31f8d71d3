"""3,000,000 invoice lines of one company into an existing schema, with its keys and with new ones.

The schema has its primary keys, an index and a foreign key. `as empty` keeps the keys, as
pg_restore does; `as new` comes beside a company that is there, and every key is another one.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

import psycopg

from sichern.restore import restore
from sichern_hooks import (
    Actor,
    Counter,
    Description,
    DocumentRef,
    ImportOptions,
    Notice,
    Outcome,
    Reader,
    SystemIdentity,
    TenantRef,
    Way,
    Writer,
    create_manager,
    hookimpl,
)
from tests.bench.data import bench_server, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import ADMIN, DESCRIPTION, SYSTEM, LineHost, back_up_lines
from tests.bench.rivals import pg_dump, program
from tests.support.postgres import Server

ROWS = 3_000_000
OTHERS = 1000
"""Lines of the company that is there, where the pair is imported as new."""
TARGET = "line_target"
_CONSTRAINTS = (
    "alter table line add foreign key (company) references company",
    "alter table line alter company set not null",
)


@dataclass(frozen=True, kw_only=True)
class LineTarget:
    """The database that lines are imported into."""

    database: str
    identity: SystemIdentity = SYSTEM

    def describe(self, reader: Reader) -> Description:
        """The two tables."""
        return DESCRIPTION

    def placeholder(self, table: str, known: Mapping[str, object]) -> Mapping[str, object]:
        """There are no users."""
        raise NotImplementedError

    def next_values(self, writer: Writer, table: str, column: str, count: int) -> Sequence[str]:
        """There are no numbers."""
        raise NotImplementedError

    def set_counters(self, writer: Writer, counters: Iterable[Counter]) -> None:
        """There are none."""
        assert not list(counters)

    def put_document(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        """There are none."""
        raise NotImplementedError

    def drop_document(self, document: DocumentRef) -> None:
        """There are none."""
        raise NotImplementedError

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """There are none."""
        raise NotImplementedError

    def finish(self, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        """Nothing is due."""
        return ()

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, kw_only=True)
class LineImporter(LineHost):
    """The host of the target."""

    @hookimpl
    def sichern_open_target(self, host: str) -> LineTarget:
        """Open the database."""
        return LineTarget(database=self.url)


def import_lines(url: str, file: Path, way: Way) -> None:
    """Import a pair, and see that it succeeded."""
    report = restore(create_manager(LineImporter(url=url)), ADMIN, file, ImportOptions(way=way))
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error


@contextmanager
def _sides(rows: int = ROWS) -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        source = line_database(server, rows)
        dump, pairs = Path(made, "dump"), Path(made, "pairs")
        pg_dump(server, source, dump)
        pairs.mkdir()
        back_up_lines(server.url(source), pairs)
        (file,) = pairs.glob("*.ztx")
        _make_target(server, source, Path(made, "schema.sql"))

        def timed(name: str, others: int, run: Callable[[], None]) -> Run:
            def once() -> Mapping[str, float]:
                _empty(server, others)
                start = perf_counter()
                run()
                took = perf_counter() - start
                _see(server, rows + others)
                return {name: took}

            return once

        try:
            yield {
                "pg_restore": timed("pg_restore", 0, lambda: _pg_restore(server, dump)),
                "as empty": timed(
                    "as empty", 0, lambda: import_lines(server.url(TARGET), file, Way.EMPTY)
                ),
                "as new": timed(
                    "as new", OTHERS, lambda: import_lines(server.url(TARGET), file, Way.NEW)
                ),
            }
        finally:
            server.drop_database(TARGET)
            shutil.rmtree(pairs)


def _make_target(server: Server, source: str, file: Path) -> None:
    server.drop_database(TARGET)
    server.create_database(TARGET)
    command = [program("pg_dump"), "-s", "-f", str(file), server.uri(source)]
    subprocess.run(command, check=True)
    command = [program("psql"), "-X", "-q", "-f", str(file), server.uri(TARGET)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    server.run(*_CONSTRAINTS, database=TARGET)


def _empty(server: Server, others: int) -> None:
    """Leave nothing but the lines of a company that is there, and nothing for the disk to do."""
    server.run(
        "truncate company, line",
        f"insert into company select 1, 'da' where {others} > 0",
        f"insert into line (id, company) select i, 1 from generate_series(1, {others}) i",
        "vacuum analyze",
        "checkpoint",
        database=TARGET,
    )


def _see(server: Server, rows: int) -> None:
    with psycopg.connect(server.uri(TARGET)) as connection:
        found = connection.execute("select count(*) from line").fetchone()
    assert found == (rows,)


def _pg_restore(server: Server, dump: Path) -> None:
    command = [program("pg_restore"), "--data-only", "-d", server.uri(TARGET), str(dump)]
    subprocess.run(command, check=True)


BENCH = Bench(
    name="import-pg",
    work="3,000,000 lines of one company into a schema with its indexes and constraints",
    sides=_sides,
    ratios=(
        Ratio(over="as empty", under="pg_restore", at_most=1.2),
        Ratio(over="as new", under="pg_restore", at_most=2),
    ),
    runs=3,
)
