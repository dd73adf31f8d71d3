"""One company of a Tryton database, opened for reading."""

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import BinaryIO

from sichern.hosts.tryton import registry
from sichern.hosts.tryton.description import derived, describe
from sichern.hosts.tryton.errors import RoleKnown
from sichern.hosts.tryton.facts import Models
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.store import Store
from sichern_hooks import (
    Counter,
    Description,
    DocumentRef,
    Reader,
    SystemIdentity,
    Tenant,
)

SEQUENCES = "ir_sequence"

_SCHEMA = """
    SELECT pg_namespace.nspname FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_class.relname = 'ir_module' AND pg_class.relkind = 'r'
    ORDER BY pg_namespace.nspname = current_user DESC, pg_namespace.nspname = 'public' DESC
"""
_COLUMNS_POSTGRESQL = """
    SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema
"""
_COLUMNS_SQLITE = """
    SELECT tables.name, columns.name FROM sqlite_master AS tables
    JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'
"""
_SEQUENCE_OBJECTS = """
    SELECT pg_class.relname, pg_sequence.seqincrement FROM pg_catalog.pg_sequence
    JOIN pg_catalog.pg_class ON pg_class.oid = pg_sequence.seqrelid
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_namespace.nspname = :schema AND pg_class.relname LIKE 'ir!_sequence!_%' ESCAPE '!'
    ORDER BY pg_class.oid
"""
BATCH = 200
"""Sequence objects asked in one statement."""


class TrytonSource:
    """A `sichern_hooks.Source`. Nothing is held open: the caller reads, in its own snapshot."""

    def __init__(self, installation: Installation, tenant: Tenant) -> None:
        """Load the database's modules, before anybody holds a snapshot for it.

        That takes seconds, once per process. Raises PoolUnavailable.
        """
        self._installation = installation
        self._tenant = tenant
        self._store: Store | None = None
        self._pool = registry.load(installation.database, activated(installation))

    @property
    def tenant(self) -> Tenant:
        """The company."""
        return self._tenant

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
        schema = _schema(reader)
        models = self._load(reader, schema)
        said = self._installation.settings.tables
        if known := sorted(derived(models).intersection(said)):
            raise RoleKnown(tables=", ".join(known))
        return describe(models, reader.dialect, schema, said, _columns(reader, schema))

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """Give the next numbers of sequences that may have gaps.

        On PostgreSQL they stand in sequence objects `ir_sequence_<id>`, outside of all
        transactions; on SQLite in the rows. Sequences without gaps are plain rows in both.
        """
        if reader.dialect == "postgresql":
            return _counters_postgresql(reader, _schema(reader) or "public")
        return _counters_sqlite(reader)

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """Open a file of Tryton's file store.

        Raises DocumentMissing.
        """
        return self._opened_store().open(document)

    def document_size(self, document: DocumentRef) -> int:
        """Give the size of a file of Tryton's file store, 0 where it is missing."""
        return self._opened_store().size(document)

    def close(self) -> None:
        """Let go of the models; the registry itself belongs to the process."""
        self._store = None

    def _load(self, reader: Reader, schema: str | None) -> Models:
        models = registry.read_models(self._pool, reader, schema)
        self._store = Store(self._installation.database, models)
        return models

    def _opened_store(self) -> Store:
        if self._store is None:
            self._load(self._installation, _schema(self._installation))
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


def _schema(reader: Reader) -> str | None:
    """The schema that holds Tryton's tables, as its search path finds them."""
    if reader.dialect != "postgresql":
        return None
    found = [str(row[0]) for row in reader.rows(_SCHEMA)]
    return found[0] if found else "public"


def _columns(reader: Reader, schema: str | None) -> Mapping[str, frozenset[str]]:
    """The columns that the tables have, whether a field knows them or not."""
    rows = (
        reader.rows(_COLUMNS_POSTGRESQL, {"schema": schema})
        if schema is not None
        else reader.rows(_COLUMNS_SQLITE)
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(str(table), set()).add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}


def _counters_sqlite(reader: Reader) -> Iterator[Counter]:
    rows = reader.rows(
        f"SELECT id, number_next_internal FROM {SEQUENCES}"  # noqa: S608 - our own name
        " WHERE type = 'incremental' AND number_next_internal IS NOT NULL ORDER BY id"
    )
    for key, value in rows:
        yield Counter(table=SEQUENCES, key=str(key), value=int(str(value)))


def _counters_postgresql(reader: Reader, schema: str) -> Iterator[Counter]:
    objects = [
        (str(name), int(str(step)))
        for name, step in reader.rows(_SEQUENCE_OBJECTS, {"schema": schema})
        if str(name).removeprefix(f"{SEQUENCES}_").isdigit()
    ]
    for start in range(0, len(objects), BATCH):
        # The view pg_sequences does not tell a restarted sequence from a called one.
        parts = [
            f"SELECT '{name}', last_value + CASE WHEN is_called THEN {step} ELSE 0 END"  # noqa: S608
            f' FROM "{schema}"."{name}"'
            for name, step in objects[start : start + BATCH]
        ]
        for name, value in reader.rows(" UNION ALL ".join(parts)):
            key = str(name).removeprefix(f"{SEQUENCES}_")
            yield Counter(table=SEQUENCES, key=key, value=int(str(value)))
