"""Data sets of the benchmarks: seeded, made once, kept outside the repository.

They lie in the user's cache folder; `SICHERN_BENCH_CACHE` names another one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.postgres import Server
from tests.support.tryton import locked

SETTINGS = {
    "autovacuum": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "synchronous_commit": "on",
}
"""The server as one would run it: the tests' is set to forget, and to be fast."""

LINE = """
create table {schema}line (
    id bigint primary key, company int, invoice int, product int, description text,
    quantity numeric(16,4), unit_price numeric(16,4), amount numeric(16,2),
    create_date timestamp, invoice_date date, active boolean, note text);
select setseed(0.5);
insert into {schema}line
select i, {company}, i / 7, (random() * 5000)::int,
       'Artikel ' || md5((i % 5000)::text) || ' Größe ' || (i % 50),
       (random() * 100)::numeric(16,4), (random() * 900)::numeric(16,4),
       (random() * 9000)::numeric(16,2),
       timestamp '2020-01-01' + i * interval '37 sec', date '2020-01-01' + (i / 5000)::int,
       i % 9 <> 0,
       case when i % 5 = 0 then 'Lieferung gemäß Auftrag "' || i || '", bitte prüfen' end
from generate_series(1, {rows}) i;
"""
"""Invoice lines: 3,000,000 of them are 429 MB as COPY text. `company` is an expression of i."""


def bench_cache() -> Path:
    """Give the folder that data sets are kept in; it is made where it is missing."""
    named = os.environ.get("SICHERN_BENCH_CACHE")
    if named:
        folder = Path(named)
    elif os.geteuid() == 0:
        # The server runs as somebody else, who does not get into root's own folder.
        folder = Path("/var/cache/sichern-bench")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "sichern-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextmanager
def bench_server() -> Iterator[Server]:
    """Start the server over the databases that are kept; one benchmark at a time has it."""
    cluster = bench_cache() / "postgres"
    with locked(cluster), Server(settings=SETTINGS, kept=cluster) as server:
        yield server


def kept_database(server: Server, name: str, fill: Callable[[str], None]) -> str:
    """Give the name of a kept database; `fill` gets that of an empty one where it is not there."""
    with psycopg.connect(server.uri("postgres"), autocommit=True) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [name])
        if known.fetchone():
            return name
    part = f"{name}_part"
    server.drop_database(part)
    server.create_database(part)
    fill(part)
    server.run("vacuum analyze", database=part)
    server.run("checkpoint", f'alter database "{part}" rename to "{name}"')
    return name


def line_database(
    server: Server, rows: int = 3_000_000, tenants: int = 1, without: int = 0
) -> str:
    """Give a database with `rows` invoice lines, divided among the companies in turn.

    So many more companies, behind them, are `without` lines.
    """
    companies = tenants + without

    def fill(name: str) -> None:
        server.run(
            "create table company (id int primary key, name text)",
            f"insert into company select i, 'Firma ' || i from generate_series(1, {companies}) i",
            *_statements(rows, f"1 + i % {tenants}"),
            "create index on line (company)",
            database=name,
        )

    more = f"_{without}" if without else ""
    return kept_database(server, f"line_{rows}_{tenants}{more}", fill)


def _statements(rows: int, company: str) -> list[str]:
    filled = LINE.format(schema="", rows=rows, company=company)
    return [part for part in filled.split(";\n") if part.strip()]
