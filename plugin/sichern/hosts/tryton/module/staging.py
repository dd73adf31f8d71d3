"""The server's own folder for pairs on their way to a browser or from one.

Below `[sichern] transfers` of trytond.conf, or beside Tryton's documents where that says nothing:
`<database>/down/<name of the run>` holds a backup that is fetched with the browser,
`<database>/up/<a secret>` an upload.
"""

import os
import shutil
import stat
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import trytond.config as config
from trytond.transaction import Transaction

from sichern_hooks import N_, SichernError

DOWN = "down"
UP = "up"
YOUNG = 900.0
"""Seconds in which a folder is no leftover, whatever is known of it: somebody may just make it."""


class StagingUnsafe(SichernError):
    """Others than the server's user could read or write where these pairs are kept."""

    code = "staging-unsafe"
    message = N_("the folder %(path)s for downloads and uploads is not the server's own")
    hint = N_("give it to the user that trytond runs as, with mode 0700")


class StagingUnusable(SichernError):
    """The folder cannot be made."""

    code = "staging-unusable"
    message = N_("the folder %(path)s for downloads and uploads cannot be made: %(reason)s")
    hint = N_("have somebody check the server's disk and its rights, or choose another folder")


def folder(way: str, name: str) -> Path:
    """Where a pair of the transaction's database lies on its way."""
    return _base() / quote(Transaction().database.name, safe="") / way / name


def make(way: str, name: str) -> Path:
    """Make that folder, for this process's user alone. Raises StagingUnsafe, StagingUnusable."""
    made = folder(way, name)
    ours = (made.parents[1], made.parents[0], made)
    try:
        _base().mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in ours:
            path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StagingUnusable(path=str(made), reason=error.strerror or str(error)) from error
    for path in ours:
        found = path.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        if not private or found.st_uid != os.geteuid():
            raise StagingUnsafe(path=str(path))
    return made


def disk() -> Path:
    """A folder on the disk that pairs on their way take their room from."""
    path = _base()
    return next(each for each in (path, *path.parents) if each.exists())


def remove(path: Path) -> None:
    """Remove a folder; one that is gone already is no matter."""
    shutil.rmtree(path, ignore_errors=True)


def sweep(way: str, kept: Collection[str]) -> None:
    """Remove the folders of this database that nobody knows of any more."""
    above = folder(way, "-").parent
    if not above.is_dir():
        return
    for path in above.iterdir():
        with suppress(FileNotFoundError):  # another process sweeps too
            if path.name not in kept and time.time() - path.lstat().st_mtime > YOUNG:
                remove(path)


def _base() -> Path:
    named = config.get("sichern", "transfers")
    path = Path(named) if named else Path(config.get("database", "path"), "sichern-transfers")
    return path.absolute()
