"""From what the database and the host say to a tenancy model, or to the list of what is missing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sichern.schema.columns import WireColumn
from sichern.tenancy.catalog import Catalog, CatalogTable
from sichern.tenancy.errors import PlanRefused, Problem
from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable, link_columns
from sichern_hooks import N_, Clash, Description, Polymorphic, Role, Table, Unique

WireOf = Callable[[str, str, bool], str | None]
"""Dialect, database type, is it an enumeration: the wire type, None where it is unknown."""

FOLLOWING = frozenset({Role.PART_OF, Role.USED_WITH})


def classify(catalog: Catalog, description: Description, wire_of: WireOf) -> TenancyModel:
    """Decide role, links and columns of every table of the catalog.

    Raises PlanRefused with every table that lacks a role, a primary key, a parent or the wire
    type of a column, and every one that the host describes in words the database contradicts.
    """
    known = {**description.tables, **_derived(catalog, description.tables)}
    problems: list[Problem] = []
    tables: dict[str, TenantTable] = {}
    for name, found in catalog.tables.items():
        said = known.get(name)
        if said is None or (said.role is None and said.tenant is None):
            problems.append(_unclassified(found))
            continue
        table = _Decision(catalog, found, said, known, wire_of, problems).table()
        if table is not None:
            tables[name] = table
    if not problems:
        problems.extend(_unanchored(tables))
    if problems:
        raise PlanRefused(problems)
    return TenancyModel(
        dialect=catalog.dialect,
        schema=catalog.schema,
        tables={name: tables[name] for name in _parents_first(tables)},
        external=description.external,
        numeric_as_bytes=description.numeric_as_bytes,
    )


def _derived(catalog: Catalog, said: Mapping[str, Table]) -> dict[str, Table]:
    """Roles that the foreign keys give: a row that cannot outlive its one parent is part of it."""
    derived: dict[str, Table] = {}
    pending = {name for name in catalog.tables if name not in said}
    grown = True
    while grown:
        grown = False
        for name in sorted(pending):
            table = catalog.tables[name]
            required = {column.name for column in table.columns if not column.nullable}
            owners = [
                key
                for key in table.foreign_keys
                if key.cascades and required.issuperset(key.columns) and key.target != name
            ]
            if len(owners) != 1:
                continue
            parent = said.get(owners[0].target) or derived.get(owners[0].target)
            if parent is None or parent.role in (None, Role.SYSTEM, Role.IDENTITY):
                continue
            role = parent.role if parent.role in (Role.OWNED, Role.PRIVATE) else Role.PART_OF
            derived[name] = Table(name=name, role=role, parent=owners[0].columns[0])
            pending.discard(name)
            grown = True
    return derived


def _unclassified(found: CatalogTable) -> Problem:
    keys = ", ".join(f"{', '.join(key.columns)} -> {key.target}" for key in found.foreign_keys)
    return Problem(
        table=found.name,
        message=N_("the table %(table)s has no role"),
        hint=N_(
            "give it a role (owned, shared, private, ...) in the description of the host, for"
            " Tryton in [host.tables] of the configuration; it refers to: %(detail)s"
        ),
        detail=keys or "-",
    )


@dataclass
class _Decision:
    """The decision about one table; problems are added to the common list."""

    catalog: Catalog
    found: CatalogTable
    said: Table
    known: Mapping[str, Table]
    wire_of: WireOf
    problems: list[Problem]

    def table(self) -> TenantTable | None:
        """Give the table, None where a problem was found."""
        before = len(self.problems)
        role = self.said.role or Role.OWNED
        key = self.said.key or self.found.key
        names = {column.name for column in self.found.columns}
        if not key and role is not Role.PRIVATE:
            self._refuse(
                N_("the table %(table)s has no primary key"),
                N_("give it a primary key, or call it private in the host's description"),
            )
        wires = {} if role is Role.PRIVATE else self._wires()
        links = () if role is Role.PRIVATE else self._links()
        parent = self._parent(role, links)
        self._check_columns(names)
        if len(self.problems) > before:
            return None
        front = [*key, *([self.said.tenant] if self.said.tenant else [])]
        front.extend(link_columns(parent) if parent is not None else ())
        self._check_hidden(front)
        if len(self.problems) > before:
            return None
        columns = self._columns(wires, front)
        return TenantTable(
            name=self.found.name,
            label=self.said.label or self.found.name,
            role=role,
            key=key,
            columns=columns,
            wires=wires,
            tenant=self.said.tenant,
            parent=parent,
            links=links,
            identity=self._identity(wires, key),
            natural_keys=self.said.natural_keys,
            embedded=self.said.embedded,
            documents=self.said.documents,
            derived=self.said.derived,
            stamps=self.said.stamps,
            uniques=_uniques(self.found, self.said, key, {one.name: one.wire for one in columns}),
            trees=self.said.trees,
            shipped=self.said.shipped,
            history_of=self.said.history_of,
        )

    def _refuse(self, message: str, hint: str, detail: str = "") -> None:
        self.problems.append(
            Problem(table=self.found.name, message=message, hint=hint, detail=detail)
        )

    def _wires(self) -> dict[str, str]:
        wires: dict[str, str] = {}
        for column in self.found.columns:
            wire = self.said.types.get(column.name) or self.wire_of(
                self.catalog.dialect, column.type, column.name in self.found.enums
            )
            if wire is not None:
                wires[column.name] = wire
            elif column.name not in self.said.secrets:
                self._refuse(
                    N_("the table %(table)s has columns of unknown type: %(detail)s"),
                    N_("map the type in the host's description, or call the column secret"),
                    f"{column.name} {column.type}",
                )
        return wires

    def _links(self) -> tuple[ForeignLink | Polymorphic, ...]:
        links: list[ForeignLink | Polymorphic] = []
        for reference in self.said.references:
            if isinstance(reference, Polymorphic):
                links.append(reference)
                continue
            target = self.catalog.tables.get(reference.target)
            if target is None:
                self._refuse(
                    N_("the table %(table)s refers to a table that does not exist: %(detail)s"),
                    N_("correct the host's description"),
                    reference.target,
                )
                continue
            said = self.known.get(reference.target)
            target_key = (said.key if said else ()) or target.key
            links.append(
                ForeignLink(
                    columns=reference.columns,
                    target=reference.target,
                    target_columns=reference.target_columns or target_key,
                )
            )
        declared = {link.columns for link in links if isinstance(link, ForeignLink)}
        links.extend(
            ForeignLink(columns=key.columns, target=key.target, target_columns=key.target_columns)
            for key in self.found.foreign_keys
            if key.columns not in declared and key.target in self.catalog.tables
        )
        return tuple(links)

    def _parent(
        self, role: Role, links: Sequence[ForeignLink | Polymorphic]
    ) -> ForeignLink | Polymorphic | None:
        needed = role in FOLLOWING or (role is Role.OWNED and self.said.tenant is None)
        if self.said.parent is None:
            if needed:
                self._refuse(
                    N_("the table %(table)s is part of something that is not named"),
                    N_("name the parent's column in the host's description"),
                )
            return None
        if role is Role.PRIVATE:
            return None
        for link in links:
            columns = (link.column,) if isinstance(link, Polymorphic) else link.columns
            if columns[0] == self.said.parent:
                return link
        self._refuse(
            N_("the table %(table)s has no reference in its parent column %(detail)s"),
            N_("describe the reference in the host"),
            self.said.parent,
        )
        return None

    def _check_columns(self, names: set[str]) -> None:
        mentioned: set[str] = {*self.said.key, *self.said.types, *self.said.derived}
        mentioned.update(self.said.secrets, self.said.stamps, *self.said.natural_keys)
        for unique in self.said.uniques:
            mentioned.update(unique.columns, unique.along, filter(None, (unique.active,)))
        for tree in self.said.trees:
            mentioned.update((tree.parent, tree.left, tree.right))
        mentioned.update(filter(None, (self.said.tenant, self.said.shipped)))
        for document in self.said.documents:
            mentioned.update(filter(None, (document.data, document.locator)))
        absent = sorted(mentioned - names)
        if absent:
            self._refuse(
                N_("the host describes columns that %(table)s does not have: %(detail)s"),
                N_("check that the host's version and its database fit: an upgrade may be due"),
                ", ".join(absent),
            )

    def _check_hidden(self, front: Sequence[str]) -> None:
        """What names a row, or says whose it is, leaves with it."""
        naming = {*front, *(name for columns in self.said.natural_keys for name in columns)}
        if self.said.role is not Role.PRIVATE and (secret := sorted(naming & self._hidden())):
            self._refuse(
                N_("rows of %(table)s are named by columns that never leave: %(detail)s"),
                N_("correct the host's description"),
                ", ".join(secret),
            )

    def _hidden(self) -> set[str]:
        """Columns that do not go into the rows of an archive: secrets, and documents."""
        hidden = {*self.said.secrets}
        for document in self.said.documents:
            hidden.update(filter(None, (document.data, document.locator)))
        return hidden

    def _columns(self, wires: Mapping[str, str], front: Sequence[str]) -> tuple[WireColumn, ...]:
        hidden = self._hidden()
        by_name = {column.name: column for column in self.found.columns}
        order = dict.fromkeys([*front, *by_name])
        return tuple(
            WireColumn(name=name, wire=wires[name], nullable=by_name[name].nullable)
            for name in order
            if name in wires and name not in hidden
        )

    def _identity(self, wires: Mapping[str, str], key: Sequence[str]) -> tuple[WireColumn, ...]:
        natural = [name for columns in self.said.natural_keys for name in columns]
        nullable = {column.name: column.nullable for column in self.found.columns}
        return tuple(
            WireColumn(name=name, wire=wires[name], nullable=nullable[name])
            for name in dict.fromkeys([*key, *natural])
            if name in wires
        )


def _uniques(
    found: CatalogTable, said: Table, key: Sequence[str], wires: Mapping[str, str]
) -> tuple[Unique, ...]:
    """What no two rows may share: the host's word, then what the database enforces besides.

    `wires` are the columns that go into an archive: the values of others never come back. A
    partial one that the host does not describe is left to the database, whose condition nobody
    knows here.
    """
    described = {frozenset(unique.columns) for unique in said.uniques}
    enforced: dict[frozenset[str], Unique] = {}
    for unique in found.uniques:
        columns = frozenset(unique.columns)
        spans_key = bool(key) and columns.issuperset(key)
        if unique.partial or spans_key or columns in described or not columns.issubset(wires):
            continue
        new = len(columns) == 1 and wires[unique.columns[0]] == "uuid"
        rule = Clash.UUID if new else Clash.REFUSE
        enforced.setdefault(columns, Unique(columns=unique.columns, rule=rule))
    return (*said.uniques, *enforced.values())


def _unanchored(tables: Mapping[str, TenantTable]) -> Iterable[Problem]:
    """Owned tables whose chain of parents leads to a table that no tenant owns."""
    for table in tables.values():
        if table.role is not Role.OWNED or table.tenant is not None:
            continue
        parent = table.parent
        if isinstance(parent, ForeignLink) and not _anchored(tables, table.name):
            yield Problem(
                table=table.name,
                message=N_("the table %(table)s is owned through %(detail)s, which is not owned"),
                hint=N_("give it a tenant column, an owned parent, or another role"),
                detail=parent.target,
            )


def _anchored(tables: Mapping[str, TenantTable], name: str) -> bool:
    """Whether a chain of owned parents ends at a tenant column, or at a polymorphic parent."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        table = tables[name]
        if table.role is not Role.OWNED:
            return False
        if table.tenant is not None or not isinstance(table.parent, ForeignLink):
            return True
        name = table.parent.target
    return False


