"""SQLite's catalog by PRAGMA functions: tables, columns, foreign keys, what else is unique."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sichern.source.snapshot import Snapshot
from sichern.tenancy.catalog import CatalogColumn, CatalogTable, CatalogUnique, ForeignKey

_COLUMNS = """
SELECT t.name AS table_name, c.name, c.type, c."notnull" AS required, c.pk, c.hidden,
    c.dflt_value IS NOT NULL AS filled, t.wr
FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name, 'main') AS c
WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY t.name, c.cid
"""
_KEYS = """
SELECT t.name AS table_name, k.id, k."from" AS own, k."table" AS target, k."to" AS named,
    k.on_delete
FROM pragma_table_list AS t JOIN pragma_foreign_key_list(t.name, 'main') AS k
WHERE t.schema = 'main' AND t.type = 'table'
ORDER BY t.name, k.id, k.seq
"""
_UNIQUES = """
SELECT t.name AS table_name, i.name AS index_name, i.partial, c.name
FROM pragma_table_list AS t JOIN pragma_index_list(t.name, 'main') AS i
JOIN pragma_index_info(i.name, 'main') AS c
WHERE t.schema = 'main' AND t.type = 'table' AND i."unique" AND i.origin <> 'pk'
ORDER BY t.name, i.name, c.seqno
"""


def read_tables(snapshot: Snapshot) -> Iterator[CatalogTable]:
    """Give the tables of the file."""
    columns: dict[str, list[Any]] = {}
    for row in snapshot.rows(_COLUMNS):
        columns.setdefault(cast(Any, row).table_name, []).append(row)
    keys: dict[str, dict[int, list[Any]]] = {}
    for row in snapshot.rows(_KEYS):
        found = cast(Any, row)
        keys.setdefault(found.table_name, {}).setdefault(found.id, []).append(found)
    uniques: dict[str, dict[str, list[Any]]] = {}
    for row in snapshot.rows(_UNIQUES):
        found = cast(Any, row)
        uniques.setdefault(found.table_name, {}).setdefault(found.index_name, []).append(found)
    primary = {name: _primary(rows) for name, rows in columns.items()}
    names = {name.lower(): name for name in columns}
    for name, rows in columns.items():
        yield CatalogTable(
            name=name,
            columns=tuple(_column(row, primary[name]) for row in rows if row.hidden == 0),
            key=primary[name],
            foreign_keys=tuple(
                _foreign_key(parts, names, primary, rows) for parts in keys.get(name, {}).values()
            ),
            # Without a name stands an expression.
            uniques=tuple(
                CatalogUnique(
                    columns=tuple(part.name for part in parts), partial=bool(parts[0].partial)
                )
                for parts in uniques.get(name, {}).values()
                if all(part.name is not None for part in parts)
            ),
        )


def _primary(rows: list[Any]) -> tuple[str, ...]:
    return tuple(row.name for row in sorted(rows, key=lambda row: int(row.pk)) if row.pk)


def _column(row: Any, primary: tuple[str, ...]) -> CatalogColumn:
    kind = row.type.lower()
    # SQLite lets NULL into a primary key, unless it is the rowid or the table has none.
    rowid = primary == (row.name,) and kind == "integer"
    required = row.required or rowid or (row.pk and row.wr)
    return CatalogColumn(
        name=row.name,
        type=kind,
        nullable=not required,
        default=bool(row.filled) or (rowid and not row.wr),
    )


def _foreign_key(
    parts: list[Any],
    names: Mapping[str, str],
    primary: Mapping[str, tuple[str, ...]],
    rows: list[Any],
) -> ForeignKey:
    """SQLite keeps names as they were written, and no columns where the primary key is meant."""
    target = names.get(parts[0].target.lower(), parts[0].target)
    own = {row.name.lower(): row.name for row in rows}
    named = tuple(part.named for part in parts if part.named is not None)
    return ForeignKey(
        columns=tuple(own.get(part.own.lower(), part.own) for part in parts),
        target=target,
        target_columns=named or primary.get(target, ()),
        cascades=parts[0].on_delete == "CASCADE",
    )
