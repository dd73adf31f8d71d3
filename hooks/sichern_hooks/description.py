"""How a host describes its tables: roles, tenants, parents, references, documents, secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a table's rows are to a tenant, where a row does not say so itself.

    A row that carries a tenant is that tenant's, and a row with an external identity is
    SYSTEM, whatever the role of its table.
    """

    OWNED = "owned"
    SHARED = "shared"
    PART_OF = "part-of"
    USED_WITH = "used-with"
    SYSTEM = "system"
    IDENTITY = "identity"
    PRIVATE = "private"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Columns that hold the key of a row of `target`.

    `target_columns` empty means the target's primary key. Foreign keys of the database need
    not be repeated.
    """

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Polymorphic:
    """A reference whose target table is named by the row.

    Without `key_column`, `column` holds `"<kind>,<key>"` (Tryton's `account.invoice,12`).
    With it, the kind is what stands before the first comma of `column` (or all of it), and
    `key_column` holds the key. `targets` maps kinds to tables; rows of other kinds point at
    nothing that is backed up. A key below zero or an empty one is no reference.
    """

    column: str
    targets: Mapping[str, str]
    key_column: str | None = None


@dataclass(frozen=True, kw_only=True)
class EmbeddedKeys:
    """Keys of `target` inside a text or JSON column, for the import to rewrite.

    `form` is `path` (keys joined by `/`, Tryton's `path=`) or `json-keys` (the keys of a JSON
    object). The rows are reached by other references as well; these are not followed.
    """

    column: str
    target: str
    form: str


@dataclass(frozen=True, kw_only=True)
class DocumentColumn:
    """A document that belongs to a row: in the table, in the host's store, or in either.

    `data` is the column with the content, `locator` the column with the store's own name for
    it; where both are filled the locator wins. Neither column goes into the rows of the
    archive: the document does. `name` and `kind` (a MIME type) are columns for people.
    """

    label: str
    data: str | None = None
    locator: str | None = None
    name: str | None = None
    kind: str | None = None


class Clash(StrEnum):
    """What an import does about a value that another row of the target holds already.

    REFUSE ends the import with the list. RENUMBER asks the host for the next free values.
    SUFFIX appends `-2`, `-3`, ... to the text. UUID makes a new one.
    """

    REFUSE = "refuse"
    RENUMBER = "renumber"
    SUFFIX = "suffix"
    UUID = "uuid"


@dataclass(frozen=True, kw_only=True)
class Unique:
    """Columns whose values no two rows may share; what the database enforces need not be repeated.

    A row with NULL in one of them is free. `active` names a boolean column: only rows where it
    is true count. `rule` changes the first of `columns`; with SUFFIX the same suffix is appended
    to the columns `along` as well.
    """

    columns: tuple[str, ...]
    rule: Clash = Clash.REFUSE
    active: str | None = None
    along: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A tree kept as nested sets: each row's borders enclose those of the rows below it.

    `left` and `right` are one space of numbers per table, whatever tenant a row is of.
    """

    parent: str
    left: str
    right: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """What the host knows of one table; the rest is read from the database.

    - `tenant`: the column with the tenant's key. With role OWNED it is never NULL; with
      another role, rows where it is NULL have that role. None with role OWNED means owned
      through `parent`.
    - `parent`: the column of the reference or polymorphic reference to the row that this one
      belongs to, for OWNED (without tenant), PART_OF and USED_WITH.
    - `key`: the primary key, where the database does not declare it.
    - `natural_keys`: columns by which a row is recognised in another system; for SYSTEM and
      IDENTITY rows these columns are all that the archive says of them. `()` inside it
      means: there is only one row.
    - `types`: wire types by column where the database's own type does not tell them.
    - `secrets`: columns that never leave the system.
    - `derived`: columns that the host computes anew (tree borders): written, never compared.
    - `stamps`: columns that say who wrote a row and when: carried, never compared.
    - `uniques`: values that no two rows may share, and what an import does about a clash.
    - `trees`: nested sets, whose borders an import appends behind those that are there.
    - `shipped`: a column that is filled in the rows that the host's modules ship: those are
      SYSTEM, as are rows with an external identity.
    - `history_of`: the table of which this one keeps old versions; its references may dangle.
    """

    name: str
    role: Role | None = None
    label: str = ""
    tenant: str | None = None
    parent: str | None = None
    key: tuple[str, ...] = ()
    references: tuple[Reference | Polymorphic, ...] = ()
    embedded: tuple[EmbeddedKeys, ...] = ()
    natural_keys: tuple[tuple[str, ...], ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[DocumentColumn, ...] = ()
    secrets: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    stamps: frozenset[str] = frozenset()
    uniques: tuple[Unique, ...] = ()
    trees: tuple[Tree, ...] = ()
    shipped: str | None = None
    history_of: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExternalIdentities:
    """The table in which the host's modules name the rows that they ship.

    A row of `targets[kind]` whose key stands in `key` is SYSTEM, and is known elsewhere by the
    values of `names` (Tryton: `ir_model_data`, with `module` and `fs_id`).
    """

    table: str
    kind: str
    key: str
    names: tuple[str, ...]
    targets: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Description:
    """All that a host says of its database. A table that is not in `tables` stops the plan,
    unless its role follows from the foreign keys.

    `schema` is the database schema of every table (None where databases have none).
    `numeric_as_bytes`: on SQLite the host keeps numbers with decimals as the bytes of their
    digits (Tryton), not as SQLite's own numbers.
    """

    tables: Mapping[str, Table]
    schema: str | None = None
    external: ExternalIdentities | None = None
    numeric_as_bytes: bool = False
