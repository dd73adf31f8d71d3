"""Trees kept as nested sets: imported roots are appended, nobody else's borders move but where a
row goes in below one that the target has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sichern.target.remap import Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import name
from sichern_hooks import Tree

BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Node:
    """A row that goes in: its key and its parent's in the target, and where it stood."""

    key: int
    parent: int | None
    left: int


def nest(nodes: Sequence[Node], start: int) -> Mapping[int, tuple[int, int]]:
    """Give each node its borders, from `start` on, in the order in which they stood.

    A node whose parent is not among them is a root. Each row of a circle of parents becomes a
    root of its own, so that none is lost.
    """
    keys = {node.key for node in nodes}
    below: dict[int | None, list[Node]] = {}
    for node in sorted(nodes, key=lambda node: (node.left, node.key)):
        below.setdefault(node.parent if node.parent in keys else None, []).append(node)
    borders: dict[int, tuple[int, int]] = {}
    number = start

    def enter(roots: Sequence[Node]) -> None:
        nonlocal number
        stack: list[tuple[Node, int | None]] = [(root, None) for root in reversed(roots)]
        while stack:
            node, left = stack.pop()
            if left is not None:
                borders[node.key] = (left, number)
                number += 1
            elif node.key not in borders:
                borders[node.key] = (number, number)
                stack.append((node, number))
                number += 1
                stack.extend((child, None) for child in reversed(below.get(node.key, ())))

    enter(below.get(None, ()))
    enter([node for node in nodes if node.key not in borders])
    return borders


def place(session: TargetSession, remap: Remap, table: TenantTable, *, moved: bool) -> None:
    """Set the borders of the rows that went in; of all the tenant's where some `moved`."""
    for tree in table.trees:
        nodes = _nodes(session, remap, table, tree, moved)
        if nodes:
            _place(session, remap, table, tree, nodes)


def _nodes(
    session: TargetSession, remap: Remap, table: TenantTable, tree: Tree, moved: bool
) -> list[Node]:
    states = [State.INSERT, State.UPDATE] if moved else [State.INSERT]
    own = remap.sql.own_key(table, "t")
    left = remap.sql.column("s", tree.left)
    left = left if tree.left in {each.name for each in remap.columns(table)} else "0"
    found = session.ask(
        f"SELECT m.new, {remap.sql.column('t', tree.parent)}, {left} FROM {remap.source(table)}"
        f" JOIN {remap.sql.table(table.name)} t ON {own} = m.new"
        f" WHERE m.state IN ({', '.join(str(int(state)) for state in states)})"
    )
    return [Node(key=row[0], parent=row[1], left=row[2] or 0) for row in found]


def _place(
    session: TargetSession, remap: Remap, table: TenantTable, tree: Tree, nodes: Sequence[Node]
) -> None:
    own = remap.sql.table(table.name)
    left, right = name(tree.left), name(tree.right)
    keys = {node.key for node in nodes}
    roots = {node.parent for node in nodes if node.parent is not None and node.parent not in keys}
    # Until they have a place, borders of what was copied must not be taken for one.
    _set(session, remap, table, tree, dict.fromkeys(keys, (0, 0)))
    for parent in sorted(each for each in roots if each is not None):
        inside = _under(nodes, parent)
        found = session.ask(
            f"SELECT {right} FROM {own} WHERE {remap.sql.own_key(table, own)} = {parent}"
        ).scalar()
        if not found:
            continue
        width = 2 * len(inside)
        session.run(f"UPDATE {own} SET {left} = {left} + {width} WHERE {left} > {found}")
        session.run(f"UPDATE {own} SET {right} = {right} + {width} WHERE {right} >= {found}")
        _set(session, remap, table, tree, nest(inside, int(found)))
        keys -= {node.key for node in inside}
    highest = session.ask(f"SELECT max({right}) FROM {own}").scalar()
    rest = [node for node in nodes if node.key in keys]
    _set(session, remap, table, tree, nest(rest, int(highest or 0) + 1))


def _under(nodes: Sequence[Node], parent: int) -> list[Node]:
    """All nodes below a row that is not one of them."""
    inside, front = [], {parent}
    while front:
        found = [node for node in nodes if node.parent in front]
        inside.extend(found)
        front = {node.key for node in found}
    return inside


def _set(
    session: TargetSession,
    remap: Remap,
    table: TenantTable,
    tree: Tree,
    borders: Mapping[int, tuple[int, int]],
) -> None:
    own = remap.sql.table(table.name)
    rows = [f"({key}, {left}, {right})" for key, (left, right) in borders.items()]
    for start in range(0, len(rows), BATCH):
        values = ", ".join(rows[start : start + BATCH])
        session.run(
            f"WITH borders (key, a, b) AS (VALUES {values}) UPDATE {own}"
            f" SET {name(tree.left)} = a, {name(tree.right)} = b FROM borders"
            f" WHERE {remap.sql.own_key(table, own)} = borders.key"
        )
