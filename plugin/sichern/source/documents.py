"""List the documents of included rows, in the order of their rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure
from sichern.tenancy.expressions import clause, own_key
from sichern.tenancy.model import TenantTable
from sichern_hooks import DocumentColumn, DocumentRef


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document of a row. `locator` None means that its content stands in the table.

    `key` is the row's key by column, `key_text` the same as the archive writes it.
    """

    table: str
    key: dict[str, object]
    key_text: str
    column: DocumentColumn
    locator: str | None
    name: str
    kind: str

    @property
    def ref(self) -> DocumentRef:
        """The document as the host's store knows it."""
        return DocumentRef(
            table=self.table,
            key=self.key_text,
            label=self.column.label,
            locator=self.locator or "",
        )


def documents(snapshot: Snapshot, closure: Closure) -> Iterator[Document]:
    """Give every document of every included row, table by table, by key."""
    for table in closure.model.tables.values():
        if table.name in closure.survey.filled:
            for column in table.documents:
                yield from _of_column(snapshot, closure, table, column)


def _of_column(
    snapshot: Snapshot, closure: Closure, table: TenantTable, column: DocumentColumn
) -> Iterator[Document]:
    rows = clause(closure.model, table.name)
    nothing = sa.literal(None, sa.Text)
    # An empty locator is none.
    locator = sa.func.nullif(rows.c[column.locator], "") if column.locator else nothing
    there = rows.c[column.data].is_not(None) if column.data else sa.false()
    statement = (
        sa.select(
            own_key(closure.model, table, rows).label("key_text"),
            locator.label("locator"),
            (rows.c[column.name] if column.name else nothing).label("document_name"),
            (rows.c[column.kind] if column.kind else nothing).label("document_kind"),
            *(rows.c[name] for name in table.key),
        )
        .where(sa.or_(locator.is_not(None), there), closure.content(table, rows))
        .order_by(own_key(closure.model, table, rows))
    )
    with snapshot.fetching(statement) as streamed:
        for page in streamed.partitions():
            for key_text, place, name, kind, *key in page:
                yield Document(
                    table=table.name,
                    key=dict(zip(table.key, key, strict=True)),
                    key_text=str(key_text),
                    column=column,
                    locator=place,
                    name=str(name or ""),
                    kind=str(kind or ""),
                )
