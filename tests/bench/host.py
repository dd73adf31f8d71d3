"""A host of a few lines over the lines of the benchmarks, and runs through the public API."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from sichern.backup import back_up
from sichern.side_by_side import SideBySide
from sichern_hooks import (
    Actor,
    Counter,
    Description,
    Destination,
    DocumentRef,
    Options,
    Outcome,
    Permission,
    Reader,
    Report,
    Role,
    SystemIdentity,
    Table,
    Tenant,
    TenantRef,
    create_manager,
    hookimpl,
)

ADMIN = Actor(host="bench", login=None, name="root")
TABLES = {
    "company": Table(name="company", role=Role.OWNED, tenant="id"),
    "line": Table(name="line", role=Role.OWNED, tenant="company"),
}


DESCRIPTION = Description(tables=TABLES)
SYSTEM = SystemIdentity(
    host="bench", host_version="1", system="bench", database="line", machine="here"
)


@dataclass(frozen=True, kw_only=True)
class LineSource:
    """One company's lines."""

    database: str
    identity: SystemIdentity = SYSTEM

    def describe(self, reader: Reader) -> Description:
        """The two tables."""
        return DESCRIPTION

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """None."""
        return ()

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """No table has one."""
        raise NotImplementedError

    def document_size(self, document: DocumentRef) -> int:
        """No table has one."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, kw_only=True)
class LineHost:
    """The host of one database with a table of companies."""

    url: str

    @hookimpl
    def sichern_host_name(self) -> str:
        """The host's name."""
        return "bench"

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> bool:
        """Everybody may."""
        return True

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> Sequence[Tenant]:
        """All companies."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            found = connection.exec_driver_sql("select id, name from company order by id").all()
        return [Tenant(ref=TenantRef(host="bench", key=str(row[0])), name=row[1]) for row in found]

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> LineSource:
        """Open a company."""
        return LineSource(database=self.url)


def back_up_lines(
    url: str,
    to: Path,
    keys: Sequence[str] | None = None,
    side_by_side: SideBySide | None = None,
) -> Report:
    """Back up companies, all of them without `keys`, and see that it succeeded."""
    manager = create_manager(LineHost(url=url))
    tenants = [
        tenant
        for tenant in manager.hook.sichern_tenants(actor=ADMIN)
        if keys is None or tenant.ref.key in keys
    ]
    destination = Destination(path=str(to))
    report = back_up(manager, ADMIN, tenants, destination, Options(), side_by_side=side_by_side)
    assert report.outcome is Outcome.COMPLETE, [entry.error for entry in report.tenants]
    return report
