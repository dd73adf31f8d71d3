"""A Tryton system as an export and an import see it alike: who it is, what its tables are."""

import hashlib
import platform
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import BinaryIO

from sichern.hosts.tryton import registry
from sichern.hosts.tryton.description import derived, describe
from sichern.hosts.tryton.errors import RoleKnown
from sichern.hosts.tryton.facts import Models
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.store import Store
from sichern.hosts.tryton.tables import columns_of, schema_of
from sichern_hooks import Description, DocumentRef, Reader, SystemIdentity


class TrytonSystem:
    """One database with its modules loaded. Nothing is held open: the caller has the connection."""

    def __init__(self, installation: Installation) -> None:
        """Load the database's modules, before anybody holds a snapshot or a lock for it.

        That takes seconds, once per process. Raises PoolUnavailable.
        """
        self._installation = installation
        self._models: Models | None = None
        self._store: Store | None = None
        self._pool = registry.load(installation.database, activated(installation))

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database, with its password."""
        return self._installation.url.render_as_string(hide_password=False)

    @cached_property
    def identity(self) -> SystemIdentity:
        """The system, recognised by the moments in which its database and first users were made.

        Tryton has no id of its own. These rows are never deleted and their stamps never
        change; a copy of the database has the same ones, and so is noticed as a copy.
        """
        from trytond import __version__

        return SystemIdentity(
            host="tryton",
            host_version=__version__,
            system=self._system(),
            database=self._installation.database,
            machine=platform.node(),
            modules=_versions(activated(self._installation), __version__),
        )

    def describe(self, reader: Reader) -> Description:
        """Describe every table from the registry of Tryton's models.

        Raises RoleKnown.
        """
        schema = schema_of(reader)
        models = self._load(reader, schema)
        said = self._installation.settings.tables
        if known := sorted(derived(models).intersection(said)):
            raise RoleKnown(tables=", ".join(known))
        return describe(models, reader.dialect, schema, said, columns_of(reader, schema))

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """Open a file of Tryton's file store.

        Raises DocumentMissing.
        """
        return self._opened_store().open(document)

    def close(self) -> None:
        """Let go of the models; the registry itself belongs to the process."""
        self._models = None
        self._store = None

    def _load(self, reader: Reader, schema: str | None) -> Models:
        models = registry.read_models(self._pool, reader, schema)
        self._models = models
        self._store = Store(self._installation.database, models)
        return models

    def _loaded(self) -> Models:
        if self._models is not None:
            return self._models
        return self._load(self._installation, schema_of(self._installation))

    def _opened_store(self) -> Store:
        self._loaded()
        assert self._store is not None
        return self._store

    def _system(self) -> str:
        stamps = [
            f"{kind} {name} {stamp}"
            for kind, table, key, values in (
                ("module", "ir_module", "name", "'ir', 'res'"),
                ("user", "res_user", "id", "0, 1"),
            )
            for name, stamp in self._installation.rows(
                f"SELECT {key}, CAST(create_date AS VARCHAR(32)) FROM {table}"  # noqa: S608
                f" WHERE {key} IN ({values}) ORDER BY {key}"
            )
        ]
        return hashlib.sha256("\n".join(stamps).encode()).hexdigest()[:32]


def activated(installation: Installation) -> list[str]:
    """Name the modules of the database."""
    found = installation.rows(
        "SELECT name FROM ir_module WHERE state IN ('activated', 'to upgrade', 'to remove')"
    )
    return sorted(str(row[0]) for row in found)


def _versions(modules: Iterable[str], tryton: str) -> Mapping[str, str]:
    """The version of each module, empty where it is not installed here; Tryton's own have its."""
    from trytond.modules import get_module_info

    found = {name: get_module_info(name) or {} for name in modules}
    return {
        name: tryton if name in {"ir", "res"} else str(info.get("version", ""))
        for name, info in found.items()
    }
