"""A host of a few lines over the small world: two tenants, three users, a store of files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from sichern_hooks import (
    Actor,
    Counter,
    Description,
    Destination,
    DocumentMissing,
    DocumentRef,
    Job,
    Mail,
    Notice,
    Permission,
    Progress,
    Reader,
    Report,
    SystemIdentity,
    Tenant,
    TenantRef,
    Way,
    Writer,
    hookimpl,
)
from tests.support import world
from tests.support.small_target import SmallTarget

TENANTS = {
    key: Tenant(ref=TenantRef(host="small", key=key), name=name)
    for key, name in (("1", "Alpha GmbH"), ("2", "Beta AG"))
}
ADMIN = Actor(host="small", login=None, name="root")
ANNA = Actor(host="small", login="anna", name="Anna", language="de")
IMKE = Actor(host="small", login="imke", name="Imke")
ACTORS: dict[str | None, Actor] = {None: ADMIN, "anna": ANNA, "imke": IMKE}
GRANTS: Mapping[str, Mapping[Permission, frozenset[str]]] = {
    "anna": {Permission.BACK_UP: frozenset({"1"})},
    "imke": {
        Permission.IMPORT: frozenset({"1"}),
        Permission.BACK_UP: frozenset({"1"}),
    },
}
"""What the users may, for which tenants."""
FULL_NAMES = {"Alpha": "Alpha GmbH", "Beta": "Beta AG"}


SYSTEM = SystemIdentity(
    host="small", host_version="1.0", system="test", database="world", machine="here"
)
"""The system that the small world is, where a test says nothing else."""


@dataclass(kw_only=True)
class SmallSource:
    """One tenant of the small world."""

    tenant: Tenant
    database: str
    description: Description
    store: Path | None = None
    counted: Sequence[Counter] = ()
    closed: bool = False
    identity: SystemIdentity = SYSTEM

    def describe(self, reader: Reader) -> Description:
        """The description of the world."""
        return self.description

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """Counters given by the test."""
        return self.counted

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """A file of the store."""
        if self.store is None or not (self.store / document.locator).exists():
            raise DocumentMissing(document=document.locator)
        return (self.store / document.locator).open("rb")

    def document_size(self, document: DocumentRef) -> int:
        """Its size."""
        file = (self.store or Path("/nowhere")) / document.locator
        return file.stat().st_size if file.exists() else 0

    def close(self) -> None:
        """Remember that it was called."""
        self.closed = True


@dataclass(kw_only=True, eq=False)
class SmallHost:
    """The host of one database; `change` may change the description."""

    url: str
    schema: str | None = None
    store: Path | None = None
    change: Callable[[Description], Description] = lambda description: description
    jobs: Sequence[Job] = ()
    counted: Sequence[Counter] = ()
    identity: SystemIdentity = SYSTEM
    mails: list[Mail] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    opened: list[SmallSource] = field(default_factory=list)
    targets: list[SmallTarget] = field(default_factory=list)
    neutralised: list[tuple[TenantRef, Way]] = field(default_factory=list)

    @hookimpl
    def sichern_host_name(self) -> str:
        """The host's name."""
        return "small"

    @hookimpl
    def sichern_actor(self, login: str | None) -> Actor | None:
        """The administrator, Anna, or Imke."""
        return ACTORS.get(login)

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> bool:
        """Anna may back up Alpha, Imke import it too; the administrator may do everything."""
        if actor.login is None:
            return True
        granted = GRANTS.get(actor.login, {}).get(permission, frozenset())
        return bool(granted) if tenant is None else tenant.key in granted

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> Sequence[Tenant]:
        """The tenants that the actor may see."""
        tenants = self.tenants()
        if actor.login is None:
            return list(tenants.values())
        seen = GRANTS.get(actor.login, {}).get(Permission.BACK_UP, frozenset())
        return [tenant for key, tenant in tenants.items() if key in seen]

    def tenants(self) -> Mapping[str, Tenant]:
        """The tenants of the database; those of the untouched world where it does not answer."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        table = f"{self.schema}.company" if self.schema else "company"
        try:
            with engine.connect() as connection:
                found = connection.exec_driver_sql(
                    f"select id, name from {table} order by id"
                ).all()
        except sa.exc.DBAPIError:
            return TENANTS
        return {
            str(key): Tenant(
                ref=TenantRef(host="small", key=str(key)), name=FULL_NAMES.get(name, name)
            )
            for key, name in found
        }

    @hookimpl
    def sichern_destinations(self, actor: Actor) -> Sequence[Destination]:
        """None of its own."""
        return []

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> SmallSource | None:
        """Open a tenant."""
        tenants = self.tenants()
        if tenant.host != "small" or tenant.key not in tenants:
            return None
        source = SmallSource(
            tenant=tenants[tenant.key],
            database=self.url,
            description=self.change(world.description(self.schema)),
            store=self.store,
            counted=self.counted,
            identity=self.identity,
        )
        self.opened.append(source)
        return source

    @hookimpl
    def sichern_open_target(self, host: str) -> SmallTarget | None:
        """Open the database for an import."""
        if host != "small":
            return None
        target = SmallTarget(
            identity=self.identity,
            database=self.url,
            description=self.change(world.description(self.schema)),
            store=self.store,
        )
        self.targets.append(target)
        return target

    @hookimpl
    def sichern_neutralise(
        self, tenant: TenantRef, way: Way, writer: Writer
    ) -> Sequence[Notice] | None:
        """Forget the sessions, which are all that acts by itself here."""
        if tenant.host != "small":
            return None
        self.neutralised.append((tenant, way))
        table = f"{self.schema}.session" if self.schema else "session"
        count = writer.write(f"delete from {table}")
        return [
            Notice(
                code="small-neutralised",
                message="%(count)d sessions were ended",
                values={"count": count},
                warning=False,
            )
        ]

    @hookimpl
    def sichern_jobs(self) -> Sequence[Job]:
        """The jobs of the test."""
        return self.jobs

    @hookimpl
    def sichern_send_mail(self, mail: Mail) -> bool:
        """Keep the mail."""
        self.mails.append(mail)
        return True

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Keep the progress."""
        self.progress.append(progress)

    @hookimpl
    def sichern_finished(self, report: Report) -> None:
        """Keep the report."""
        self.reports.append(report)
