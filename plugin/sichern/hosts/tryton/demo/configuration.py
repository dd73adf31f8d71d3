"""The demo system's trytond.conf, and its use by this process."""

import sys
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import urlsplit

from sichern.hosts.tryton.demo.errors import OtherBackend

FILE = "trytond.conf"
DOCUMENTS = "documents"


def write_config(folder: Path, uri: str, *, file_store: bool = True) -> Path:
    """Write `<folder>/trytond.conf` for the databases below `uri` and give its path.

    `uri` is trytond's `[database] uri`: `sqlite://` (the databases are files in `folder`) or
    `postgresql://...` (the databases are the server's, the file store is in `folder`).
    `file_store` False keeps the content of attachments in their table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parser = ConfigParser(interpolation=None)
    parser["database"] = {"uri": uri, "path": str(folder.resolve()), "language": "en"}
    parser["attachment"] = {"filestore": str(file_store), "store_prefix": DOCUMENTS}
    parser["account_invoice"] = {"filestore": str(file_store), "store_prefix": DOCUMENTS}
    parser["session"] = {"authentications": "password"}
    path = folder / FILE
    with path.open("w", encoding="utf-8") as file:
        parser.write(file)
    path.chmod(0o600)
    return path


def check_backend(uri: str) -> None:
    """Raise OtherBackend where this process's trytond works with another kind of database.

    It chooses once, when it is imported.
    """
    backend = sys.modules.get("trytond.backend")
    wanted = urlsplit(uri).scheme
    if backend is not None and backend.name != wanted:
        raise OtherBackend(wanted=wanted, loaded=backend.name)


def use_config(path: Path) -> None:
    """Make this process's trytond use the configuration."""
    from trytond import config

    config.update_etc(str(path))
