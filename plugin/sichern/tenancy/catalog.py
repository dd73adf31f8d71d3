"""What a database itself says of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CatalogColumn:
    """A column; `type` is the database's own spelling (`format_type` on PostgreSQL, the declared
    type on SQLite), in lower case."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A foreign key; `cascades` where deleting the target deletes the row."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    cascades: bool


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


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The base tables of one schema of a database."""

    dialect: str
    schema: str | None
    tables: Mapping[str, CatalogTable]
