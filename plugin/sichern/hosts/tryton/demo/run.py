"""Prepare a folder for `sichern demo`: three systems, and a configuration that names each."""

from pathlib import Path

from sichern.hosts.tryton.demo import build
from sichern.hosts.tryton.demo.progress import Tell

DATABASE = "demo"
BARE = ("second", "third")
CONFIG = """\
[host]
name = "tryton"
config = "trytond.conf"
database = "%s"

[[destinations]]
label = "backups"
path = "backups"
"""


def prepare(folder: Path, invoices: int, progress: Tell) -> tuple[Path, ...]:
    """Make systems on SQLite; give the paths of their `sichern.toml`.

    The first system has two companies, the others have the same modules and no company.

    Raises what `build` raises, DatabaseExists among it.
    """
    build("sqlite://", DATABASE, folder, invoices=invoices, bare=BARE, progress=progress)
    configs = [folder / "sichern.toml", *(folder / f"{name}.toml" for name in BARE)]
    for config, database in zip(configs, (DATABASE, *BARE), strict=True):
        config.write_text(CONFIG % database, encoding="utf-8")
    return tuple(configs)
