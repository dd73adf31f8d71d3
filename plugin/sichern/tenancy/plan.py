"""The plan of a run: what will be in the archive, table by table, before it is written."""

from dataclasses import dataclass

from sichern_hooks import Role, SharedRows, Tenant

COMPRESSED_SHARE = 0.5
"""Rows as text shrink to about a third (`bench-line`: 0.36); half leaves room for wide rows."""

OVERHEAD = 4096
"""Bytes of an archive without rows, and of each further member's headers, as an upper estimate."""


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """One table: rows that go along, rows left out, rows that are only named, estimated bytes.

    `nobodys` are rows of an owned table that belong to no tenant at all: no pair has them.
    """

    table: str
    label: str
    role: Role
    rows: int
    left_out: int
    named: int
    bytes: int
    nobodys: int = 0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run of one tenant will write; `bytes` and `document_bytes` are uncompressed."""

    tenant: Tenant
    shared: SharedRows
    tables: tuple[TablePlan, ...]
    documents: int
    document_bytes: int

    @property
    def rows(self) -> int:
        """All rows that go along."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """All rows as text."""
        return sum(table.bytes for table in self.tables)

    @property
    def archive_bytes(self) -> int:
        """The estimated size of the pair. Documents are taken as if they did not compress."""
        return sum(self.volumes(separate=True))

    def volumes(self, separate: bool) -> tuple[int, ...]:
        """The estimated size of each file: the archive, and a Belegarchiv of its own."""
        rows = int(self.bytes * COMPRESSED_SHARE) + OVERHEAD * (len(self.tables) + 4)
        documents = self.document_bytes + OVERHEAD * self.documents
        return (rows, documents) if separate else (rows + documents,)


@dataclass(frozen=True, kw_only=True)
class OpenReference:
    """A reference from an included row that does not resolve inside the archive.

    `reason` is `other-tenant` (the target belongs to another tenant), `private` (it never
    leaves), or `missing` (the database itself does not hold it).
    """

    table: str
    key: str
    column: str
    target: str
    target_key: str
    reason: str
