"""What an import will do, table by table, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from sichern_hooks import Notice, Role, Tenant, Way


@dataclass(frozen=True, kw_only=True)
class TableArrival:
    """One table: rows to insert; rows that the target has already, by which key they were
    recognised, and how many of them differ there; rows brought back to the pair's state and rows
    removed (REPLACE); parts of recognised rows that nothing imported needs.
    """

    table: str
    label: str
    role: Role
    inserted: int = 0
    matched: int = 0
    matched_by: str = ""
    differing: int = 0
    updated: int = 0
    removed: int = 0
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class UserArrival:
    """A user that imported rows name; `known` where the target has one of that login."""

    login: str
    name: str
    known: bool


@dataclass(frozen=True, kw_only=True)
class UserReference:
    """One column that names users: how many rows name a user whom the target knows, and how many
    a placeholder."""

    table: str
    column: str
    known: int
    placeholders: int


@dataclass(frozen=True, kw_only=True)
class LostReference:
    """References of one column that cannot be kept: they become empty.

    `reason` is `other-tenant`, `private`, `missing`, or `unmatched` (a row that the source's
    modules ship and the target does not have).
    """

    table: str
    column: str
    target: str
    reason: str
    count: int


@dataclass(frozen=True, kw_only=True)
class ClashArrival:
    """Values that the target has already, and the rule by which they are changed."""

    table: str
    columns: tuple[str, ...]
    rule: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The plan of an import. `tenant` is the one of the pair; `system` and `target` say where it
    comes from and goes to; `versions` maps modules to their versions there and here where they
    differ.
    """

    tenant: Tenant
    way: Way
    source: str
    target: str
    versions: Mapping[str, tuple[str, str]]
    tables: tuple[TableArrival, ...]
    users: tuple[UserArrival, ...]
    user_references: tuple[UserReference, ...]
    lost: tuple[LostReference, ...]
    clashes: tuple[ClashArrival, ...]
    counters: int
    documents: int
    notices: tuple[Notice, ...] = ()

    @property
    def rows(self) -> int:
        """All rows that are inserted."""
        return sum(table.inserted for table in self.tables)
