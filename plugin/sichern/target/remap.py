"""Staged rows as the target will hold them: every key and reference rewritten, as SQL text.

Pure text: nothing here asks a database. A staged row is called `s`, its entry in its table's key
map `m`; joins to other key maps have names of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from sichern.schema.columns import WireColumn
from sichern.tenancy.catalog import Catalog
from sichern.tenancy.manifest import Manifest
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern.tenancy.sql import Sql, literal, name
from sichern_hooks import EmbeddedKeys, Polymorphic, Role, Way


class State(IntEnum):
    """What becomes of a key of the archive: an entry of a key map."""

    UNDECIDED = 0
    INSERT = 1
    MATCHED = 2
    """The target has the row; references are pointed at it."""
    LEFT_OUT = 3
    """A part of a row that the target has, which nothing that is imported needs."""
    UPDATE = 4
    """The same row of the same tenant: brought back to the pair's state."""
    GHOST = 5
    """A row that was deleted in the source; old versions of it need a number nobody has."""
    UNKNOWN = 6
    """A row that the source's modules ship and the target does not have."""
    PLACEHOLDER = 7
    """A user that the target does not know."""


ARRIVING = f"({int(State.INSERT)}, {int(State.UPDATE)})"
KEPT = (
    f"({int(State.INSERT)}, {int(State.UPDATE)}, {int(State.MATCHED)}, {int(State.GHOST)},"
    f" {int(State.PLACEHOLDER)})"
)
"""States of rows that references may point at."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """An expression with the joins that it needs; `mapped` where it is not the staged value."""

    sql: str
    joins: tuple[str, ...] = ()
    mapped: bool = False


@dataclass(frozen=True, kw_only=True)
class Remap:
    """How the rows of one pair are rewritten for one target.

    `rows` and `names` are the tables that have staged rows, and staged identities. `copied`
    where the target is a copy of the system that made the pair, which went its own way since.
    """

    manifest: Manifest
    model: TenancyModel
    catalog: Catalog
    way: Way
    rows: frozenset[str]
    names: frozenset[str]
    copied: bool = False

    @property
    def same_system(self) -> bool:
        """Whether the same key is the same row: only where the tenant goes back in place.

        A new tenant is matched by what rows say even on the system that made the pair: that
        system may be a copy which went its own way.
        """
        return self.way is Way.REPLACE

    @property
    def keeps(self) -> bool:
        """Whether rows keep their keys, as far as they are free."""
        return self.way is not Way.NEW

    @cached_property
    def sql(self) -> Sql:
        """The spelling of the target's database."""
        return Sql(self.model)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {each: number for number, each in enumerate(self.model.tables)}

    @cached_property
    def mapped(self) -> tuple[TenantTable, ...]:
        """The tables of which the pair holds or names rows, parents first."""
        wanted = self.rows | self.names
        return tuple(table for table in self.model.tables.values() if table.name in wanted)

    @cached_property
    def loaded(self) -> tuple[TenantTable, ...]:
        """The tables of which the pair holds rows, parents first."""
        return tuple(table for table in self.mapped if table.name in self.rows)

    def staged(self, table: str) -> str:
        """The temporary table with a table's rows."""
        return f"sichern_rows_{self._numbers[table]}"

    def named(self, table: str) -> str:
        """The temporary table with a table's identities."""
        return f"sichern_names_{self._numbers[table]}"

    def map(self, table: str) -> str:
        """The temporary table with a table's key map: `old`, `new`, `state`, `named`."""
        return f"sichern_map_{self._numbers[table]}"

    def has_map(self, table: str) -> bool:
        """Whether any row of a table is in the pair."""
        return table in self.rows or table in self.names

    def columns(self, table: TenantTable) -> tuple[WireColumn, ...]:
        """The columns that the pair brings, key first."""
        return self.manifest.tables[table.name].columns

    def old_key(self, table: TenantTable, alias: str = "s") -> str:
        """A staged row's key as its map holds it."""
        return self.sql.own_key(table, alias)

    def generated(self, table: TenantTable) -> bool:
        """Whether new rows get a number of the database's as their key."""
        return table.integer_key and self._single(table, table.key[0]) is None

    def _single(self, table: TenantTable, column: str) -> ForeignLink | None:
        """The link by which one column holds the key of a row."""
        for link in table.links:
            if isinstance(link, ForeignLink) and link.columns == (column,):
                target = self.model.tables.get(link.target)
                if target is not None and link.target_columns == target.key:
                    return link
        return None

    @cached_property
    def root(self) -> TenantTable | None:
        """The table whose rows are the tenants themselves, where there is one."""
        for table in self.model.tables.values():
            if table.role is Role.OWNED and table.key == (table.tenant,):
                return table
        return None

    def referred(self, table: TenantTable, column: str) -> TenantTable | None:
        """The table with a key of its own that a column points at, through rows that share it."""
        seen: set[str] = set()
        link = self._single(table, column)
        if link is None and column == table.tenant and table != self.root:
            return self.root
        while link is not None and link.target not in seen:
            seen.add(link.target)
            target = self.model.tables[link.target]
            if target.role is Role.PRIVATE or self.generated(target):
                return target
            link = self._single(target, target.key[0]) if len(target.key) == 1 else None
        return None

    def kinds(self, table: TenantTable, link: Polymorphic) -> Mapping[str, TenantTable]:
        """The kinds that a polymorphic reference of the pair names, with their tables."""
        for reference in self.manifest.tables[table.name].references:
            if reference.target is None and reference.columns == (link.column,):
                return {
                    kind: self.model.tables[link.targets[kind]]
                    for kind in reference.targets
                    if link.targets.get(kind) in self.model.tables
                }
        return {}

    def unnamed(self, table: TenantTable, link: Polymorphic) -> Mapping[str, TenantTable]:
        """The kinds that the target knows and the pair does not speak of, with their tables."""
        named = self.kinds(table, link)
        return {
            kind: self.model.tables[target]
            for kind, target in link.targets.items()
            if kind not in named and target in self.model.tables
        }

    def lost_kinds(self, table: TenantTable, link: Polymorphic, alias: str) -> str | None:
        """When a reference is of such a kind: what it holds is the key of a stranger here."""
        ways = []
        unnamed = self.unnamed(table, link)
        for integer in (True, False):
            kinds = [each for each in sorted(unnamed) if unnamed[each].integer_key is integer]
            if kinds:
                key = self.sql.link_key(alias, link, unnamed[kinds[0]])
                listed = ", ".join(map(literal, kinds))
                ways.append(f"({self.sql.kind(alias, link)} IN ({listed}) AND {key} IS NOT NULL)")
        return f"({' OR '.join(ways)})" if ways else None

    # -- values -------------------------------------------------------------------------

    def value(self, table: TenantTable, column: str, alias: str = "s") -> Value:
        """A column as the target will hold it; `new` of the maps must be known where it counts."""
        plain = self.sql.column(alias, column)
        if table.key == (column,) and self.generated(table):
            return Value(sql="m.new")
        target = self.referred(table, column)
        if target is not None:
            return self._reference(table, target, column, plain)
        for link in table.links:
            if isinstance(link, Polymorphic) and column in (link.column, link.key_column):
                return self._polymorphic(table, link, column, alias)
        for embedded in table.embedded:
            if embedded.column == column:
                return Value(sql=self._embedded(embedded, plain))
        return Value(sql=plain)

    def _join(self, table: TenantTable, column: str, kind: int = 0) -> str:
        """The name of a join."""
        place = [each.name for each in self.columns(table)].index(column)
        return f"j{place}_{kind}"

    def _reference(
        self, table: TenantTable, target: TenantTable, column: str, plain: str
    ) -> Value:
        found = []
        if self.has_map(target.name):
            found.append(
                self._looked_up(
                    self.map(target.name), "new", "old", plain, self._join(table, column)
                )
            )
        if self.same_system and len(target.key) == 1:
            # Another tenant's row, or one that never leaves: on the same system it is still there.
            key = name(target.key[0])
            found.append(
                self._looked_up(
                    self.sql.table(target.name), key, key, plain, self._join(table, column, 1)
                )
            )
        if not found:
            return Value(sql=f"CASE WHEN false THEN {plain} END", mapped=True)
        parts = [each.sql for each in found]
        return Value(
            sql=parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})",
            joins=tuple(join for each in found for join in each.joins),
            mapped=True,
        )

    def _looked_up(
        self, place: str, wanted: str, by: str, key: str, join: str, when: str = ""
    ) -> Value:
        """What a table says of a key. SQLite joins no more than 64 tables, and looks up as fast."""
        if self.model.dialect == "sqlite":
            return Value(sql=f"(SELECT k.{wanted} FROM {place} k WHERE k.{by} = {key})")
        also = f"{when} AND " if when else ""
        joined = f"LEFT JOIN {place} {join} ON {also}{join}.{by} = {key}"
        return Value(sql=f"{join}.{wanted}", joins=(joined,))

    def _polymorphic(
        self, table: TenantTable, link: Polymorphic, column: str, alias: str
    ) -> Value:
        if link.key_column is not None and column == link.column:
            return Value(sql=self.sql.column(alias, column))
        plain = self.sql.column(alias, column)
        whens: list[str] = []
        joins: list[str] = []
        for place, (kind, target) in enumerate(sorted(self.kinds(table, link).items())):
            key = self.sql.link_key(alias, link, target)
            same = self.sql.of_kind(alias, link, kind)
            new = "NULL"
            if self.has_map(target.name) and target.role is not Role.PRIVATE:
                join = self._join(table, column, place)
                found = self._looked_up(self.map(target.name), "new", "old", key, join, same)
                joins.extend(found.joins)
                new = found.sql
            if link.key_column is None:
                written = f"{literal(kind + ',')} || CAST({new} AS TEXT)"
            else:
                written = new
            if self.same_system:
                written = f"COALESCE({written}, {plain})"
            whens.append(f"WHEN {same} AND {key} IS NOT NULL THEN {written}")
        lost = self.lost_kinds(table, link, alias)
        if lost is not None and not self.same_system:
            whens.append(f"WHEN {lost} THEN NULL")
        if not whens:
            return Value(sql=plain)
        return Value(
            sql=f"CASE {' '.join(whens)} ELSE {plain} END", joins=tuple(joins), mapped=True
        )

    def _embedded(self, embedded: EmbeddedKeys, plain: str) -> str:
        if not self.has_map(embedded.target):
            return plain
        keys = self.map(embedded.target)
        postgresql = self.model.dialect == "postgresql"
        if embedded.form == "path":
            return _PATH_POSTGRESQL.format(plain=plain, keys=keys) if postgresql else (
                _PATH_SQLITE.format(plain=plain, keys=keys)
            )
        form = _DICT_POSTGRESQL if postgresql else _DICT_SQLITE
        return form.format(plain=plain, keys=keys)

    # -- rows ---------------------------------------------------------------------------

    def select(
        self,
        table: TenantTable,
        columns: Sequence[str],
        where: str,
        empty: Iterable[str] = (),
        as_key: str | None = None,
    ) -> str:
        """SELECT rewritten columns, under their names, of the staged rows of a condition.

        The condition may speak of `s` and `m`. Columns of `empty` are NULL. `as_key` adds that
        column of the key map as `sichern <column>`.
        """
        nothing = frozenset(empty)
        shown, joins = [], dict[str, None]()
        for column in columns:
            value = self.value(table, column)
            if column in nothing:
                value = Value(sql=f"CASE WHEN false THEN {self.sql.column('s', column)} END")
            joins.update(dict.fromkeys(value.joins))
            shown.append(f"{value.sql} AS {name(column)}")
        if as_key is not None:
            shown.append(f'm.{as_key} AS "sichern {as_key}"')
        source = f"{self.source(table)} {' '.join(joins)}"
        return f"SELECT {', '.join(shown)} FROM {source} WHERE {where}"

    def source(self, table: TenantTable) -> str:
        """Staged rows beside their entries in the key map."""
        return (
            f"{self.staged(table.name)} s JOIN {self.map(table.name)} m"
            f" ON m.old = {self.old_key(table)}"
        )

    def same(self, left: str, right: str, wire: str = "") -> str:
        """Whether two values are the same, NULL included."""
        if self.model.dialect == "postgresql":
            if wire.startswith("json") and wire != "jsonb":
                left, right = f"CAST({left} AS TEXT)", f"CAST({right} AS TEXT)"
            return f"{left} IS NOT DISTINCT FROM {right}"
        return f"{left} IS {right}"


