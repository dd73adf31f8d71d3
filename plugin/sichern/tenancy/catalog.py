"""What a database itself says of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CatalogColumn:
    """A column; `type` is the database's own spelling (`format_type` on PostgreSQL, the declared
    type on SQLite), in lower case. `default`: the database fills it where a row does not."""

    name: str
    type: str
    nullable: bool
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A foreign key; `cascades` where deleting the target deletes the row."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    cascades: bool


@dataclass(frozen=True, kw_only=True)
class CatalogUnique:
    """Columns that no two rows may share, the primary key aside; `partial` where a condition says
    which rows count. What is unique by an expression is not listed.
    """

    columns: tuple[str, ...]
    partial: bool = False


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """A base table; `key` is its primary key, empty where it has none.

    `enums` names the columns whose type is an enumeration.
    """

    name: str
    columns: tuple[CatalogColumn, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    enums: frozenset[str] = frozenset()
    uniques: tuple[CatalogUnique, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The base tables of one schema of a database."""

    dialect: str
    schema: str | None
    tables: Mapping[str, CatalogTable]
