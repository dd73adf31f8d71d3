"""`schema.json`: the tables of the source system as the archive describes them."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from sichern.schema.table import WireColumn
from sichern.tenancy.closure import Closure
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern_hooks import Polymorphic, Role

EXTERNAL = "external:"
"""Prefix of identity columns that come from the table of external identities."""


class ColumnSchema(Schema):
    """A column of a table: its wire type is explained in `FORMAT.md`."""

    name = fields.Str(required=True)
    wire = fields.Str(required=True)
    nullable = fields.Bool(required=True)


class ReferenceSchema(Schema):
    """A reference: by foreign key, or polymorphic with a map from kind to table."""

    columns = fields.List(fields.Str(), required=True)
    target = fields.Str(allow_none=True, required=True)
    target_columns = fields.List(fields.Str(), required=True)
    key_column = fields.Str(allow_none=True, required=True)
    targets = fields.Dict(keys=fields.Str(), values=fields.Str(), required=True)


class EmbeddedSchema(Schema):
    """Keys of another table inside a text or JSON column."""

    column = fields.Str(required=True)
    target = fields.Str(required=True)
    form = fields.Str(required=True)


class TableSchema(Schema):
    """A table of the source system. `identity` are the columns of its `identities/` members."""

    name = fields.Str(required=True)
    label = fields.Str(required=True)
    role = fields.Str(required=True)
    key = fields.List(fields.Str(), required=True)
    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    identity = fields.List(fields.Nested(ColumnSchema), required=True)
    tenant = fields.Str(allow_none=True, required=True)
    parent = fields.Str(allow_none=True, required=True)
    references = fields.List(fields.Nested(ReferenceSchema), required=True)
    natural_keys = fields.List(fields.List(fields.Str()), required=True)
    embedded = fields.List(fields.Nested(EmbeddedSchema), required=True)
    documents = fields.List(fields.Str(), required=True)
    derived = fields.List(fields.Str(), required=True)
    history_of = fields.Str(allow_none=True, required=True)


class ManifestSchema(Schema):
    """`schema.json`."""

    fingerprint = fields.Str(required=True)
    tables = fields.List(fields.Nested(TableSchema), required=True)


def manifest(closure: Closure) -> dict[str, Any]:
    """Describe every table that rows may leave, in the order in which the archive holds them."""
    tables = [
        _table(closure, table)
        for table in closure.model.tables.values()
        if table.role is not Role.PRIVATE
    ]
    described = {"fingerprint": fingerprint(tables), "tables": tables}
    dumped: dict[str, Any] = ManifestSchema().dump(described)
    return dumped


def fingerprint(tables: list[dict[str, Any]]) -> str:
    """A hash over what an import compares: tables, keys, columns, wire types, NULLs."""
    compared = [
        [table["name"], list(table["key"]), [list(column.values()) for column in table["columns"]]]
        for table in sorted(tables, key=lambda table: str(table["name"]))
    ]
    text = json.dumps(compared, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(data: Mapping[str, object]) -> bytes:
    """JSON with one spelling: sorted keys, UTF-8, one key per line."""
    return (json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _table(closure: Closure, table: TenantTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "label": table.label,
        "role": str(table.role),
        "key": table.key,
        "columns": [_column(column) for column in table.columns],
        "identity": [_column(column) for column in identity_columns(closure, table)],
        "tenant": table.tenant,
        "parent": _link_column(table.parent) if table.parent is not None else None,
        "references": [_reference(closure, table, link) for link in table.links],
        "natural_keys": table.natural_keys,
        "embedded": table.embedded,
        "documents": [document.label for document in table.documents],
        "derived": sorted(table.derived),
        "history_of": table.history_of,
    }


def identity_columns(closure: Closure, table: TenantTable) -> tuple[WireColumn, ...]:
    """The columns by which a row is named: key, natural keys, and the names its module gave it."""
    external = closure.model.external
    if external is None or not closure.has_external_names(table):
        return table.identity
    return (
        *table.identity,
        *(
            WireColumn(name=f"{EXTERNAL}{name}", wire="text", nullable=True)
            for name in external.names
        ),
    )


def _column(column: WireColumn) -> dict[str, Any]:
    return {"name": column.name, "wire": column.wire, "nullable": column.nullable}


def _link_column(link: ForeignLink | Polymorphic) -> str:
    return link.columns[0] if isinstance(link, ForeignLink) else link.column


def _reference(
    closure: Closure, table: TenantTable, link: ForeignLink | Polymorphic
) -> dict[str, Any]:
    if isinstance(link, ForeignLink):
        return {
            "columns": link.columns,
            "target": link.target,
            "target_columns": link.target_columns,
            "key_column": None,
            "targets": {},
        }
    named = closure.survey.kinds.get((table.name, link.column), ())
    return {
        "columns": [link.column],
        "target": None,
        "target_columns": [],
        "key_column": link.key_column,
        "targets": {kind: link.targets[kind] for kind in named if kind in link.targets},
    }
