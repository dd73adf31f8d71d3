"""The closure of a tenant: which rows of which tables go along, as conditions and statements.

Tables that are owned by column, or through a chain of references that ends in such a table,
need nothing but a condition. The keys of all other rows that go along are collected in a
temporary table, by statements that are repeated until no key is added.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from sichern.tenancy.edges import Edge, Survey
from sichern.tenancy.expressions import Expression, spelled
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable, link_columns
from sichern.tenancy.sql import Sql, literal
from sichern_hooks import Polymorphic, Role, SharedRows


class Side(IntEnum):
    """What a collected key says of its row."""

    OURS = 1
    OTHERS = 2
    SYSTEM = 3
    NAMED = 4


def _keys(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Table:
    """A key table."""
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("side", sa.SmallInteger, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", kind, primary_key=True, autoincrement=False),
        prefixes=["TEMPORARY"],
    )


INTEGER_KEYS = _keys("sichern_integer_keys", sa.BigInteger)
TEXT_KEYS = _keys("sichern_text_keys", sa.Text)
KEY_TABLES = (INTEGER_KEYS, TEXT_KEYS)


@dataclass(frozen=True, kw_only=True)
class Closure:
    """The conditions and statements for one tenant of a model. Conditions are SQL text."""

    model: TenancyModel
    tenant: str
    survey: Survey
    shared: SharedRows = SharedRows.DEFAULT

    @cached_property
    def sql(self) -> Sql:
        """The spelling of the model's database."""
        return Sql(self.model)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Each table's number in the key tables."""
        return {name: number for number, name in enumerate(self.model.tables)}

    @cached_property
    def collected(self) -> frozenset[str]:
        """The tables whose rows are collected by key."""
        plain: set[str] = set()
        for table in self.model.tables.values():
            fixed = table.role in (Role.PRIVATE, Role.SYSTEM, Role.IDENTITY)
            through = isinstance(table.parent, ForeignLink) and table.parent.target in plain
            if fixed or (table.role is Role.OWNED and (table.tenant is not None or through)):
                plain.add(table.name)
        return frozenset(self.model.tables) - plain

    @cached_property
    def sources(self) -> tuple[TenantTable, ...]:
        """The tables of which rows can go along at all."""
        return tuple(
            table
            for table in self.model.tables.values()
            if table.name in self.survey.filled
            and table.role is not Role.PRIVATE
            and (table.role not in (Role.SYSTEM, Role.IDENTITY) or table.tenant is not None)
        )

    # -- conditions ---------------------------------------------------------------------

    def content(self, table: TenantTable, rows: sa.FromClause) -> Expression:
        """The rows of a table that go along, as an expression."""
        condition = self.belongs(table, spelled(self.model, rows))
        # Without a type: as a Boolean, SQLite would be asked for `(...) = 1`, and use no index.
        return sa.literal_column(f"({condition})")

    def belongs(self, table: TenantTable, alias: str, side: Side = Side.OURS) -> str:
        """The rows of a table that belong to a side."""
        if table.name in self.collected:
            return f"{self.sql.own_key(table, alias)} IN ({self.keys(side, table)})"
        if table.tenant is not None:
            return self._carried(table, alias, side)
        if table.role is not Role.OWNED:
            return "false"
        assert isinstance(table.parent, ForeignLink)
        parent = self.model.tables[table.parent.target]
        above = f'"above_{self.numbers[table.name]}"'
        key = self.sql.link_key(alias, table.parent, parent)
        target = self.sql.link_target(above, table.parent, parent)
        return (
            f"{key} IN (SELECT {target} FROM {self.sql.table(parent.name)} {above}"
            f" WHERE {self.belongs(parent, above, side)})"
        )

    def _carried(self, table: TenantTable, alias: str, side: Side) -> str:
        """The rows that carry the tenant, or another one."""
        column = self.sql.column(alias, str(table.tenant))
        operator = "=" if side is Side.OURS else "<>"
        return f"{column} {operator} {self.sql.tenant_value(table, self.tenant)}"

    def _eligible(self, table: TenantTable, alias: str, side: Side) -> str:
        """Rows that may be collected: no other tenant's, none that the host's modules ship."""
        conditions = ["true"]
        free = None
        if table.tenant is not None:
            free = f"{self.sql.column(alias, table.tenant)} IS NULL"
            conditions.append(f"({free} OR {self._carried(table, alias, side)})")
        unless = f"{free} AND " if free else ""
        conditions.extend(f"NOT ({unless}{each})" for each in self._shipped(table, alias))
        if table.role in (Role.PART_OF, Role.USED_WITH) and isinstance(table.parent, ForeignLink):
            within = self._within(table, table.parent, alias, side)
            if within is not None:
                conditions.append(f"(NOT ({free}) OR {within})" if free else within)
        return " AND ".join(conditions)

    def _within(self, table: TenantTable, link: ForeignLink, alias: str, side: Side) -> str | None:
        """A part of another tenant's row is that tenant's; None where parents carry no tenant."""
        parent = self.model.tables[link.target]
        above = f'"within_{self.numbers[table.name]}"'
        if parent.role is Role.OWNED:
            allowed = self.belongs(parent, above, side)
        elif parent.tenant is not None:
            column = self.sql.column(above, parent.tenant)
            allowed = f"({column} IS NULL OR {self._carried(parent, above, side)})"
        else:
            return None
        return (
            f"({self.sql.column(alias, link.columns[0])} IS NULL"
            f" OR {self.sql.link_key(alias, link, parent)} IN"
            f" (SELECT {self.sql.link_target(above, link, parent)}"
            f" FROM {self.sql.table(parent.name)} {above} WHERE {allowed}))"
        )

    def _shipped(self, table: TenantTable, alias: str) -> Iterator[str]:
        """What makes a row one that the host's modules ship; the cheapest first."""
        if table.shipped is not None:
            yield f"{self.sql.column(alias, table.shipped)} IS NOT NULL"
        if self.has_external_names(table):
            yield self.has_key(Side.SYSTEM, table, self.sql.own_key(table, alias))

    def has_system_rows(self, table: TenantTable) -> bool:
        """Whether the host's modules ship rows of this table."""
        return table.shipped is not None or self.has_external_names(table)

    def has_external_names(self, table: TenantTable) -> bool:
        """Whether rows of this table may have an external identity."""
        external = self.model.external
        return external is not None and table.name in external.targets.values()

    def keys(self, side: Side, table: TenantTable) -> str:
        """The keys collected for a side, as a SELECT."""
        return (
            f"SELECT key FROM {key_table(table).name}"
            f" WHERE side = {int(side)} AND number = {self.numbers[table.name]}"
        )

    def has_key(self, side: Side, table: TenantTable, key: str) -> str:
        """Whether a key was collected for a side; to be negated, unlike IN."""
        return f"EXISTS ({self.keys(side, table)} AND key = {key})"

    # -- statements ---------------------------------------------------------------------

    def system_statements(self) -> Iterator[str]:
        """Collect the keys of the rows that the host's modules ship."""
        for table in self.sources:
            if table.shipped is not None:
                filled = f"{self.sql.column('t', table.shipped)} IS NOT NULL"
                yield self._collect(Side.SYSTEM, table, filled, eligible=False)
        external = self.model.external
        if external is None or external.table not in self.survey.filled:
            return
        named = [
            (kind, name)
            for kind, name in sorted(external.targets.items())
            if name in self.survey.filled and name in self.model.tables
        ]
        numbers = ", ".join(
            f"({literal(kind)}, {self.numbers[name]})"
            for kind, name in named
            if self.model.tables[name].integer_key
        )
        key = self.sql.column("n", external.key)
        if numbers:
            yield (
                f"WITH named (kind, number) AS (VALUES {numbers})"
                f" INSERT INTO {INTEGER_KEYS.name} (side, number, key)"
                f" SELECT {int(Side.SYSTEM)}, number, {key}"
                f" FROM {self.sql.table(external.table)} n"
                f" JOIN named ON named.kind = {self.sql.column('n', external.kind)}"
                f" WHERE {key} IS NOT NULL ON CONFLICT DO NOTHING"
            )

    def seed(self, table: TenantTable, side: Side) -> str:
        """Collect the rows of a mixed table that carry the tenant themselves."""
        return self._collect(side, table, self._carried(table, "t", side), eligible=False)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All ways in which a row makes another one go along."""
        return tuple(self._edges())

    def _edges(self) -> Iterator[Edge]:
        for table in self.sources:
            for link in table.links:
                for target, kind in self.pointed_at(table, link):
                    wanted = target in self.collected and target in self.survey.filled
                    if wanted and table.history_of is None:
                        yield Edge(source=table.name, target=target, link=link, kind=kind)
            if table.name in self.collected and table.parent is not None:
                for parent, kind in self.pointed_at(table, table.parent):
                    if parent in self.survey.filled:
                        link = table.parent
                        yield Edge(
                            source=parent, target=table.name, link=link, down=True, kind=kind
                        )

    def pointed_at(
        self, table: TenantTable, link: ForeignLink | Polymorphic
    ) -> Iterable[tuple[str, str | None]]:
        """The tables that rows which may go along point at, with the kind that says so."""
        return [
            (target, kind)
            for target, kind in self.named_by(table, link)
            if (table.name, link_columns(link), kind) in self.survey.linked
        ]

    def named_by(
        self, table: TenantTable, link: ForeignLink | Polymorphic
    ) -> Iterable[tuple[str, str | None]]:
        """The tables that any rows may point at, with the kind that says so."""
        if isinstance(link, ForeignLink):
            return [(link.target, None)]
        kinds = self.survey.kinds.get((table.name, link.column), ())
        return [
            (link.targets[kind], kind)
            for kind in kinds
            if kind in link.targets and link.targets[kind] in self.model.tables
        ]

    def follow(self, target: str, edges: Sequence[Edge], side: Side) -> str | None:
        """Collect what edges add to one table; None where they add nothing by their nature."""
        ways = [self._below(edge, "t", side) for edge in edges if edge.down]
        ways.append(self.reached([edge for edge in edges if not edge.down], "t", side))
        found = [way for way in ways if way is not None]
        if not found:
            return None
        return self._collect(side, self.model.tables[target], f"({' OR '.join(found)})")

    def reached(self, edges: Sequence[Edge], alias: str, side: Side = Side.OURS) -> str | None:
        """The rows of one table that rows of a side point at; None without edges."""
        by_target: dict[str, list[str]] = {}
        for edge in edges:
            source, target = self.model.tables[edge.source], self.model.tables[edge.target]
            key = self.sql.link_key("s", edge.link, target)
            compared = self.sql.link_target(alias, edge.link, target)
            by_target.setdefault(compared, []).append(
                f"SELECT {key} FROM {self.sql.table(source.name)} s"
                f" WHERE {self.sql.of_kind('s', edge.link, edge.kind)}"
                f" AND {self.belongs(source, 's', side)}"
            )
        ways = [
            f"{compared} IN ({' UNION ALL '.join(selects)})"
            for compared, selects in by_target.items()
        ]
        return f"({' OR '.join(ways)})" if ways else None

    def _below(self, edge: Edge, alias: str, side: Side) -> str | None:
        """Children of included rows; those that are only used with a shared row by their use."""
        parent, child = self.model.tables[edge.source], self.model.tables[edge.target]
        parents = (
            f"SELECT {self.sql.link_target('p', edge.link, parent)}"
            f" FROM {self.sql.table(parent.name)} p WHERE {self.belongs(parent, 'p', side)}"
        )
        key = self.sql.link_key(alias, edge.link, parent)
        same = self.sql.of_kind(alias, edge.link, edge.kind)
        if child.role is not Role.USED_WITH:
            return f"({same} AND {key} IN ({parents}))"
        ways = []
        owned = self._owned(parent, "p", side)
        if owned is not None:
            ways.append(f"{key} IN ({parents} AND {owned})")
        free = self._free(child, alias) if side is Side.OURS else None
        if free is not None:
            ways.append(f"({key} IN ({parents}) AND {free})")
        return f"({same} AND ({' OR '.join(ways)}))" if ways else None

    def _owned(self, parent: TenantTable, alias: str, side: Side) -> str | None:
        """The rows of a parent table that are a tenant's own; None where none can be."""
        if parent.role is Role.OWNED:
            return "true"
        if parent.tenant is not None:
            return self._carried(parent, alias, side)
        return None

    def _free(self, table: TenantTable, alias: str) -> str | None:
        """Rows that no other tenant reaches or carries, by the choice for shared rows.

        The one row of a table that has but one (a configuration) is everybody's.
        """
        if () in table.natural_keys:
            return "true"
        if self.shared is SharedRows.REACHED:
            return None
        if self.shared is SharedRows.ALL:
            return "true"
        return f"NOT {self.has_key(Side.OTHERS, table, self.sql.own_key(table, alias))}"

    def free_statements(self) -> Iterator[tuple[str, str]]:
        """Collect the shared rows that nobody else uses, and parts of nothing that we have."""
        for name in sorted(self.collected & self.survey.filled):
            table = self.model.tables[name]
            free = self._free(table, "t")
            alone = "true" if table.role is Role.SHARED else self._alone(table, "t")
            if free is not None and alone is not None:
                yield name, self._collect(Side.OURS, table, f"{free} AND {alone}")

    def _alone(self, table: TenantTable, alias: str) -> str | None:
        """Parts that hang on nothing, or on a row that modules ship and no tenant has.

        What users added below a shipped row is no less theirs; it counts as shared.
        """
        link = table.parent
        if link is None or table.role is Role.OWNED:
            return None
        ways = []
        if isinstance(link, ForeignLink):
            ways.append(f"{self.sql.column(alias, link.columns[0])} IS NULL")
        for name, kind in self.pointed_at(table, link):
            parent = self.model.tables[name]
            if name in self.collected and self.has_system_rows(parent):
                ways.append(
                    f"({self.sql.of_kind(alias, link, kind)} AND"
                    f" {self.sql.link_key(alias, link, parent)} IN"
                    f" ({self.keys(Side.SYSTEM, parent)}))"
                )
        return f"({' OR '.join(ways)})" if ways else None

    def name(self, target: str, edges: Sequence[Edge]) -> str | None:
        """Collect the rows of a table that are only named: SYSTEM and IDENTITY rows in use."""
        table = self.model.tables[target]
        reached = self.reached(edges, "t")
        known = self._nameable(table, "t")
        if reached is None or known is None:
            return None
        return self._collect(Side.NAMED, table, f"{known} AND {reached}", eligible=False)

    def _nameable(self, target: TenantTable, alias: str) -> str | None:
        """Rows that are known elsewhere by a name: shipped ones, and those of nameable tables."""
        column = target.tenant
        free = f"{self.sql.column(alias, column)} IS NULL" if column is not None else "true"
        if target.role in (Role.SYSTEM, Role.IDENTITY):
            return free
        if self.has_system_rows(target):
            key = self.sql.own_key(target, alias)
            return f"{free} AND {self.has_key(Side.SYSTEM, target, key)}"
        return None

    def _collect(
        self, side: Side, table: TenantTable, condition: str, *, eligible: bool = True
    ) -> str:
        """Add the keys of the rows of a table that meet a condition on `t`."""
        # What rules out most rows comes first: of Tryton's translations, the modules ship 99 %.
        allowed = f"{self._eligible(table, 't', side)} AND " if eligible else ""
        key = self.sql.own_key(table, "t")
        source = f"{self.sql.table(table.name)} t"
        return self._insert(side, table, f"{key} FROM {source} WHERE {allowed}{condition}")

    def _insert(self, side: Side, table: TenantTable, selected: str) -> str:
        """Add keys to a side, once each."""
        number = self.numbers[table.name]
        return (
            f"INSERT INTO {key_table(table).name} (side, number, key)"
            f" SELECT {int(side)}, {number}, {selected} ON CONFLICT DO NOTHING"
        )


def key_table(table: TenantTable) -> sa.Table:
    """Where a table's keys are collected."""
    return INTEGER_KEYS if table.integer_key else TEXT_KEYS
