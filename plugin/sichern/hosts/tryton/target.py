"""A Tryton database, opened for an import."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sichern.hosts.tryton.counters import set_counters
from sichern.hosts.tryton.facts import USER, ColumnFact
from sichern.hosts.tryton.finishing import let_in, user_defaults
from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.numbering import Numbering, affixes
from sichern.hosts.tryton.system import TrytonSystem
from sichern.hosts.tryton.tables import columns_of, schema_of
from sichern_hooks import (
    Actor,
    Counter,
    Description,
    DocumentRef,
    Notice,
    Reader,
    TenantRef,
    Writer,
)

LOGIN = "sichern-"
"""What logins of placeholders begin with. Nobody can log in: they have no password."""


class TrytonTarget(TrytonSystem):
    """A `sichern_hooks.Target`: rows are written by the caller, in its own transaction.

    Tryton's own transactions are used before that one and after it, never beside it: on SQLite
    they would wait for each other.
    """

    def __init__(
        self, installation: Installation, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Load the database's modules. `clock` gives the time with its zone.

        Raises PoolUnavailable.
        """
        super().__init__(installation)
        self._clock = clock
        self._user_defaults: Mapping[str, object] = {}
        self._highest: dict[tuple[str, str], int] = {}

    def describe(self, reader: Reader) -> Description:
        """Describe every table; ask Tryton for what placeholders will need.

        Raises RoleKnown.
        """
        described = super().describe(reader)
        self._user_defaults = user_defaults(
            self._pool, self._installation.database, self._required_of_users()
        )
        return described

    def placeholder(self, table: str, known: Mapping[str, object]) -> Mapping[str, object]:
        """Give a user that nobody can log in as: inactive, without password, group or company.

        The login is a new one and says nothing: that of the archive may be somebody's here
        tomorrow.
        """
        user = self._loaded()[USER]
        assert table == user.table
        return {
            **self._user_defaults,
            "create_uid": 0,
            "create_date": self._clock().strftime("%Y-%m-%d %H:%M:%S"),
            "login": f"{LOGIN}{uuid.uuid4().hex}",
            "name": known.get("name") or known.get("login"),
            "active": False,
        }

    def next_values(
        self, writer: Writer, table: str, column: str, count: int
    ) -> Sequence[str]:
        """Give the next free numbers of the sequence that Tryton is configured to use."""
        return self._numbering(writer).next_values(table, column, count, self._clock())

    def set_counters(self, writer: Writer, counters: Iterable[Counter]) -> None:
        """Let sequences go on; those that companies share behind the numbers that came in."""
        schema = schema_of(writer)
        set_counters(writer, schema, counters)
        self._numbering(writer).keep_ahead(columns_of(writer, schema), self._clock())

    def put_document(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        """Write a document into Tryton's file store, where its field is configured for it.

        Raises StoreUnwritable.
        """
        return self._opened_store().put(document, content)

    def drop_document(self, document: DocumentRef) -> None:
        """Remove a document that was put into the store.

        Raises StoreUnwritable.
        """
        self._opened_store().drop(document)

    def finish(self, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        """Let the importing user into the company and drop Tryton's caches.

        Raises AfterwardsFailed.
        """
        return let_in(self._pool, self._installation.database, actor.login, int(tenant.key))

    def _numbering(self, writer: Writer) -> Numbering:
        return Numbering(writer, schema_of(writer), affixes(self._pool), self._highest)

    def _required_of_users(self) -> list[str]:
        def asked(column: ColumnFact) -> bool:
            return column.required and column.name not in {"id", "login", "name", "active"}

        return [column.name for column in self._loaded()[USER].columns.values() if asked(column)]
