"""Describe the tables of a closure as the archive's manifest has them."""

from sichern.schema.columns import WireColumn
from sichern.tenancy.closure import Closure
from sichern.tenancy.manifest import (
    EXTERNAL,
    Manifest,
    ManifestReference,
    ManifestTable,
    fingerprint,
)
from sichern.tenancy.model import ForeignLink, TenantTable
from sichern_hooks import Polymorphic, Role


def manifest(closure: Closure) -> Manifest:
    """Describe every table that rows may leave, in the order in which the archive holds them."""
    tables = [
        _table(closure, table)
        for table in closure.model.tables.values()
        if table.role is not Role.PRIVATE
    ]
    return Manifest(
        fingerprint=fingerprint(tables), tables={table.name: table for table in tables}
    )


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


def _table(closure: Closure, table: TenantTable) -> ManifestTable:
    names = {column.name for column in table.columns}
    references = [
        _reference(closure, table, link) for link in table.links if _readable(closure, table, link)
    ]
    return ManifestTable(
        name=table.name,
        label=table.label,
        role=table.role,
        key=table.key,
        columns=table.columns,
        identity=identity_columns(closure, table),
        tenant=table.tenant,
        parent=_link_column(table.parent) if table.parent is not None else None,
        references=tuple(references),
        natural_keys=table.natural_keys,
        embedded=tuple(one for one in table.embedded if one.column in names),
        documents=tuple(document.label for document in table.documents),
        derived=table.derived & names,
        history_of=table.history_of,
    )


def _link_column(link: ForeignLink | Polymorphic) -> str:
    return link.columns[0] if isinstance(link, ForeignLink) else link.column


def _readable(closure: Closure, table: TenantTable, link: ForeignLink | Polymorphic) -> bool:
    """Whether a reader can follow a reference: neither end is a secret or a document."""
    own = {column.name for column in table.columns}
    if isinstance(link, Polymorphic):
        return link.column in own and (link.key_column is None or link.key_column in own)
    target = closure.model.tables[link.target]
    there = {column.name for column in target.columns}
    return own.issuperset(link.columns) and (
        target.role is Role.PRIVATE or there.issuperset(link.target_columns)
    )


def _reference(
    closure: Closure, table: TenantTable, link: ForeignLink | Polymorphic
) -> ManifestReference:
    if isinstance(link, ForeignLink):
        return ManifestReference(
            columns=link.columns,
            target=link.target,
            target_columns=link.target_columns,
            key_column=None,
            targets={},
        )
    named = closure.survey.kinds.get((table.name, link.column), ())
    return ManifestReference(
        columns=(link.column,),
        target=None,
        target_columns=(),
        key_column=link.key_column,
        targets={kind: link.targets[kind] for kind in named if kind in link.targets},
    )
