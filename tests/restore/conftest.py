"""Small worlds on both databases, a pair of Alpha, and what stands in a world."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from sichern.backup import back_up
from sichern.restore import restore
from sichern_hooks import (
    Actor,
    Destination,
    ImportOptions,
    Outcome,
    Report,
    Tenant,
    TenantRef,
    Way,
    create_manager,
)
from tests.support import world as small
from tests.support.postgres import Server
from tests.support.small_host import ADMIN, SmallHost

ALPHA = Tenant(ref=TenantRef(host="small", key="1"), name="Alpha GmbH")
Rows = Mapping[str, Sequence[tuple[object, ...]]]
EMPTY: Rows = {
    "users": [(1, "anna", "secret-a")],
    "unit": [(9, "u")],
    "names": [(1, "unit", 9, "product", "unit_u")],
}
"""A system without a tenant, whose modules shipped a unit under a number of its own."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A database of the small world with its host, its document store, and a folder for pairs."""

    host: SmallHost
    folder: Path

    def back_up(self, tenant: Tenant = ALPHA) -> Path:
        """Back a tenant up; give the info file."""
        target = self.folder / "pairs"
        target.mkdir(exist_ok=True)
        report = back_up(
            create_manager(self.host), ADMIN, [tenant], Destination(path=str(target))
        )
        assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS), report.tenants[0].error
        return next(Path(file) for file in report.tenants[0].files if file.endswith(".ztx"))

    def take(
        self,
        file: Path,
        way: Way,
        actor: Actor = ADMIN,
        cancelled: Callable[[], bool] = lambda: False,
        copy_confirmed: bool = False,
    ) -> Report:
        """Import a pair."""
        safety = self.folder / "safety"
        safety.mkdir(exist_ok=True)
        options = ImportOptions(
            way=way, safety=Destination(path=str(safety)), copy_confirmed=copy_confirmed
        )
        return restore(create_manager(self.host), actor, file, options, cancelled=cancelled)

    def run(self, *statements: str) -> None:
        """Change the world."""
        engine = sa.create_engine(self.host.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the world."""
        return self.ask_all([sql])[0]

    def ask_all(self, queries: Iterable[str]) -> list[list[tuple[object, ...]]]:
        """Ask the world several things through one connection, which costs more than they do."""
        engine = sa.create_engine(self.host.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            return [[tuple(row) for row in connection.execute(sa.text(sql))] for sql in queries]

    def content(self) -> dict[str, list[str]]:
        """Every row of every table, and every file of the store."""
        answers = self.ask_all(f"select * from {table}" for table in small.ROWS)
        found = {
            table: sorted(map(repr, rows))
            for table, rows in zip(small.ROWS, answers, strict=True)
        }
        assert self.host.store is not None
        found["files"] = sorted(f"{f.name} {f.read_bytes()!r}" for f in self.host.store.iterdir())
        return found


MakeWorld = Callable[[Rows], World]
KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def make_world(request: pytest.FixtureRequest, tmp_path: Path) -> MakeWorld:
    """Make worlds on one kind of database."""
    return _maker(request, tmp_path)


@pytest.fixture(params=KINDS)
def make_source(request: pytest.FixtureRequest, tmp_path: Path) -> MakeWorld:
    """Make the worlds that pairs come from, on one kind of database."""
    return _maker(request, tmp_path / "source")


@pytest.fixture
def make_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> MakeWorld:
    """Make worlds on PostgreSQL, for what only its foreign keys do."""
    request.param = "postgresql"
    return _maker(request, tmp_path)


def _maker(request: pytest.FixtureRequest, under: Path) -> MakeWorld:
    numbers = itertools.count()
    server: Server | None = (
        request.getfixturevalue("postgres") if request.param == "postgresql" else None
    )

    def make(rows: Rows) -> World:
        folder = under / f"world-{next(numbers)}"
        (folder / "store").mkdir(parents=True)
        url = (
            server.url(server.create_database())
            if server is not None
            else f"sqlite:///{folder / 'world.db'}"
        )
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            small.create(connection, rows)
        schema = "public" if server is not None else None
        host = SmallHost(url=str(url), schema=schema, store=folder / "store")
        return World(host=host, folder=folder)

    return make
