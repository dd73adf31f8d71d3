"""Databases of Tryton in which the module `sichern` is active."""

import functools
import hashlib
import shutil
from pathlib import Path

from sichern.hosts import tryton
from tests.support.tryton import (
    TrytonDatabase,
    cache_folder,
    copy_sqlite,
    demo_sqlite,
    empty_sqlite,
    locked,
    run_tryton,
)


def demo_with_module() -> TrytonDatabase:
    """Give the demo on SQLite with the module active; not to be written."""
    return _activated(demo_sqlite())


def empty_with_module() -> TrytonDatabase:
    """Give a Tryton on SQLite without a company with the module active; not to be written."""
    return _activated(empty_sqlite())


def activate(database: TrytonDatabase) -> None:
    """Enable the module as an administrator does."""
    run_tryton(
        ["-m", "trytond.cli.admin", "-c", str(database.config), "-d", database.name,
         "-u", "sichern"],
        database.uri,
    )


@functools.cache
def _activated(plain: TrytonDatabase) -> TrytonDatabase:
    folder = cache_folder() / f"sichern-{plain.folder.name}-{_fingerprint()}"
    with locked(folder):
        if not folder.exists():
            part = folder.with_suffix(".new")
            shutil.rmtree(part, ignore_errors=True)
            activate(copy_sqlite(plain, part))
            part.rename(folder)
    # Its own configuration names a folder that is gone: only a copy of it can be served.
    return TrytonDatabase(
        name=plain.name, uri=plain.uri, folder=folder, config=folder / "trytond.conf"
    )


@functools.cache
def _fingerprint() -> str:
    """Hash what the result depends on: the module, and the texts of the catalogs in it."""
    module = Path(str(tryton.__file__)).parent / "module"
    digest = hashlib.sha256()
    for path in sorted(module.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(module)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
