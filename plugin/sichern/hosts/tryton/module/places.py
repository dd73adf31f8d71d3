"""The folders that the administrator allowed, the browser beside them, and how much room is there.

Section `[sichern]` of trytond.conf: `config` is a `sichern.toml`, whose destinations, contact and
roles of tables count; `destinations` are further folders, a line each, `Label: /path` or `/path`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import trytond.config as config

from sichern.config import Config, load_config
from sichern.destination import open_destination
from sichern.hosts.tryton.module import rights, staging
from sichern.hosts.tryton.settings import Settings, read_settings
from sichern_hooks import N_, Destination, UsageError

BROWSER = "browser"
"""Stands for a folder in a dialog: down to the browser, or up from it."""
DOWNLOAD = N_("Download with the browser")
UPLOAD = N_("Upload with the browser")


class PlaceNotAllowed(UsageError):
    """A folder was named that the administrator did not allow."""

    code = "place-not-allowed"
    message = N_("this folder is not among those that were allowed: %(path)s")
    hint = N_("the administrator allows folders in the section [sichern] of trytond.conf")


def configuration() -> Config | None:
    """The `sichern.toml` that trytond.conf names, None where it names none.

    Raises what `load_config` raises.
    """
    path = config.get("sichern", "config")
    return load_config(Path(path)) if path else None


def contact() -> str:
    """Whom to call, for protocols and mails."""
    found = configuration()
    return found.contact if found is not None else ""


def destinations() -> list[Destination]:
    """The folders that backups may go to and come from.

    Raises what `load_config` raises.
    """
    found = configuration()
    listed = list(found.destinations) if found is not None else []
    for line in str(config.get("sichern", "destinations") or "").splitlines():
        label, colon, path = line.strip().rpartition(":")
        if path.strip().startswith("/"):
            listed.append(Destination(path=path.strip(), label=label.strip() if colon else ""))
    return list({place.path: place for place in listed}.values())


def choices() -> list[tuple[str | None, str]]:
    """The same folders as a selection of a dialog takes them.

    Raises what `load_config` raises.
    """
    return [(place.path, place.label or place.path) for place in destinations()]


def destination(path: str | None) -> Destination:
    """Give the allowed folder of exactly this path. Raises PlaceNotAllowed."""
    for place in destinations():
        if place.path == path:
            return place
    raise PlaceNotAllowed(path=path or "-")


def usable(path: str | None) -> Destination:
    """Give the allowed folder of exactly this path, once a file could be made in it.

    Raises PlaceNotAllowed, and what `open_destination` raises.
    """
    place = destination(path)
    with open_destination(place):
        return place


def label(path: str | None) -> str:
    """What a person reads of a run's destination."""
    if path == BROWSER:
        return rights.say(DOWNLOAD)
    known = {place.path: place.label for place in destinations()}
    return known.get(path or "") or path or ""


def pair_in(place: Destination, name: str | None) -> Path:
    """Give the path of an info file that lies directly in an allowed folder.

    Raises PlaceNotAllowed.
    """
    if not name or Path(name).name != name or not name.endswith(".ztx"):
        raise PlaceNotAllowed(path=name or "-")
    path = Path(place.path, name)
    if path.is_symlink():
        raise PlaceNotAllowed(path=str(path))
    return path


def free_bytes(path: str | None) -> int | None:
    """How much is free for us where this was chosen, None where the folder cannot be asked.

    Raises PlaceNotAllowed.
    """
    chosen = staging.disk() if path == BROWSER else destination(path).path
    try:
        found = os.statvfs(chosen)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def settings(config_path: str, database: str) -> Settings:
    """What the host needs to know for this database, with roles of tables from `sichern.toml`.

    Raises what `load_config` and `read_settings` raise.
    """
    found = configuration()
    said: Mapping[str, object] = found.host if found is not None else {}
    return read_settings(
        {"config": config_path, "database": database, "tables": said.get("tables", {})}
    )
