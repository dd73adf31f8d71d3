"""The info file `.ztx`: what a pair holds, and the commit record of its backup."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sichern.archive.names import Kind, parse_member
from sichern_hooks import Documents, Outcome, SharedRows, SystemIdentity

FORMAT = 2
CHUNK_HASHES = 2
"""The first format in which the hash of a table is over those of its chunks."""


@dataclass(frozen=True, kw_only=True)
class InfoActor:
    """Who backed up; `login` None is the operating-system administrator."""

    login: str | None
    name: str


@dataclass(frozen=True, kw_only=True)
class InfoTenant:
    """The tenant: the host that owns it, the value of its key column, its name."""

    host: str
    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class InfoOptions:
    """The options that decided what is inside."""

    documents: Documents
    shared: SharedRows


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A zip of the pair: the file name under which it was written, bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of `volumes[volume]`: bytes and SHA-256 before compression.

    `rows` is the number of lines of a `.tsv`, None for other members.
    """

    volume: int
    name: str
    size: int
    sha256: str
    rows: int | None


@dataclass(frozen=True, kw_only=True)
class InfoTable:
    """A table: `sha256` is its `table_hash`; in format 1 it was over the bytes of all its rows.

    `role` is the value of a `sichern_hooks.Role`; `identities` counts rows in `identities/`.
    """

    name: str
    role: str
    rows: int
    identities: int
    sha256: str


def by_table(members: Iterable[Member]) -> dict[tuple[Kind, str], list[Member]]:
    """Give the chunks of each table in `data/` and in `identities/`, in their order."""
    found: dict[tuple[Kind, str], list[Member]] = {}
    for member in members:
        # Documents have no rows, and there may be many.
        parsed = None if member.rows is None else parse_member(member.name)
        if parsed is not None and parsed.table is not None:
            found.setdefault((parsed.kind, parsed.table), []).append(member)
    return found


def rows_of(chunks: Iterable[Member]) -> int:
    """Give the number of rows in chunks."""
    return sum(chunk.rows or 0 for chunk in chunks)


def table_hash(chunks: Iterable[Member]) -> str:
    """Give the hash of a table: over those of its chunks in `data/`, a line of hex each."""
    return hashlib.sha256("".join(f"{chunk.sha256}\n" for chunk in chunks).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class InfoDocuments:
    """The Belegarchiv: distinct documents inside and their bytes; entries of `documents.tsv`
    whose document was missing in the store, or left out by option."""

    count: int
    bytes: int
    missing: int
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Info:
    """All of the info file. `created` is aware, in whole seconds."""

    sichern: str
    created: datetime
    actor: InfoActor
    tenant: InfoTenant
    system: SystemIdentity
    options: InfoOptions
    outcome: Outcome
    warnings: int
    volumes: tuple[Volume, ...]
    members: tuple[Member, ...]
    tables: tuple[InfoTable, ...]
    documents: InfoDocuments
    schema_fingerprint: str
    authentication: None = None
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """The size of all volumes."""
        return sum(volume.size for volume in self.volumes)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the info file says and the writer cannot count itself.

    `roles` names every table of the schema with its role's value, in the order in which the
    info file lists them; `missing` and `left_out` count entries of `documents.tsv`.
    """

    sichern: str
    actor: InfoActor
    tenant: InfoTenant
    system: SystemIdentity
    options: InfoOptions
    outcome: Outcome
    warnings: int
    schema_fingerprint: str
    roles: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    left_out: int = 0
