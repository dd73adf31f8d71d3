"""The small world on a real PostgreSQL with as many rows as a test wants, and runs over it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pluggy
import psycopg
import sqlalchemy as sa

from sichern.backup import back_up
from sichern_hooks import (
    Destination,
    Options,
    Progress,
    Report,
    create_manager,
    hookimpl,
)
from tests.support import world
from tests.support.archive import Pair
from tests.support.postgres import Server
from tests.support.small_host import ADMIN, TENANTS, SmallHost

ALPHA = TENANTS["1"]
FIRST = 1000
"""The id of the first line beyond those of the world."""


@dataclass(kw_only=True, eq=False)
class AtStep:
    """Does something once: at the first step of a run that has done this share of its rows."""

    share: float
    what: Callable[[], None]
    done: bool = False

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Look how far the run is."""
        if not self.done and progress.done >= self.share * progress.total:
            self.done = True
            self.what()


class Pipeline:
    """A database of the small world on a server, backed up as a login of the test's choice."""

    def __init__(self, server: Server, folder: Path, lines: int = 0) -> None:
        self.server = server
        self.name = server.create_database()
        self.target = folder / "backups"
        self.target.mkdir()
        self.store = folder / "store"
        self.store.mkdir()
        engine = sa.create_engine(server.url(self.name))
        with engine.begin() as connection:
            world.create(connection, world.ROWS)
        engine.dispose()
        # Long and different lines: what the kernel's buffers hold must not be all of them.
        self.run(
            "alter table line add column note text",
            "insert into line (id, invoice, product, lot, amount, note)"
            f" select {FIRST} + i, 1 + i % 2, 1, null, i, (select string_agg("
            f"md5((i * 8 + j)::text), '') from generate_series(1, 8) j)"
            f" from generate_series(1, {lines}) i",
        )

    def run(self, *statements: str) -> None:
        """Run statements as the superuser."""
        self.server.run(*statements, database=self.name)

    def manager(self, user: str = "postgres", *observers: object) -> pluggy.PluginManager:
        """A manager whose host logs in as that user."""
        url = self.server.url(self.name, user)
        self.host = SmallHost(url=url, schema="public", store=self.store)
        return create_manager(self.host, *observers)

    def back_up(
        self,
        user: str = "postgres",
        *observers: object,
        to: Destination | None = None,
        options: Options | None = None,
    ) -> Report:
        """Back up Alpha."""
        destination = to or Destination(path=str(self.target))
        manager = self.manager(user, *observers)
        return back_up(manager, ADMIN, [ALPHA], destination, options)

    def contents(self, user: str = "postgres", *observers: object) -> dict[str, bytes]:
        """Back up Alpha, and give the members in `data/` and `documents/`."""
        report = self.back_up(user, *observers)
        error = report.tenants[0].error
        assert error is None, f"{error.code}: {error}"
        members = Pair(Path(report.tenants[0].files[-1])).members
        return {
            name: content
            for name, content in members.items()
            if name.startswith(("data/", "documents/", "documents.tsv"))
        }

    def backends(self) -> list[int]:
        """The process ids of everybody who is connected to the database."""
        with psycopg.connect(self.server.uri("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "select pid from pg_stat_activity where datname = %s", [self.name]
            ).fetchall()
        return [int(row[0]) for row in found]


def failure(report: Report) -> str:
    """The code of the error that ended the run of the one tenant."""
    error = report.tenants[0].error
    assert error is not None, f"the run ended {report.outcome}"
    return error.code