_PATH_POSTGRESQL = """(SELECT string_agg(COALESCE(CAST(k.new AS TEXT), ''), '/' ORDER BY p.place)
    FROM unnest(string_to_array({plain}, '/')) WITH ORDINALITY AS p (part, place)
    LEFT JOIN {keys} k
        ON k.old = CASE WHEN p.part ~ '^[0-9]{{1,18}}$' THEN CAST(p.part AS bigint) END)"""
_PATH_SQLITE = """(SELECT group_concat(part, '/') FROM (
    SELECT COALESCE(CAST(k.new AS TEXT), '') AS part
    FROM json_each('["' || replace({plain}, '/', '","') || '"]') p
    LEFT JOIN {keys} k ON p.value <> '' AND k.old = CAST(p.value AS INTEGER) ORDER BY p.key))"""
_DICT_POSTGRESQL = """(SELECT COALESCE(
        jsonb_object_agg(COALESCE(CAST(k.new AS TEXT), e.key), e.value), {plain})
    FROM jsonb_each(CASE WHEN jsonb_typeof({plain}) = 'object' THEN {plain} END) e
    LEFT JOIN {keys} k ON CAST(k.old AS TEXT) = e.key)"""
_DICT_SQLITE = """(SELECT CASE WHEN count(*) = 0 THEN {plain} ELSE json_group_object(
        COALESCE(CAST(k.new AS TEXT), e.key),
        json(CASE WHEN e.type IN ('object', 'array') THEN e.value
            WHEN e.type IN ('true', 'false', 'null') THEN e.type ELSE json_quote(e.value) END)) END
    FROM json_each({plain}) e LEFT JOIN {keys} k ON CAST(k.old AS TEXT) = e.key)"""
