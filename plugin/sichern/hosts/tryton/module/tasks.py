"""What a run was asked to do, read once when it begins, as plain data."""

from dataclasses import dataclass
from typing import Any

from sichern.hosts.tryton.host import HOST
from sichern.hosts.tryton.module import states
from sichern_hooks import (
    Destination,
    Documents,
    ImportOptions,
    Options,
    SharedRows,
    Tenant,
    TenantRef,
    UnknownUser,
    Way,
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A run as plain data. `destination` is that of a backup, or where REPLACE backs up first.

    `keep` is how many checked pairs a job keeps of each tenant, 0 where nothing is removed.
    """

    kind: str
    name: str
    login: str
    tenants: tuple[Tenant, ...]
    destination: str
    options: Options
    file: str
    way: Way
    neutralise: bool
    copy_confirmed: bool
    job: int | None
    keep: int

    def import_options(self, safety: Destination | None) -> ImportOptions:
        """The options of an import or of its plan."""
        return ImportOptions(
            way=self.way, safety=safety, neutralise=self.neutralise,
            copy_confirmed=self.copy_confirmed,
        )


def task_of(run: Any) -> Task:
    """Read a run. Raises UnknownUser where who started it is gone."""
    if run.user is None:
        raise UnknownUser(login="-")
    return Task(
        kind=run.kind,
        name=run.name,
        login=run.user.login,
        tenants=tuple(
            Tenant(ref=TenantRef(host=HOST, key=each.key or ""), name=each.name or "")
            for each in run.tenants
        ),
        destination=run.destination or "",
        options=Options(
            documents=Documents(run.documents or "inside"),
            shared=SharedRows(run.shared or "default"),
        ),
        file=run.file or "",
        way=Way(run.way or "new"),
        neutralise=bool(run.neutralise),
        copy_confirmed=bool(run.copy_confirmed),
        job=run.job.id if run.job else None,
        keep=run.job.keep if run.job and run.kind == states.BACK_UP else 0,
    )
