"""`schema.json`: a manifest as text. A forged one must do no harm: nothing of it is believed."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from sichern.schema.columns import WireColumn
from sichern.schema.errors import UnknownWireType
from sichern.schema.fields import wire_field
from sichern.tenancy.errors import ManifestDamaged
from sichern.tenancy.manifest import (
    EXTERNAL,
    Manifest,
    ManifestReference,
    ManifestTable,
    canonical,
    fingerprint,
)
from sichern_hooks import EmbeddedKeys, Role

FORMS = ("path", "json-keys")


class _Part(Schema):
    """Makes `part` of what it loads, lists as tuples; keys of a later writer are passed over."""

    class Meta:
        """Let a writer of the same format say more."""

        unknown = EXCLUDE

    part: ClassVar[type]

    @post_load
    def _make(self, data: dict[str, Any], **_: object) -> object:
        return self.part(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: object) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class _Names(fields.List[str]):
    """A set of names, in their order."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(sorted(value), attr, obj, **kwargs)

    def _deserialize(self, value: Any, *arguments: Any, **kwargs: Any) -> Any:
        return frozenset(super()._deserialize(value, *arguments, **kwargs))


class ColumnSchema(_Part):
    """A column of a table: its wire type is explained in `FORMAT.md`."""

    part = WireColumn

    name = fields.Str(required=True)
    wire = fields.Str(required=True)
    nullable = fields.Bool(required=True)


class ReferenceSchema(_Part):
    """A reference: by foreign key, or polymorphic with a map from kind to table."""

    part = ManifestReference

    columns = fields.List(fields.Str(), required=True, validate=validate.Length(min=1))
    target = fields.Str(allow_none=True, required=True)
    target_columns = fields.List(fields.Str(), required=True)
    key_column = fields.Str(allow_none=True, required=True)
    targets = fields.Dict(keys=fields.Str(), values=fields.Str(), required=True)


class EmbeddedSchema(_Part):
    """Keys of another table inside a text or JSON column."""

    part = EmbeddedKeys

    column = fields.Str(required=True)
    target = fields.Str(required=True)
    form = fields.Str(required=True, validate=validate.OneOf(FORMS))


class TableSchema(_Part):
    """A table of the source system. `identity` are the columns of its `identities/` members."""

    part = ManifestTable

    name = fields.Str(required=True)
    label = fields.Str(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    key = fields.List(fields.Str(), required=True)
    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    identity = fields.List(fields.Nested(ColumnSchema), required=True)
    tenant = fields.Str(allow_none=True, required=True)
    parent = fields.Str(allow_none=True, required=True)
    references = fields.List(fields.Nested(ReferenceSchema), required=True)
    natural_keys = fields.List(fields.List(fields.Str()), required=True)
    embedded = fields.List(fields.Nested(EmbeddedSchema), required=True)
    documents = fields.List(fields.Str(), required=True)
    derived = _Names(fields.Str(), required=True)
    history_of = fields.Str(allow_none=True, required=True)


class ManifestSchema(Schema):
    """`schema.json`."""

    class Meta:
        """Let a writer of the same format say more."""

        unknown = EXCLUDE

    fingerprint = fields.Str(required=True)
    tables = fields.List(fields.Nested(TableSchema), required=True)


_SCHEMA = ManifestSchema()


def write_manifest(manifest: Manifest) -> bytes:
    """Give the bytes of `schema.json`."""
    described = {"fingerprint": manifest.fingerprint, "tables": list(manifest.tables.values())}
    dumped: dict[str, Any] = _SCHEMA.dump(described)
    return canonical(dumped)


def read_manifest(data: bytes) -> Manifest:
    """Read the bytes of `schema.json`; every name in it is one of its own tables and columns.

    But for targets of references: those of private tables are not described.

    Raises ManifestDamaged.
    """
    try:
        loaded: Any = _SCHEMA.load(json.loads(data.decode()))
        tables: list[ManifestTable] = loaded["tables"]
        said = str(loaded["fingerprint"])
        for reason in _contradictions(tables):
            raise ValueError(reason)
        if fingerprint(tables) != said:
            raise ValueError("its fingerprint is another one")
    except (ValueError, ValidationError, UnknownWireType, RecursionError) as error:
        raise ManifestDamaged(reason=str(error)[:500]) from error
    return Manifest(fingerprint=said, tables={table.name: table for table in tables})


def _contradictions(tables: Iterable[ManifestTable]) -> Iterator[str]:
    """What no writer says."""
    listed = list(tables)
    named = {table.name: table for table in listed}
    for name in _twice(table.name for table in listed):
        yield f"the table {name!r} twice"
    for table in listed:
        for reason in _of_table(table, named):
            yield f"table {table.name!r}: {reason}"


def _of_table(table: ManifestTable, named: Mapping[str, ManifestTable]) -> Iterator[str]:
    columns = {column.name: column for column in table.columns}
    identity = {column.name: column for column in table.identity}
    if table.role is Role.PRIVATE:
        yield "private"
    for part in (table.columns, table.identity):
        for name in _twice(column.name for column in part):
            yield f"the column {name!r} twice"
        for column in part:
            wire_field(column.wire)
    if not table.key or _twice(table.key):
        yield "no key"
    for name, column in identity.items():
        if columns.get(name) != column and not (
            name.startswith(EXTERNAL) and column.wire == "text" and column.nullable
        ):
            yield f"the column {name!r} is another one where rows are named"
    yield from _unknown("key", table.key, columns)
    yield from _unknown("key", table.key, identity)
    yield from _unknown("tenant or parent", filter(None, (table.tenant, table.parent)), columns)
    yield from _unknown("derived", table.derived, columns)
    yield from _unknown("embedded", (each.column for each in table.embedded), columns)
    yield from _unknown("history of", filter(None, (table.history_of,)), named)
    for natural in table.natural_keys:
        yield from _unknown("natural key", natural, identity)
    for name in _twice(table.documents):
        yield f"the document {name!r} twice"
    if table.parent and table.parent not in {each.columns[0] for each in table.references}:
        yield f"no reference in {table.parent!r}, where the parent is"
    for reference in table.references:
        yield from _of_reference(reference, columns, named)


def _of_reference(
    reference: ManifestReference,
    columns: Mapping[str, WireColumn],
    named: Mapping[str, ManifestTable],
) -> Iterator[str]:
    yield from _unknown("reference", reference.spelled, columns)
    if reference.target is None:
        if len(reference.columns) != 1 or reference.target_columns:
            yield f"a reference of {reference.columns} to nothing"
        return
    if reference.key_column is not None or reference.targets:
        yield f"a reference of {reference.columns} to two targets"
    target = named.get(reference.target)
    if target is not None:
        if len(reference.target_columns) != len(reference.columns):
            yield f"a reference of {reference.columns} to {reference.target_columns}"
        there = {column.name for column in target.columns}
        yield from _unknown("target", reference.target_columns, there)


def _unknown(
    what: str, names: Iterable[str], known: Mapping[str, object] | set[str]
) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{what}: there is no {name!r}"


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
