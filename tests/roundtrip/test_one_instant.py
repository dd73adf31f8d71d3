"""All rows are of one instant, while users move money and add and remove documents."""

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from sichern.backup import back_up
from sichern_hooks import (
    Description,
    Destination,
    DocumentColumn,
    Outcome,
    Polymorphic,
    Role,
    Table,
    create_manager,
)
from tests.support.archive import Pair
from tests.support.postgres import Server
from tests.support.small_host import ADMIN, TENANTS, SmallHost

ACCOUNTS = 40
RUNS = 100
TOTAL = Decimal(1000 * ACCOUNTS // 2)


def description(_: Description) -> Description:
    """Two halves of one balance in two tables, and papers whose files lie in a store."""
    owned = {
        name: Table(name=name, role=Role.OWNED, tenant="company", types={"balance": "numeric"})
        for name in ("first", "second")
    }
    papers = Table(
        name="papers",
        role=Role.OWNED,
        parent="resource",
        references=(Polymorphic(column="resource", targets={"first": "first"}),),
        documents=(DocumentColumn(label="file", locator="file"),),
    )
    schema = _.schema
    return Description(tables={**owned, "papers": papers}, schema=schema)


@dataclasses.dataclass
class Bank:
    """A database in which money never rests."""

    url: str
    store: Path

    def __post_init__(self) -> None:
        self.store.mkdir()
        self.engine = sa.create_engine(self.url)
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("pragma journal_mode = wal")
            for name in ("first", "second"):
                connection.exec_driver_sql(
                    f"create table {name} (id integer primary key, company integer,"
                    " balance numeric)"
                )
                for number in range(ACCOUNTS):
                    connection.exec_driver_sql(
                        f"insert into {name} values ({number}, {number % 2 + 1}, 500)"
                    )
            connection.exec_driver_sql(
                "create table papers (id integer primary key, resource text, file text)"
            )

    def move(self, stop: threading.Event) -> None:
        """Move money and papers until told to stop."""
        for number in itertools.count(1):
            if stop.is_set():
                break
            source = number * 2 % ACCOUNTS
            target = (number * 6 + 2) % ACCOUNTS
            file = self.store / f"p{number}"
            file.write_text(f"paper {number}")
            with self.engine.begin() as connection:
                run = connection.exec_driver_sql
                run(f"update first set balance = balance - 7 where id = {source}")
                run(f"insert into papers values ({number}, 'first,{source}', 'p{number}')")
                run(f"delete from papers where id = {number - 5}")
                run(f"update second set balance = balance + 7 where id = {target}")
            stop.wait(0.001)
        self.moves = number


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    url = f"sqlite:///{tmp_path / 'bank.sqlite'}"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        server.create_database("bank")
        url = server.url("bank")
    made = Bank(url, tmp_path / "store")
    yield made
    made.engine.dispose()


@contextmanager
def working(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Users at work."""
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(stop,))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def test_the_total_is_exact_and_no_document_is_missing_in_each_of_100_runs(
    bank: Bank, tmp_path: Path
) -> None:
    schema = "public" if bank.engine.dialect.name == "postgresql" else None
    host = SmallHost(url=bank.url, schema=schema, store=bank.store, change=description)
    manager = create_manager(host)
    exact = papers = 0
    with working(bank.move):
        for run in range(RUNS):
            target = tmp_path / f"run{run}"
            target.mkdir()
            report = back_up(manager, ADMIN, [TENANTS["1"]], Destination(path=str(target)))
            assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
            pair = Pair(Path(report.tenants[0].files[-1]))
            rows = [*pair.rows("first"), *pair.rows("second")]
            exact += sum(Decimal(str(row["balance"])) for row in rows) == TOTAL
            listed = {row[1]: row for row in pair.lines("documents.tsv")}
            assert set(listed) == (pair.keys("papers") if "papers" in pair.tables else set())
            assert all(row[7] == "store" for row in listed.values())
            papers += len(listed)
    assert exact == RUNS
    assert bank.moves > RUNS, "nobody worked meanwhile"
    assert papers > RUNS
