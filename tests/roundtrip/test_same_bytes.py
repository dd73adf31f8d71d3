"""Two runs over the same rows give the same bytes, whatever happens between and beside them."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sichern.readers import Readers
from sichern.source.query import Query
from tests.support.pipeline import Pipeline, failure
from tests.support.postgres import Server

LINES = 20_000
TABLES = ("line", "invoice", "party", "attachment")
SETTINGS = {
    "datestyle": "German, DMY",
    "timezone": "America/St_Johns",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "0",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "statement_timeout": "5ms",
    "lock_timeout": "5ms",
    "idle_in_transaction_session_timeout": "20ms",
    "idle_session_timeout": "20ms",
    "search_path": "nowhere",
    "client_min_messages": "debug5",
}


@pytest.fixture
def pipeline(postgres: Server, tmp_path: Path) -> Iterator[Pipeline]:
    made = Pipeline(postgres, tmp_path, LINES)
    made.run(
        "alter table invoice add column day date default '2026-01-31', add column at timestamptz"
        " default '2026-01-31 01:02:03.5+05', add column span interval default '1 year -3 hours',"
        " add column share float8 default 0.1::float8 + 0.2::float8,"
        " add column scan bytea default '\\x00ff5c'"
    )
    yield made
    postgres.drop_database(made.name)


@pytest.fixture
def reader(postgres: Server, pipeline: Pipeline) -> Iterator[str]:
    """A login that may read and make temporary tables, and nothing else."""
    name = f"reader_{pipeline.name}"
    pipeline.run(
        f"create role {name} login",
        f"revoke all on database {pipeline.name} from public",
        f"grant connect, temporary on database {pipeline.name} to {name}",
        f"grant select on all tables in schema public to {name}",
    )
    yield name
    pipeline.run(f"drop owned by {name}", f"drop role {name}")


@pytest.fixture(params=["alone", "beside"])
def read_beside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rows are read by the run's own session, then by sessions beside it."""
    if request.param == "alone":
        yield
        return
    monkeypatch.setattr("sichern.windows.CHUNK_ROWS", LINES // 4)
    monkeypatch.setattr("sichern.windows.ROWS", LINES // 4)
    read, asked = Readers.read, list[Query]()

    def noted(self: Readers, query: Query, *rest: Any) -> Any:
        asked.append(query)
        return read(self, query, *rest)

    monkeypatch.setattr(Readers, "read", noted)
    yield
    assert asked


def test_an_update_of_every_row_and_a_vacuum_change_no_byte(pipeline: Pipeline) -> None:
    before = pipeline.contents()
    assert sum(len(content) for content in before.values()) > 2_000_000
    assert pipeline.contents() == before
    for table in TABLES:
        pipeline.run(f"update {table} set id = id")
    assert pipeline.contents() == before
    # Half of the rows change their place in the file.
    pipeline.run("update line set id = id where id % 2 = 0", "vacuum full line", "analyze")
    assert pipeline.contents() == before


def test_other_scans_beside_a_run_change_no_byte(postgres: Server, pipeline: Pipeline) -> None:
    before = pipeline.contents()
    stop = threading.Event()
    scans = 0

    def scan() -> None:
        nonlocal scans
        with psycopg.connect(postgres.uri(pipeline.name), autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("select count(*), sum(amount) from line where note > ''")
                scans += 1

    worker = threading.Thread(target=scan)
    worker.start()
    try:
        for _ in range(3):
            assert pipeline.contents() == before
    finally:
        stop.set()
        worker.join()
    assert scans > 3


def test_a_user_who_may_only_read_suffices_and_gets_the_same_bytes(
    pipeline: Pipeline, reader: str
) -> None:
    assert pipeline.contents(reader) == pipeline.contents()
    with (
        psycopg.connect(pipeline.server.uri(pipeline.name, reader)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("update line set amount = 0")


@pytest.mark.usefixtures("read_beside")
@pytest.mark.parametrize("level", ["role", "database"])
def test_no_setting_of_a_role_or_a_database_changes_a_byte(
    pipeline: Pipeline, reader: str, level: str
) -> None:
    before = pipeline.contents(reader)
    target = {"role": f"role {reader}", "database": f"database {pipeline.name}"}[level]
    pipeline.run(*(f"alter {target} set {name} = '{value}'" for name, value in SETTINGS.items()))
    with psycopg.connect(pipeline.server.uri(pipeline.name, reader)) as plain:
        assert plain.execute("show datestyle").fetchone() == ("German, DMY",)
    assert pipeline.contents(reader) == before


@pytest.mark.usefixtures("read_beside")
def test_rows_that_a_policy_hides_fail_the_run_and_nothing_is_kept(
    pipeline: Pipeline, reader: str
) -> None:
    pipeline.run(
        "alter table line enable row level security",
        f"create policy quarter on line to {reader} using (id % 4 = 0)",
    )
    assert failure(pipeline.back_up(reader)) == "rows-hidden"
    assert list(pipeline.target.iterdir()) == []
    # Whoever may see every row gets every row.
    pipeline.run(f"alter role {reader} bypassrls")
    with_policy = pipeline.contents(reader)
    pipeline.run("alter table line disable row level security")
    assert pipeline.contents(reader) == with_policy


def test_without_the_right_to_temporary_tables_or_to_a_table_the_run_says_so(
    pipeline: Pipeline, reader: str
) -> None:
    pipeline.run(f"revoke temporary on database {pipeline.name} from {reader}")
    assert failure(pipeline.back_up(reader)) == "temporary-tables-denied"
    pipeline.run(
        f"grant temporary on database {pipeline.name} to {reader}",
        f"revoke select on line from {reader}",
    )
    assert failure(pipeline.back_up(reader)) == "read-denied"
    assert list(pipeline.target.iterdir()) == []
