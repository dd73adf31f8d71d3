"""One company of a Tryton database, opened for reading."""

from collections.abc import Iterable

from sichern.hosts.tryton.counters import read_counters
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.system import TrytonSystem
from sichern.hosts.tryton.tables import schema_of
from sichern_hooks import Counter, DocumentRef, Reader, Tenant


class TrytonSource(TrytonSystem):
    """A `sichern_hooks.Source`: the caller reads, in its own snapshot."""

    def __init__(self, installation: Installation, tenant: Tenant) -> None:
        """Load the database's modules.

        Raises PoolUnavailable.
        """
        super().__init__(installation)
        self._tenant = tenant

    @property
    def tenant(self) -> Tenant:
        """The company."""
        return self._tenant

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """Give the next numbers of sequences that may have gaps."""
        return read_counters(reader, schema_of(reader))

    def document_size(self, document: DocumentRef) -> int:
        """Give the size of a file of Tryton's file store, 0 where it is missing."""
        return self._opened_store().size(document)
