"""What a run was asked to do, read once when it begins, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trytond.pool import Pool

from sichern.hosts.tryton.host import HOST
from sichern.hosts.tryton.module import places, staging, states
from sichern.hosts.tryton.module.addresses import addresses
from sichern.i18n import language_of
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

    `languages` are those of the recipients who are users; others read the actor's. `keep` is how
    many checked pairs a job keeps of each tenant, 0 where nothing is removed.
    """

    kind: str
    name: str
    login: str
    tenants: tuple[Tenant, ...]
    place: Destination | None
    options: Options
    mail_to: tuple[str, ...]
    languages: Mapping[str, str]
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

    Raises UnknownUser where who started it is gone, PlaceNotAllowed, StagingUnsafe, OSError.
    """
    if run.user is None:
        raise UnknownUser(login="-")
    mail_to = addresses(run.mail_to)
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
        mail_to=mail_to,
        languages=_languages(mail_to),
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


def _languages(mail_to: tuple[str, ...]) -> dict[str, str]:
    users = Pool().get("res.user").search([("email", "in", list(mail_to))])
    return {
        user.email: language_of(user.language.code) for user in users if user.language is not None
    }
