"""A host of a few lines over the small world: two tenants, two users, a store of files."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sichern_hooks import (
    Actor,
    Counter,
    Description,
    Destination,
    DocumentMissing,
    DocumentRef,
    Job,
    Mail,
    Permission,
    Progress,
    Reader,
    Report,
    SystemIdentity,
    Tenant,
    TenantRef,
    hookimpl,
)
from tests.support import world

TENANTS = {
    key: Tenant(ref=TenantRef(host="small", key=key), name=name)
    for key, name in (("1", "Alpha GmbH"), ("2", "Beta AG"))
}
ADMIN = Actor(host="small", login=None, name="root")
ANNA = Actor(host="small", login="anna", name="Anna", language="de")
GRANTS = {"anna": {"1"}}


@dataclass(kw_only=True)
class SmallSource:
    """One tenant of the small world."""

    tenant: Tenant
    database: str
    description: Description
    store: Path | None = None
    counted: Sequence[Counter] = ()
    closed: bool = False
    identity: SystemIdentity = field(
        default_factory=lambda: SystemIdentity(
            host="small", host_version="1.0", system="test", database="world", machine="here"
        )
    )

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
    """The host; `describe` may change the description."""

    url: str
    schema: str | None = None
    store: Path | None = None
    change: Callable[[Description], Description] = lambda description: description
    jobs: Sequence[Job] = ()
    counted: Sequence[Counter] = ()
    mails: list[Mail] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    opened: list[SmallSource] = field(default_factory=list)

    @hookimpl
    def sichern_host_name(self) -> str:
        """The host's name."""
        return "small"

    @hookimpl
    def sichern_actor(self, login: str | None) -> Actor | None:
        """The administrator, or Anna."""
        return {None: ADMIN, "anna": ANNA}.get(login)

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> bool:
        """Anna may back up Alpha; the administrator may do everything."""
        if actor.login is None:
            return True
        granted = GRANTS.get(actor.login, set())
        return permission is Permission.BACK_UP and (tenant is None or tenant.key in granted)

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> Sequence[Tenant]:
        """The tenants that the actor may see."""
        seen = GRANTS.get(actor.login, set()) if actor.login else set(TENANTS)
        return [tenant for key, tenant in TENANTS.items() if key in seen]

    @hookimpl
    def sichern_destinations(self, actor: Actor) -> Sequence[Destination]:
        """None of its own."""
        return []

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> SmallSource | None:
        """Open a tenant."""
        if tenant not in {one.ref for one in TENANTS.values()}:
            return None
        source = SmallSource(
            tenant=TENANTS[tenant.key],
            database=self.url,
            description=self.change(world.description(self.schema)),
            store=self.store,
            counted=self.counted,
        )
        self.opened.append(source)
        return source

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
