"""PostgreSQL's catalog in four queries: types, columns, keys, what else is unique."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sichern.source.snapshot import Snapshot
from sichern.tenancy.catalog import CatalogColumn, CatalogTable, CatalogUnique, ForeignKey

_TYPES = """
SELECT t.oid, t.typtype, t.typarray, t.typbasetype, t.typnotnull,
    t.typdefault IS NOT NULL AS filled,
    pg_catalog.format_type(t.typbasetype, t.typtypmod) AS base
FROM pg_catalog.pg_type AS t WHERE t.typtype IN ('d', 'e')
"""
_COLUMNS = """
SELECT c.oid AS relation, c.relname, a.attnum, a.attname, a.atttypid, a.attnotnull,
    a.attgenerated, a.atthasdef OR a.attidentity <> '' AS filled,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.oid, a.attnum
"""
_KEYS = """
SELECT k.conrelid, k.contype, k.conkey, k.confkey, k.confrelid, k.confdeltype,
    f.relname AS target, m.nspname AS target_schema,
    (SELECT pg_catalog.array_agg(a.attname::text ORDER BY p.place)
        FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS p (attnum, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = p.attnum
    ) AS target_columns
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid = f.relnamespace
WHERE n.nspname = :schema AND k.contype IN ('p', 'f') AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
"""
_UNIQUES = """
SELECT i.indrelid, i.indpred IS NOT NULL AS partial,
    (SELECT pg_catalog.array_agg(p.attnum ORDER BY p.place)
        FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY AS p (attnum, place)
        WHERE p.place <= i.indnkeyatts
    ) AS numbers
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype = 'x'
WHERE n.nspname = :schema AND NOT i.indisprimary AND (
    i.indisunique OR k.oid IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_operator AS o
        WHERE o.oid = ANY (k.conexclop) AND o.oprname <> '='))
ORDER BY i.indrelid, i.indexrelid
"""


@dataclass(frozen=True, kw_only=True)
class _Domain:
    base: int
    type: str
    required: bool
    filled: bool


@dataclass(frozen=True, kw_only=True)
class _Types:
    """The types that a schema defines: enumerations and their arrays, domains and their arrays."""

    enums: frozenset[int]
    domains: Mapping[int, _Domain]
    arrays: Mapping[int, int]

    def fills(self, oid: int) -> bool:
        """Whether a domain brings a default of its own."""
        while oid in self.domains:
            if self.domains[oid].filled:
                return True
            oid = self.domains[oid].base
        return False

    def resolve(self, oid: int, spelled: str) -> tuple[str, bool, bool]:
        """The base type's spelling, whether it is an enumeration, whether it forbids NULL."""
        required = False
        while oid in self.domains:
            domain = self.domains[oid]
            oid, spelled, required = domain.base, domain.type, required or domain.required
        element = self.arrays.get(oid)
        if element in self.domains:
            inner, enum, _ = self.resolve(cast(int, element), spelled)
            return f"{inner}[]", enum, required
        return spelled, oid in self.enums or element in self.enums, required


def read_tables(snapshot: Snapshot, schema: str) -> Iterator[CatalogTable]:
    """Give the tables of a schema."""
    types = _types(snapshot)
    columns: dict[int, list[Any]] = {}
    for row in snapshot.rows(_COLUMNS, {"schema": schema}):
        columns.setdefault(cast(Any, row).relation, []).append(row)
    keys: dict[int, list[Any]] = {}
    for row in snapshot.rows(_KEYS, {"schema": schema}):
        keys.setdefault(cast(Any, row).conrelid, []).append(row)
    uniques: dict[int, list[Any]] = {}
    for row in snapshot.rows(_UNIQUES, {"schema": schema}):
        uniques.setdefault(cast(Any, row).indrelid, []).append(row)
    for relation, found in columns.items():
        yield _table(schema, types, found, keys.get(relation, []), uniques.get(relation, []))


def _types(snapshot: Snapshot) -> _Types:
    rows = [cast(Any, row) for row in snapshot.rows(_TYPES)]
    return _Types(
        enums=frozenset(row.oid for row in rows if row.typtype == "e"),
        domains={
            row.oid: _Domain(
                base=row.typbasetype, type=row.base, required=row.typnotnull, filled=row.filled
            )
            for row in rows
            if row.typtype == "d"
        },
        arrays={row.typarray: row.oid for row in rows if row.typarray},
    )


def _table(
    schema: str, types: _Types, columns: list[Any], keys: list[Any], uniques: list[Any]
) -> CatalogTable:
    names = {row.attnum: row.attname for row in columns if row.attnum is not None}
    listed = []
    enums = set()
    for row in columns:
        if row.attnum is None or row.attgenerated != "":
            continue
        spelled, enum, required = types.resolve(row.atttypid, row.type)
        if enum:
            enums.add(row.attname)
        listed.append(
            CatalogColumn(
                name=row.attname,
                type=spelled.lower(),
                nullable=not (row.attnotnull or required),
                default=row.filled or types.fills(row.atttypid),
            )
        )
    primary: tuple[str, ...] = ()
    foreign = []
    for key in keys:
        own = tuple(names[number] for number in key.conkey)
        if key.contype == "p":
            primary = own
        else:
            elsewhere = key.target_schema != schema
            foreign.append(
                ForeignKey(
                    columns=own,
                    target=f"{key.target_schema}.{key.target}" if elsewhere else key.target,
                    target_columns=tuple(key.target_columns),
                    cascades=key.confdeltype == "c",
                )
            )
    return CatalogTable(
        name=columns[0].relname,
        columns=tuple(listed),
        key=primary,
        foreign_keys=tuple(foreign),
        enums=frozenset(enums),
        # Number 0 stands for an expression.
        uniques=tuple(
            CatalogUnique(
                columns=tuple(names[number] for number in unique.numbers), partial=unique.partial
            )
            for unique in uniques
            if all(unique.numbers)
        ),
    )
