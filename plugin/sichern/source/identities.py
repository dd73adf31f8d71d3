"""The rows that are only named: SYSTEM and IDENTITY rows with the columns that recognise them."""

from collections.abc import Iterator

import sqlalchemy as sa

from sichern.source.rows import read_rows
from sichern.source.snapshot import Snapshot
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.describe import identity_columns
from sichern.tenancy.expressions import Expression, clause, spelled
from sichern.tenancy.manifest import EXTERNAL
from sichern.tenancy.model import TenantTable


def identity_rows(snapshot: Snapshot, closure: Closure, table: TenantTable) -> Iterator[bytes]:
    """Blocks of lines: key, natural keys, and the names that the host's modules gave the row."""
    rows = clause(closure.model, table.name, "named")
    key = closure.sql.own_key(table, spelled(closure.model, rows))
    named = (
        sa.select(
            *(rows.c[column.name] for column in table.identity),
            *_external_names(closure, table, rows),
        )
        .where(sa.literal_column(f"({key} IN ({closure.keys(Side.NAMED, table)}))"))
        .subquery("identities")
    )
    return read_rows(snapshot, named, identity_columns(closure, table), table.key, None)


def _external_names(
    closure: Closure, table: TenantTable, rows: sa.FromClause
) -> Iterator[Expression]:
    """The names of a row; of several the first, so that all columns speak of the same one."""
    external = closure.model.external
    if external is None or not closure.has_external_names(table):
        return
    kinds = [kind for kind, name in external.targets.items() if name == table.name]
    for name in external.names:
        names = clause(closure.model, external.table, "external")
        yield (
            sa.select(names.c[name])
            .where(names.c[external.kind].in_(kinds), names.c[external.key] == rows.c[table.key[0]])
            .order_by(*(names.c[each] for each in external.names))
            .limit(1)
            .scalar_subquery()
            .label(f"{EXTERNAL}{name}")
        )
