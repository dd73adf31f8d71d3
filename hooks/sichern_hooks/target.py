"""The data plane of an import: what `sichern_open_target` returns, and what Sichern hands to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from sichern_hooks.description import Description
from sichern_hooks.source import Counter, DocumentRef, Reader, SystemIdentity
from sichern_hooks.values import Actor, Notice, TenantRef


class Writer(Reader, Protocol):
    """Reads and writes inside the one transaction of an import."""

    def write(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Run one statement with `:name` parameters; give the number of rows that it changed."""
        ...


class Target(Protocol):
    """A system that a tenant is imported into, opened for writing.

    Rows are written by Sichern, in one transaction of its own on `database`; the host does what
    only it knows. What a method writes goes through the `Writer` that it is given.
    """

    @property
    def identity(self) -> SystemIdentity:
        """The system."""
        ...

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database. It may hold a password: it is never shown."""
        ...

    def describe(self, reader: Reader) -> Description:
        """Describe every table of the database."""
        ...

    def placeholder(self, table: str, known: Mapping[str, object]) -> Mapping[str, object]:
        """Give the row for a user that this system does not know: nobody can log in with it.

        `known` are the columns by which the archive names the user. The key is not part of the
        answer.
        """
        ...

    def next_values(
        self, writer: Writer, table: str, column: str, count: int
    ) -> Sequence[str]:
        """Give the next `count` free values of a column with the rule RENUMBER, as text."""
        ...

    def set_counters(self, writer: Writer, counters: Iterable[Counter]) -> None:
        """Let counters outside the rows go on; `key` is the row's key in this system."""
        ...

    def put_document(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        """Take a document into the host's store; give the store's name for it.

        None, with nothing read, where documents of this column stand in the table. `locator` is
        empty. The name is never one that was used before.
        """
        ...

    def drop_document(self, document: DocumentRef) -> None:
        """Remove a document that this import put into the store and does not need."""
        ...

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """Open a document of the store for reading in pieces.

        Raises DocumentMissing where the store does not hold it.
        """
        ...

    def finish(self, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        """Do what is due after the commit: drop caches, let the importing user in.

        Give what the protocol should say: who sees the tenant, and when.
        """
        ...

    def close(self) -> None:
        """Let go of what was opened. Called once, also after an error."""
        ...
