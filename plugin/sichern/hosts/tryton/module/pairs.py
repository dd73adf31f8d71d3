"""Pairs that lie in an allowed folder, and which of them a user may import.

Whoever imports a pair as a new tenant sees all of it. So of this system's own tenants only those
are offered that the user may see here.
"""

from datetime import UTC
from pathlib import Path
from typing import cast

from babel.dates import format_datetime
from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.archive.info import Info
from sichern.archive.listing import ListedPair, list_pairs
from sichern.archive.reader import read_info_file
from sichern.hosts.tryton.host import HOST
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.module import places, rights
from sichern.hosts.tryton.module.here import Here
from sichern.hosts.tryton.system import TrytonSystem
from sichern_hooks import (
    Destination,
    NotAuthorized,
    Permission,
    SichernError,
    authorize,
)


class _ThisSystem(TrytonSystem):
    """The current transaction's system, without loading its modules once more."""

    def __init__(self) -> None:
        self._installation = cast(Installation, Here())

    @property
    def stamp(self) -> str:
        """What tells it from other systems."""
        return self._system()


def offered(place: Destination, login: str) -> list[ListedPair]:
    """The sound pairs of a folder that the user may import, the newest first."""
    try:
        listed = list_pairs(Path(place.path))
    except OSError:
        return []
    stamp = _ThisSystem().stamp
    found = [
        pair
        for pair in listed
        if pair.info is not None and pair.problem is None and _may(pair.info, login, stamp)
    ]
    return sorted(found, key=lambda pair: pair.created, reverse=True)


def demand_pair(file: Path, login: str) -> Info:
    """Give what an info file says, where the user may import it.

    Raises NotAuthorized, and what is wrong with the file.
    """
    info = read_info_file(file).info
    if not _may(info, login, _ThisSystem().stamp):
        raise NotAuthorized(
            actor=login, permission=str(Permission.IMPORT), tenant=info.tenant.name
        )
    return info


def demand_place(file: Path, user: int) -> None:
    """Ask again whether an info file lies where a pair may be read from.

    Raises PlaceNotAllowed where it is neither in an allowed folder nor this user's own upload.
    """
    for place in places.destinations():
        if Path(place.path) == file.parent:
            places.pair_in(place, file.name)
            return
    if not Pool().get("sichern.transfer").is_upload(file, user):
        raise places.PlaceNotAllowed(path=str(file))


def _may(info: Info, login: str, stamp: str) -> bool:
    """A stranger's tenant may be imported; one of this system by who may see it here.

    One that is gone here since was seen by nobody knows whom: that takes the right to configure.
    """
    if info.system.system != stamp or info.tenant.host != HOST:
        return True
    actor = rights.actor_of(login)
    seen = rights.manager().hook.sichern_tenants(actor=actor) or ()
    if any(tenant.ref.key == info.tenant.key for tenant in seen):
        return True
    cursor = Transaction().connection.cursor()
    cursor.execute("SELECT id FROM company_company")
    if info.tenant.key in {str(row[0]) for row in cursor.fetchall()}:
        return False
    try:
        authorize(rights.manager(), actor, Permission.CONFIGURE)
    except SichernError:
        return False
    return True


def label(pair: ListedPair, language: str) -> str:
    """A pair as a line to choose."""
    when = format_datetime(pair.created.astimezone(UTC), "medium", locale=language)
    key = f" ({pair.info.tenant.key})" if pair.info is not None else ""
    return f"{pair.tenant}{key}, {when} UTC"


def file_of(source: str | None, name: str | None) -> Path:
    """The info file of an allowed folder. Raises PlaceNotAllowed."""
    return places.pair_in(places.destination(source), name)
