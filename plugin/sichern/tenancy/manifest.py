"""The tables of the source system as the archive describes them; `manifest_text` has the text."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sichern.schema.columns import WireColumn
from sichern_hooks import EmbeddedKeys, Role

EXTERNAL = "external:"
"""Prefix of identity columns that come from the table of external identities."""


@dataclass(frozen=True, kw_only=True)
class ManifestReference:
    """A reference: to `target`, or (`target` None) polymorphic with a map from kind to table."""

    columns: tuple[str, ...]
    target: str | None
    target_columns: tuple[str, ...]
    key_column: str | None
    targets: Mapping[str, str]

    @property
    def spelled(self) -> tuple[str, ...]:
        """Every column of the row that the reference is read from."""
        return (*self.columns, self.key_column) if self.key_column else self.columns


@dataclass(frozen=True, kw_only=True)
class ManifestTable:
    """A table of the source system.

    `columns` are those of its `data/` members, `identity` those of its `identities/` members,
    `parent` is the first column of one of the references, `documents` are labels.
    """

    name: str
    label: str
    role: Role
    key: tuple[str, ...]
    columns: tuple[WireColumn, ...]
    identity: tuple[WireColumn, ...]
    tenant: str | None
    parent: str | None
    references: tuple[ManifestReference, ...]
    natural_keys: tuple[tuple[str, ...], ...]
    embedded: tuple[EmbeddedKeys, ...]
    documents: tuple[str, ...]
    derived: frozenset[str]
    history_of: str | None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Every table that rows may have left, in the order in which the archive holds them."""

    fingerprint: str
    tables: Mapping[str, ManifestTable]


def fingerprint(tables: Iterable[ManifestTable]) -> str:
    """A hash over the tables' shape: keys, columns, wire types, NULLs."""
    compared = [
        [
            table.name,
            list(table.key),
            [[column.name, column.wire, column.nullable] for column in table.columns],
        ]
        for table in sorted(tables, key=lambda table: table.name)
    ]
    text = json.dumps(compared, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(data: Mapping[str, object]) -> bytes:
    """JSON with one spelling: sorted keys, UTF-8, one key per line."""
    return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
