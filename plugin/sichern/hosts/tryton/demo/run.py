"""Prepare a folder for `sichern demo`: the demo system, and a configuration that names it."""

from pathlib import Path

from sichern.hosts.tryton.demo import build
from sichern.hosts.tryton.demo.progress import Tell

DATABASE = "demo"
CONFIG = f"""\
[host]
name = "tryton"
config = "trytond.conf"
database = "{DATABASE}"

[[destinations]]
label = "backups"
path = "backups"
"""


def prepare(folder: Path, invoices: int, progress: Tell) -> Path:
    """Make the demo system on SQLite; give the path of its `sichern.toml`.

    Raises what `build` raises, DatabaseExists among it.
    """
    build("sqlite://", DATABASE, folder, invoices=invoices, progress=progress)
    config = folder / "sichern.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return config
