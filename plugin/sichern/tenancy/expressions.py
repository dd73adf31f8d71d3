"""Tables and their keys as SQLAlchemy expressions, for whoever reads rows."""

from typing import Any

import sqlalchemy as sa

from sichern.tenancy.model import TenancyModel, TenantTable
from sichern.tenancy.sql import Sql, name

Expression = sa.ColumnElement[Any]


def clause(model: TenancyModel, table: str, alias: str | None = None) -> sa.FromClause:
    """The table with all its known columns, under an alias where it meets itself."""
    found = model.tables[table]
    names = dict.fromkeys([*found.wires, *found.key])
    external = model.external
    if external is not None and external.table == table:
        names.update(dict.fromkeys([external.kind, external.key, *external.names]))
    plain = sa.table(found.name, *(sa.column(each) for each in names), schema=model.schema)
    return plain.alias(alias) if alias else plain


def spelled(model: TenancyModel, rows: sa.FromClause) -> str:
    """How the columns of a clause are prefixed in SQL text."""
    if isinstance(rows, sa.TableClause):
        return Sql(model).table(rows.name)
    return name(str(getattr(rows, "name", "")))


def own_key(model: TenancyModel, table: TenantTable, rows: sa.FromClause) -> Expression:
    """The key of the rows of a table."""
    return sa.literal_column(Sql(model).own_key(table, spelled(model, rows)))
