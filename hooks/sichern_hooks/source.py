"""The data plane: what `open_source` returns, and what Sichern hands to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from sichern_hooks.description import Description
from sichern_hooks.values import Tenant


@dataclass(frozen=True, kw_only=True)
class SystemIdentity:
    """Where a tenant lives: enough to tell a system from its copy.

    `modules` maps each module of the host to its version.
    """

    host: str
    host_version: str
    system: str
    database: str
    machine: str
    modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A counter that lives outside the rows (Tryton: `ir_sequence_<id>` on PostgreSQL).

    `value` is the next number that the row `key` of `table` will give.
    """

    table: str
    key: str
    value: int


@dataclass(frozen=True, kw_only=True)
class DocumentRef:
    """One document in the host's store: the row that names it and the store's locator."""

    table: str
    key: str
    label: str
    locator: str


class Reader(Protocol):
    """Reads inside the snapshot that the rows come from."""

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the database: `postgresql`, `sqlite`."""
        ...

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[object]]:
        """Run one SELECT with `:name` parameters and give its rows."""
        ...


class Source(Protocol):
    """One tenant of one system, opened for reading."""

    @property
    def tenant(self) -> Tenant:
        """The tenant that the host opened."""
        ...

    @property
    def identity(self) -> SystemIdentity:
        """The system that the tenant lives in."""
        ...

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database. It may hold a password: it is never shown."""
        ...

    def describe(self, reader: Reader) -> Description:
        """Describe every table of the database."""
        ...

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """Give the counters that live outside the rows, of any tenant."""
        ...

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """Open a document of the store for reading in pieces.

        Raises DocumentMissing where the store does not hold it.
        """
        ...

    def document_size(self, document: DocumentRef) -> int:
        """Give the size of a document of the store in bytes, 0 where the store does not hold it."""
        ...

    def close(self) -> None:
        """Let go of what was opened. Called once, also after an error."""
        ...
