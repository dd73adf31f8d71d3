"""The sequences that give a database's tables their keys."""

from collections.abc import Mapping
from typing import Any, cast

from sichern.source.snapshot import Snapshot
from sichern.tenancy.catalog import Catalog
from sichern.tenancy.sql import name

_INTEGERS = frozenset({"smallint", "integer", "bigint"})

# A default depends on the sequence that it calls, whoever owns that; an identity owns its own.
_SEQUENCES = """
SELECT c.relname, a.attname, m.nspname, s.relname AS sequence
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = c.oid AND f.adnum = a.attnum
JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND (
    d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
    AND d.deptype = 'n'
    OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid
    AND d.refobjsubid = a.attnum AND d.deptype = 'i')
JOIN pg_catalog.pg_class AS s ON s.relkind = 'S'
    AND s.oid = CASE d.deptype WHEN 'n' THEN d.refobjid ELSE d.objid END
JOIN pg_catalog.pg_namespace AS m ON m.oid = s.relnamespace
WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND (d.deptype = 'i' OR pg_catalog.pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\\(')
ORDER BY c.relname, s.oid
"""


def key_sequences(snapshot: Snapshot, catalog: Catalog) -> Mapping[str, str]:
    """Name the sequence behind each table's single integer key, quoted with its schema.

    A table without one is absent: its key is filled by nobody, or by a trigger. On SQLite,
    which counts by itself, there are none.
    """
    if catalog.dialect != "postgresql":
        return {}
    keys = {
        (table.name, column.name)
        for table in catalog.tables.values()
        for column in table.columns
        if table.key == (column.name,) and column.type in _INTEGERS
    }
    found: dict[str, str] = {}
    for row in snapshot.rows(_SEQUENCES, {"schema": catalog.schema}):
        each = cast(Any, row)
        if (each.relname, each.attname) in keys:
            found[each.relname] = f"{name(each.nspname)}.{name(each.sequence)}"
    return found
