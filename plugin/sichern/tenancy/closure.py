"""The closure of a tenant: which rows of which tables are its own, as conditions and statements.

Tables that are owned by column, or through a chain of references that ends in such a table,
need nothing but a condition. The keys of all other rows that go along are collected in a
temporary table, by statements that are repeated until no key is added.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from sichern.tenancy.expressions import (
    Expression,
    clause,
    kind_expression,
    link_key,
    link_target,
    of_kind,
    own_key,
    tenant_value,
)
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern_hooks import Polymorphic, Role, SharedRows

Query = sa.Select[Any]


class Side(IntEnum):
    """What a collected key says of its row."""

    OURS = 1
    OTHERS = 2
    SYSTEM = 3
    NAMED = 4


def _keys(name: str, kind: type[sa.types.TypeEngine[Any]]) -> sa.Table:
    """A key table; text keys are compared as bytes."""
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
class Edge:
    """Rows of `source` make rows of `target` go along, through `link` of one of them.

    `down` follows the link from a parent to its children, otherwise from a row to what it
    points at. `kind` is the polymorphic kind.
    """

    source: str
    target: str
    link: ForeignLink | Polymorphic
    down: bool = False
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is worth asking: tables that have rows, and the kinds that polymorphic links name."""

    filled: frozenset[str]
    kinds: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Closure:
    """The conditions and statements for one tenant of a model."""

    model: TenancyModel
    tenant: str
    survey: Survey
    shared: SharedRows = SharedRows.DEFAULT

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Each table's number in the key tables."""
        return {name: number for number, name in enumerate(self.model.tables)}

    @cached_property
    def collected(self) -> frozenset[str]:
        """The tables whose rows are collected by key."""
        plain: set[str] = set()
        for table in self.model.tables.values():
            if table.role in (Role.PRIVATE, Role.SYSTEM, Role.IDENTITY) or (
                table.role is Role.OWNED
                and (
                    table.tenant is not None
                    or (isinstance(table.parent, ForeignLink) and table.parent.target in plain)
                )
            ):
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

    def content(
        self, table: TenantTable, source: sa.FromClause, side: Side = Side.OURS
    ) -> sa.ColumnElement[bool]:
        """The rows of a table that belong to a side, as a condition on `source`."""
        if table.name in self.collected:
            return self.has_key(side, table, own_key(self.model, table, source))
        if table.role is Role.PRIVATE or (table.tenant is None and table.role is not Role.OWNED):
            return sa.false()
        if table.tenant is not None:
            return self._carried(table, source, side)
        assert isinstance(table.parent, ForeignLink)
        parent = self.model.tables[table.parent.target]
        parents = clause(self.model, parent.name, f"{parent.name}_of_{table.name}")
        return link_key(self.model, source, table.parent, parent).in_(
            sa.select(link_target(self.model, parents, table.parent, parent)).where(
                self.content(parent, parents, side)
            )
        )

    def _carried(
        self, table: TenantTable, source: sa.FromClause, side: Side
    ) -> sa.ColumnElement[bool]:
        assert table.tenant is not None
        column = source.c[table.tenant]
        value = tenant_value(table, self.tenant)
        return column == value if side is Side.OURS else column != value

    def _eligible(
        self, table: TenantTable, source: sa.FromClause, side: Side
    ) -> sa.ColumnElement[bool]:
        """Rows that may be collected: no other tenant's, and not shipped by the host's modules."""
        conditions: list[sa.ColumnElement[bool]] = []
        if table.tenant is not None:
            conditions.append(
                sa.or_(source.c[table.tenant].is_(None), self._carried(table, source, side))
            )
        if self.has_system_rows(table):
            system = self.has_key(Side.SYSTEM, table, own_key(self.model, table, source))
            if table.tenant is not None:
                system = sa.and_(source.c[table.tenant].is_(None), system)
            conditions.append(sa.not_(system))
        if table.role in (Role.PART_OF, Role.USED_WITH) and isinstance(table.parent, ForeignLink):
            within = self._within(table, table.parent, source, side)
            if within is not None and table.tenant is not None:
                within = sa.or_(source.c[table.tenant].is_not(None), within)
            if within is not None:
                conditions.append(within)
        return sa.and_(sa.true(), *conditions)

    def _within(
        self, table: TenantTable, link: ForeignLink, source: sa.FromClause, side: Side
    ) -> sa.ColumnElement[bool] | None:
        """A part of another tenant's row is that tenant's; None where parents carry no tenant."""
        parent = self.model.tables[link.target]
        if parent.role is not Role.OWNED and parent.tenant is None:
            return None
        above = clause(self.model, parent.name, f"{parent.name}_above_{table.name}")
        allowed = (
            self.content(parent, above, side)
            if parent.role is Role.OWNED
            else sa.or_(above.c[str(parent.tenant)].is_(None), self._carried(parent, above, side))
        )
        key = link_key(self.model, source, link, parent)
        return sa.or_(
            source.c[link.columns[0]].is_(None),
            key.in_(sa.select(link_target(self.model, above, link, parent)).where(allowed)),
        )

    def has_system_rows(self, table: TenantTable) -> bool:
        """Whether the host's modules ship rows of this table."""
        external = self.model.external
        return external is not None and table.name in external.targets.values()

    def has_key(self, side: Side, table: TenantTable, key: Expression) -> sa.ColumnElement[bool]:
        """Whether a key was collected for a side."""
        keys = key_table(table).alias()
        return sa.exists(
            sa.select(sa.literal(1))
            .select_from(keys)
            .where(
                keys.c.side == sa.literal(int(side), sa.SmallInteger),
                keys.c.number == self.numbers[table.name],
                keys.c.key == key,
            )
        )

    def keys_of(self, side: Side, table: TenantTable) -> Query:
        """The keys collected for a side."""
        keys = key_table(table).alias()
        return sa.select(keys.c.key).where(
            keys.c.side == sa.literal(int(side), sa.SmallInteger),
            keys.c.number == self.numbers[table.name],
        )

    # -- statements ---------------------------------------------------------------------

    def system_statements(self) -> Iterator[sa.Insert]:
        """Collect the keys of the rows that the host's modules ship."""
        external = self.model.external
        if external is None or external.table not in self.survey.filled:
            return
        names = clause(self.model, external.table)
        for kind, name in sorted(external.targets.items()):
            table = self.model.tables.get(name)
            if table is None or name not in self.survey.filled or not table.integer_key:
                continue
            found = sa.select(names.c[external.key]).where(
                names.c[external.kind] == kind, names.c[external.key].is_not(None)
            )
            yield self._insert(Side.SYSTEM, table, found)

    def seeds(self, side: Side) -> Iterator[tuple[str, sa.Insert]]:
        """Collect the rows of mixed tables that carry the tenant themselves."""
        for name in sorted(self.collected & self.survey.filled):
            table = self.model.tables[name]
            if table.tenant is not None:
                rows = clause(self.model, name)
                found = sa.select(own_key(self.model, table, rows)).where(
                    self._carried(table, rows, side)
                )
                yield name, self._insert(side, table, found)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """All ways in which a row makes another one go along."""
        return tuple(self._edges())

    def _edges(self) -> Iterator[Edge]:
        for table in self.sources:
            for link in table.links:
                for target, kind in self.pointed_at(table, link):
                    if target not in self.collected or target not in self.survey.filled:
                        continue
                    if table.history_of is None:
                        yield Edge(source=table.name, target=target, link=link, kind=kind)
            if table.name in self.collected and table.parent is not None:
                for parent, kind in self.pointed_at(table, table.parent):
                    if parent in self.survey.filled:
                        yield Edge(
                            source=parent,
                            target=table.name,
                            link=table.parent,
                            down=True,
                            kind=kind,
                        )

    def pointed_at(
        self, table: TenantTable, link: ForeignLink | Polymorphic
    ) -> Iterable[tuple[str, str | None]]:
        """The tables that a link points at, with the kind that says so."""
        if isinstance(link, ForeignLink):
            return [(link.target, None)]
        kinds = self.survey.kinds.get((table.name, link.column), ())
        return [
            (link.targets[kind], kind)
            for kind in kinds
            if kind in link.targets and link.targets[kind] in self.model.tables
        ]

    def follow(self, edge: Edge, side: Side) -> sa.Insert | None:
        """Collect what one edge adds on a side; None where it adds nothing by its nature."""
        target = self.model.tables[edge.target]
        rows = clause(self.model, edge.target, "t")
        found = self._below(edge, rows, side) if edge.down else self._ahead(edge, rows, side)
        if found is None:
            return None
        selected = sa.select(own_key(self.model, target, rows)).where(
            found, self._eligible(target, rows, side)
        )
        return self._insert(side, target, selected)

    def _ahead(self, edge: Edge, rows: sa.FromClause, side: Side) -> sa.ColumnElement[bool]:
        """Rows that included rows point at."""
        source, target = self.model.tables[edge.source], self.model.tables[edge.target]
        pointing = clause(self.model, edge.source, "s")
        key = link_key(self.model, pointing, edge.link, target)
        return link_target(self.model, rows, edge.link, target).in_(
            sa.select(key).where(
                of_kind(self.model, pointing, edge.link, edge.kind),
                key.is_not(None),
                self.content(source, pointing, side),
            )
        )

    def _below(self, edge: Edge, rows: sa.FromClause, side: Side) -> sa.ColumnElement[bool] | None:
        """Children of included rows; those that are only used with a shared row by their use."""
        parent, child = self.model.tables[edge.source], self.model.tables[edge.target]
        above = clause(self.model, edge.source, "p")
        carried = (
            sa.true() if child.role is not Role.USED_WITH else self._owned(parent, above, side)
        )
        free = None
        if child.role is Role.USED_WITH and side is Side.OURS:
            free = self.free(child, rows)
        if carried is None and free is None:
            return None
        parents = sa.select(link_target(self.model, above, edge.link, parent)).where(
            self.content(parent, above, side)
        )
        key = link_key(self.model, rows, edge.link, parent)
        same = of_kind(self.model, rows, edge.link, edge.kind)
        if child.role is not Role.USED_WITH:
            return sa.and_(same, key.in_(parents))
        ways: list[sa.ColumnElement[bool]] = []
        if carried is not None:
            ways.append(key.in_(parents.where(carried)))
        if free is not None:
            ways.append(sa.and_(key.in_(parents), free))
        return sa.and_(same, sa.or_(*ways))

    def _owned(
        self, parent: TenantTable, above: sa.FromClause, side: Side
    ) -> sa.ColumnElement[bool] | None:
        """The rows of a parent table that are a tenant's own; None where none can be."""
        if parent.role is Role.OWNED:
            return sa.true()
        if parent.tenant is not None:
            return self._carried(parent, above, side)
        return None

    def free(self, table: TenantTable, rows: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """Rows that no other tenant reaches or carries, by the choice for shared rows."""
        if self.shared is SharedRows.REACHED:
            return None
        if self.shared is SharedRows.ALL:
            return sa.true()
        return sa.not_(self.has_key(Side.OTHERS, table, own_key(self.model, table, rows)))

    def free_statements(self) -> Iterator[tuple[str, sa.Insert]]:
        """Collect the shared rows that nobody else uses, and parts that hang on nothing."""
        for name in sorted(self.collected & self.survey.filled):
            table = self.model.tables[name]
            rows = clause(self.model, name, "t")
            free = self.free(table, rows)
            if free is not None and table.role is not Role.SHARED:
                if not isinstance(table.parent, ForeignLink) or table.role is Role.OWNED:
                    continue
                free = sa.and_(free, rows.c[table.parent.columns[0]].is_(None))
            if free is not None:
                found = sa.select(own_key(self.model, table, rows)).where(
                    free, self._eligible(table, rows, Side.OURS)
                )
                yield name, self._insert(Side.OURS, table, found)

    def _insert(self, side: Side, table: TenantTable, found: Query) -> sa.Insert:
        """Add keys to a side, once each."""
        keys = key_table(table)
        key = found.selected_columns[0]
        rows = found.with_only_columns(
            sa.literal(int(side), sa.SmallInteger), sa.literal(self.numbers[table.name]), key
        )
        return _on_conflict_do_nothing(self.model.dialect, keys).from_select(
            ["side", "number", "key"], rows
        )

    def name_statement(self, edge: Edge) -> sa.Insert | None:
        """Collect the SYSTEM and IDENTITY rows that included rows point at through an edge."""
        source, target = self.model.tables[edge.source], self.model.tables[edge.target]
        rows = clause(self.model, edge.target, "t")
        known = self._nameable(target, rows)
        if known is None:
            return None
        found = sa.select(own_key(self.model, target, rows)).where(
            self._ahead(edge, rows, Side.OURS), known
        )
        if target.name not in self.collected:
            found = found.where(sa.not_(self.content(target, rows)))
        assert source.role is not Role.PRIVATE
        return self._insert(Side.NAMED, target, found)

    def _nameable(self, target: TenantTable, rows: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """Rows that are known elsewhere by a name: shipped ones, and those of nameable tables."""
        free = rows.c[target.tenant].is_(None) if target.tenant is not None else sa.true()
        if target.role in (Role.SYSTEM, Role.IDENTITY):
            return free
        if self.has_system_rows(target):
            shipped = self.has_key(Side.SYSTEM, target, own_key(self.model, target, rows))
            return sa.and_(free, shipped)
        return None


def key_table(table: TenantTable) -> sa.Table:
    """Where a table's keys are collected."""
    return INTEGER_KEYS if table.integer_key else TEXT_KEYS


def kinds_statement(model: TenancyModel, table: TenantTable, link: Polymorphic) -> Query:
    """The kinds that a polymorphic link names in a database."""
    rows = clause(model, table.name)
    kind = kind_expression(model, rows, link)
    return sa.select(kind).where(rows.c[link.column].is_not(None)).distinct()


def _on_conflict_do_nothing(dialect: str, table: sa.Table) -> sa.Insert:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).on_conflict_do_nothing()
