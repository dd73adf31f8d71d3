"""What a run was asked to do, read once when it begins, as plain data."""

from dataclasses import dataclass
from typing import Any

from sichern.hosts.tryton.host import HOST
from sichern.hosts.tryton.module import places, staging, states
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
    """A run as plain data. `place` is that of a backup, or where REPLACE backs up first.

    `keep` is how many checked pairs a job keeps of each tenant, 0 where nothing is removed.
    """

    kind: str
    name: str
    login: str
    tenants: tuple[Tenant, ...]
    place: Destination | None
    options: Options
    file: str
    way: Way
    neutralise: bool
    copy_confirmed: bool
    job: int | None
    keep: int

    @property
    def import_options(self) -> ImportOptions:
        """The options of an import or of its plan."""
        return ImportOptions(
            way=self.way, safety=self.place, neutralise=self.neutralise,
            copy_confirmed=self.copy_confirmed,
        )


def task_of(run: Any) -> Task:
    """Read a run, and make the folder that belongs to it alone.

    Raises UnknownUser where who started it is gone, PlaceNotAllowed, StagingUnsafe,
    StagingUnusable.
    """
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
        place=_place(run),
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


def _place(run: Any) -> Destination | None:
    """Where the run writes a backup; a plan and most imports write none."""
    if run.kind == states.BACK_UP and run.destination == places.BROWSER:
        return Destination(path=str(staging.make(staging.DOWN, run.name)), label=places.DOWNLOAD)
    if run.kind == states.BACK_UP or (run.kind == states.IMPORT and run.way == str(Way.REPLACE)):
        return places.destination(run.destination)
    return None