def _parents_first(tables: Mapping[str, TenantTable]) -> list[str]:
    """Order tables so that a parent stands before its children.

    A polymorphic parent orders only behind tables that are not polymorphic children
    themselves (an attachment of a note of an attachment ends somewhere).
    """
    graph: dict[str, set[str]] = {}
    for table in tables.values():
        graph[table.name] = set()
        if isinstance(table.parent, ForeignLink) and table.parent.target != table.name:
            graph[table.name].add(table.parent.target)
    for table in tables.values():
        if isinstance(table.parent, Polymorphic):
            graph[table.name].update(
                name
                for name in table.parent.targets.values()
                if name in tables and not _hangs_on(graph, tables, name)
            )
    try:
        # Sorted throughout: two runs write their tables in the same order.
        ordered = {name: sorted(graph[name]) for name in sorted(graph)}
        return list(TopologicalSorter(ordered).static_order())
    except CycleError as error:
        raise PlanRefused(
            [
                Problem(
                    table=str(name),
                    message=N_("the table %(table)s is its own parent through others: %(detail)s"),
                    hint=N_("name another parent in the host's description"),
                    detail=" -> ".join(error.args[1]),
                )
                for name in sorted(set(error.args[1]))
            ]
        ) from error


def _hangs_on(graph: Mapping[str, set[str]], tables: Mapping[str, TenantTable], name: str) -> bool:
    """Whether a table is, or is a child of, a polymorphic child."""
    seen: set[str] = set()
    front = [name]
    while front:
        current = front.pop()
        if current in seen:
            continue
        seen.add(current)
        if isinstance(tables[current].parent, Polymorphic):
            return True
        front.extend(graph.get(current, ()))
    return False
