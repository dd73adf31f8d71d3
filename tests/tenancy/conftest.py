"""The small world on SQLite and PostgreSQL, and what the closure takes of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from sichern.schema.types import wire_type
from sichern.source.keys import collect
from sichern.source.references import open_references
from sichern.source.reflect import read_catalog
from sichern.source.snapshot import Snapshot, open_snapshot
from sichern.source.survey import make_plan
from sichern.tenancy.classify import classify
from sichern.tenancy.closure import KEY_TABLES, Closure, Side
from sichern.tenancy.expressions import clause, own_key
from sichern.tenancy.plan import OpenReference, Plan
from sichern_hooks import Documents, Role, SharedRows, Tenant, TenantRef
from tests.support import world as small
from tests.support.postgres import Server


@dataclass(frozen=True, kw_only=True)
class World:
    """A database of the small world."""

    url: str
    schema: str | None

    def run(self, statement: str) -> None:
        """Change the world."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    @contextmanager
    def closure(
        self, tenant: str, shared: SharedRows = SharedRows.DEFAULT
    ) -> Iterator[tuple[Snapshot, Closure]]:
        """Collect one tenant in a snapshot."""
        with open_snapshot(self.url, KEY_TABLES) as snapshot:
            catalog = read_catalog(snapshot, self.schema)
            model = classify(catalog, small.description(self.schema), wire_type)
            yield snapshot, collect(snapshot, model, tenant, shared)

    def content(self, tenant: str, shared: SharedRows = SharedRows.DEFAULT) -> dict[str, set[str]]:
        """The keys of the rows that go along, by table, without empty tables."""
        found: dict[str, set[str]] = {}
        with self.closure(tenant, shared) as (snapshot, closure):
            for table in closure.model.tables.values():
                if table.role is Role.PRIVATE:
                    continue
                rows = clause(closure.model, table.name)
                key = own_key(closure.model, table, rows)
                statement = sa.select(key).select_from(rows).where(closure.content(table, rows))
                keys = {str(row[0]) for row in snapshot.execute(statement)}
                if keys:
                    found[table.name] = keys
        return found

    def keys(self, tenant: str, side: Side) -> dict[str, set[str]]:
        """The keys collected for a side, by table, without empty tables."""
        with self.closure(tenant) as (snapshot, closure):
            found = {
                name: {str(row[0]) for row in snapshot.ask(closure.keys(side, table))}
                for name, table in closure.model.tables.items()
            }
        return {name: keys for name, keys in found.items() if keys}

    def open_references(self, tenant: str) -> list[OpenReference]:
        """The references that do not resolve."""
        with self.closure(tenant) as (snapshot, closure):
            return list(open_references(snapshot, closure))

    def plan(self, tenant: str) -> Plan:
        """The plan of one tenant."""
        one = Tenant(ref=TenantRef(host="small", key=tenant), name=tenant)
        with self.closure(tenant) as (snapshot, closure):
            return make_plan(snapshot, closure, one, Documents.INSIDE, lambda _: 0)


def _make(
    request: pytest.FixtureRequest, tmp_path: Path, rows: Mapping[str, Sequence[Sequence[object]]]
) -> World:
    if request.param == "sqlite":
        made = World(url=f"sqlite:///{tmp_path / 'world.sqlite'}", schema=None)
    else:
        server: Server = request.getfixturevalue("postgres")
        name = f"world_{abs(hash(request.node.nodeid)) % 10**12}"
        server.create_database(name)
        made = World(url=server.url(name), schema="public")
    engine = sa.create_engine(made.url)
    with engine.connect() as connection:
        small.create(connection, rows)
    engine.dispose()
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Two tenants in one database."""
    return _make(request, tmp_path, small.ROWS)


@pytest.fixture(params=["sqlite", "postgresql"])
def single_world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """The same database after the other tenant's rows are gone."""
    rows = {
        **small.ROWS,
        "company": small.ROWS["company"][:1],
        "invoice": small.ROWS["invoice"][:2],
        "line": small.ROWS["line"][:2],
        "cost": [small.ROWS["cost"][0], small.ROWS["cost"][2]],
        "counter": [small.ROWS["counter"][0], small.ROWS["counter"][2]],
    }
    return _make(request, tmp_path, rows)
