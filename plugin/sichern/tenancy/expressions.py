"""Keys, kinds and table clauses as SQL expressions, for each database where they differ."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern_hooks import Polymorphic

SEPARATOR = ","
Expression = sa.ColumnElement[Any]


def clause(model: TenancyModel, table: str, alias: str | None = None) -> sa.FromClause:
    """The table with all its known columns, under an alias where it meets itself."""
    made = model.clauses.get((table, alias))
    if made is None:
        made = model.clauses[table, alias] = _clause(model, table, alias)
    return made


def _clause(model: TenancyModel, table: str, alias: str | None) -> sa.FromClause:
    found = model.tables[table]
    names = dict.fromkeys([*found.wires, *found.key])
    external = model.external
    if external is not None and external.table == table:
        names.update(dict.fromkeys([external.kind, external.key, *external.names]))
    plain = sa.table(found.name, *(sa.column(name) for name in names), schema=model.schema)
    return plain.alias(alias) if alias else plain


def exact(model: TenancyModel, text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Text compared byte by byte, whatever collation its column has."""
    return sa.collate(text, "C" if model.dialect == "postgresql" else "BINARY")


def key_expression(
    model: TenancyModel, source: sa.FromClause, columns: Sequence[str], integer: bool
) -> Expression:
    """The value that stands for a key: the column where it is one integer, else text."""
    if integer:
        return source.c[columns[0]]
    parts = [sa.cast(source.c[column], sa.Text) for column in columns]
    joined: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        joined = joined.concat(SEPARATOR).concat(part)
    return exact(model, joined)


def own_key(model: TenancyModel, table: TenantTable, source: sa.FromClause) -> Expression:
    """The key of the rows of a table themselves."""
    return key_expression(model, source, table.key, table.integer_key)


def kind_expression(
    model: TenancyModel, source: sa.FromClause, link: Polymorphic
) -> sa.ColumnElement[str]:
    """What a polymorphic reference says of its target table: the text before the first comma."""
    column = source.c[link.column]
    if model.dialect == "postgresql":
        return sa.func.split_part(column, SEPARATOR, 1)
    comma = sa.func.instr(column, SEPARATOR)
    return sa.case((comma > 0, sa.func.substr(column, 1, comma - 1)), else_=column)


def polymorphic_key(
    model: TenancyModel, source: sa.FromClause, link: Polymorphic, target: TenantTable
) -> Expression:
    """The key in a polymorphic reference; NULL where it is none (`model,-1`, `model,`)."""
    if link.key_column is not None:
        column = source.c[link.key_column]
        if target.integer_key:
            return sa.case((column >= 0, column), else_=sa.null())
        return exact(model, sa.cast(column, sa.Text))
    text = source.c[link.column]
    rest = sa.func.substr(text, sa.func.length(kind_expression(model, source, link)) + 2)
    if not target.integer_key:
        return exact(model, sa.func.nullif(rest, ""))
    if model.dialect == "postgresql":
        return sa.case(
            (rest.op("~")("^[0-9]{1,18}$"), sa.cast(rest, sa.BigInteger)), else_=sa.null()
        )
    digits = sa.and_(rest != "", sa.not_(rest.op("GLOB")("*[^0-9]*")))
    return sa.case((digits, sa.cast(rest, sa.BigInteger)), else_=sa.null())


def link_key(
    model: TenancyModel,
    source: sa.FromClause,
    link: ForeignLink | Polymorphic,
    target: TenantTable,
) -> Expression:
    """The key of the target as the source's row holds it."""
    if isinstance(link, Polymorphic):
        return polymorphic_key(model, source, link, target)
    integer = target.integer_key and link.target_columns == target.key
    return key_expression(model, source, link.columns, integer)


def link_target(
    model: TenancyModel,
    target: sa.FromClause,
    link: ForeignLink | Polymorphic,
    table: TenantTable,
) -> Expression:
    """The columns of the target that a link's key is compared with."""
    if isinstance(link, Polymorphic) or link.target_columns == table.key:
        return own_key(model, table, target)
    return key_expression(model, target, link.target_columns, integer=False)


def of_kind(
    model: TenancyModel, source: sa.FromClause, link: ForeignLink | Polymorphic, kind: str | None
) -> sa.ColumnElement[bool]:
    """Rows whose polymorphic reference names this kind; all rows for a plain reference."""
    if isinstance(link, Polymorphic) and kind is not None:
        return kind_expression(model, source, link) == kind
    return sa.true()


def tenant_value(table: TenantTable, key: str) -> Expression:
    """The tenant's key as a value of the table's tenant column.

    Raises ValueError where the key is no integer and the column is one.
    """
    assert table.tenant is not None
    wire = table.wires[table.tenant]
    if wire == "integer":
        return sa.literal(int(key), sa.BigInteger)
    if wire == "uuid":
        return sa.literal(key, sa.Uuid(as_uuid=False))
    return sa.literal(key, sa.Text)
