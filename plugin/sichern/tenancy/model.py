"""The tenancy model: every table of a database with its role, links and columns decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from sichern.schema.columns import WireColumn
from sichern_hooks import (
    DocumentColumn,
    EmbeddedKeys,
    ExternalIdentities,
    Polymorphic,
    Role,
    Tree,
    Unique,
)


@dataclass(frozen=True, kw_only=True)
class ForeignLink:
    """A reference with its target columns known."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


def link_columns(link: ForeignLink | Polymorphic) -> tuple[str, ...]:
    """The columns that say what a reference points at."""
    if isinstance(link, ForeignLink):
        return link.columns
    return (link.column, link.key_column) if link.key_column else (link.column,)


@dataclass(frozen=True, kw_only=True)
class TenantTable:
    """A table as the plan sees it.

    `columns` are those that go into the archive, key first, then tenant and parent, so that a
    proof finds them at the front of each line; documents and secrets are not among them.
    `identity` are the columns by which a SYSTEM or IDENTITY row is recognised elsewhere.
    """

    name: str
    label: str
    role: Role
    key: tuple[str, ...]
    columns: tuple[WireColumn, ...]
    wires: Mapping[str, str]
    tenant: str | None
    parent: ForeignLink | Polymorphic | None
    links: tuple[ForeignLink | Polymorphic, ...]
    identity: tuple[WireColumn, ...]
    natural_keys: tuple[tuple[str, ...], ...]
    embedded: tuple[EmbeddedKeys, ...]
    documents: tuple[DocumentColumn, ...]
    derived: frozenset[str]
    stamps: frozenset[str]
    uniques: tuple[Unique, ...]
    trees: tuple[Tree, ...]
    shipped: str | None
    history_of: str | None

    @property
    def integer_key(self) -> bool:
        """Whether one integer column is the primary key."""
        return len(self.key) == 1 and self.wires.get(self.key[0]) == "integer"


@dataclass(frozen=True, kw_only=True)
class TenancyModel:
    """All tables, parents before their children, and how modules name the rows they ship."""

    dialect: str
    schema: str | None
    tables: Mapping[str, TenantTable]
    external: ExternalIdentities | None
    numeric_as_bytes: bool = False

    def targets(self, link: ForeignLink | Polymorphic) -> tuple[str, ...]:
        """The tables that a link can point at, as far as they exist."""
        if isinstance(link, ForeignLink):
            return (link.target,)
        return tuple(sorted({name for name in link.targets.values() if name in self.tables}))
