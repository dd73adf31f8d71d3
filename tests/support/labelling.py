"""Which row of one archive is which row of another: a labelling by what rows say and point at.

Keys say nothing: two exports of one company from two systems have other keys. Rows are the same
where they hold the same values and point at rows that are the same. What several rows fit is
decided by the order of keys, since an import gives new keys in the order of the old ones. A wrong
decision is no danger: the rows are compared value by value afterwards.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.support.archive import Pair

Row = Mapping[str, str | None]
PLACEHOLDER = "sichern-"
"""What the login of a user begins with whom the system did not know."""

Node = tuple[str, str]
"""A table and the key of a row in it."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """A reference of a row: the columns that hold it, and the row that they name."""

    columns: tuple[str, ...]
    kind: str
    node: Node


@dataclass(frozen=True)
class Side:
    """One archive: every row, whether it is there in full or only named."""

    pair: Pair

    @cached_property
    def rows(self) -> dict[Node, Row]:
        """The rows that are there in full."""
        return {
            (table, self.pair.key(table, row)): row
            for table in self.pair.tables
            for row in self.pair.rows(table)
        }

    @cached_property
    def _every_named(self) -> dict[Node, Row]:
        found = {
            (table, self.pair.key(table, row)): row
            for table in self.pair.schema
            for row in self.pair.named(table)
        }
        return {node: row for node, row in found.items() if node not in self.rows}

    @cached_property
    def same_user(self) -> dict[Node, Node]:
        """Placeholders of one user whom two imports did not know: the later ones by the first."""
        first: dict[tuple[str, str | None], Node] = {}
        found = {}
        for node, row in self._every_named.items():
            if str(row.get("login")).startswith(PLACEHOLDER):
                known = first.setdefault((node[0], row["name"]), node)
                if known != node:
                    found[node] = known
        return found

    @cached_property
    def named(self) -> dict[Node, Row]:
        """The rows that are only named."""
        return {
            node: row for node, row in self._every_named.items() if node not in self.same_user
        }

    def row(self, node: Node) -> Row:
        """A row, or what is said of it."""
        return self.rows[node] if node in self.rows else self.named[node]

    def wire(self, table: str, column: str) -> str:
        """The wire type of a column."""
        described = self.pair.schema[table]
        for each in (*described["columns"], *described["identity"]):
            if each["name"] == column:
                return str(each["wire"])
        raise KeyError(column)

    def points(self, node: Node) -> dict[tuple[str, ...], Points]:
        """The references of a row by their columns, empty ones left out."""
        table, row = node[0], self.row(node)
        found = {}
        for columns, reference in self._references(table):
            to = pointed_at(reference, row) if set(columns) <= row.keys() else None
            if to is not None:
                node_there = self.same_user.get((to[1], to[2]), (to[1], to[2]))
                found[columns] = Points(columns=columns, kind=to[0], node=node_there)
        return found

    def keys(self, node: Node) -> dict[str, tuple[str, list[str]]]:
        """Keys inside texts: the column, its form, and the keys in it, with their table."""
        table, row = node[0], self.row(node)
        found = {}
        for each in self.pair.schema[table]["embedded"]:
            text = row.get(each["column"])
            if not text:
                continue
            keys = list(json.loads(text)) if each["form"] == "json-keys" else text.split("/")
            found[each["column"]] = (each["target"], [str(key) for key in keys])
        return found

    def plain(self, node: Node, without: Collection[str]) -> Iterator[tuple[str, str | None]]:
        """What a row says itself, without references, keys and `without`, in one spelling."""
        table, row = node[0], self.row(node)
        held = {name for columns, _ in self._references(table) for name in columns}
        held |= {each["column"] for each in self.pair.schema[table]["embedded"]}
        held |= {*self.pair.schema[table]["key"], *without}
        for column, value in sorted(row.items()):
            if column not in held:
                yield column, spelled(value, self.wire(table, column))

    def _references(self, table: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
        """References by key, with their columns; one by name is a value like any other."""
        for reference in self.pair.schema[table]["references"]:
            target = self.pair.schema.get(reference["target"] or "")
            if target is None or reference["target_columns"] in ([], target["key"]):
                more = (reference["key_column"],) if reference["key_column"] else ()
                yield (*reference["columns"], *more), reference


def pointed_at(reference: Mapping[str, Any], row: Row) -> tuple[str, str, str] | None:
    """Kind, table and key of the row that a reference names."""
    values = [row[column] for column in reference["columns"]]
    if None in values:
        return None
    if reference["target"] is not None:
        return "", str(reference["target"]), ",".join(str(value) for value in values)
    kind, _, key = str(values[0]).partition(",")
    if reference["key_column"]:
        key = str(row[reference["key_column"]])
    if key == "None" or not key or key.startswith("-"):
        return None
    table = reference["targets"].get(kind)
    return (kind, str(table), key) if table is not None else None


def spelled(value: str | None, wire: str) -> str | None:
    """One spelling of equal values, where databases of different kinds differ."""
    if value is None:
        return None
    if wire in ("json", "jsonb"):
        return json.dumps(json.loads(value, parse_float=Decimal), sort_keys=True, default=str)
    if wire == "interval":
        return _seconds(value)
    return value


def _seconds(text: str) -> str:
    total = Decimal(0)
    parts = text.split()
    lengths = {"year": 365 * 86400, "mon": 30 * 86400, "day": 86400}
    while parts:
        part = parts.pop(0)
        if ":" not in part:
            total += Decimal(part) * lengths[parts.pop(0).rstrip("s")]
            continue
        hours, minutes, seconds = part.lstrip("+-").split(":")
        clock = Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal(seconds)
        total += -clock if part.startswith("-") else clock
    return f"{total.normalize():f}"


@dataclass(kw_only=True)
class Labelling:
    """Finds for each row of one side the row of the other; `to` and `back` are the result.

    `without` are columns by table that may differ.
    """

    one: Side
    other: Side
    without: Mapping[str, Collection[str]]
    to: dict[Node, Node] = field(default_factory=dict)
    back: dict[Node, Node] = field(default_factory=dict)

    def find(self) -> None:
        """Pair rows: by what only one row says, then by order."""
        waiting = (self._by_table(self.one), self._by_table(self.other))
        plain = tuple(
            {node: tuple(side.plain(node, self.without.get(node[0], ())))
             for node in [*side.rows, *side.named]}
            for side in (self.one, self.other)
        )  # fmt: skip
        order = [table for table in self.one.pair.schema if table in waiting[0]]
        while True:
            if sum(self._pair_unique(table, waiting, plain) for table in order):
                continue
            if any(self._pair_in_order(table, waiting, plain) for table in order):
                continue
            if not self._pair_pointed(waiting, plain):
                break
        for table in order:
            # What is left differs: pair it all the same, so that the columns are named.
            self._pair_rest(table, waiting)

    @staticmethod
    def _by_table(side: Side) -> dict[str, set[Node]]:
        found: dict[str, set[Node]] = defaultdict(set)
        for node in [*side.rows, *side.named]:
            found[node[0]].add(node)
        return found

    def _groups(
        self, table: str, waiting: tuple[dict[str, set[Node]], ...],
        plain: tuple[Mapping[Node, object], ...],
    ) -> list[tuple[list[Node], list[Node]]]:  # fmt: skip
        """Rows that fit each other, of both sides, each in the order of keys."""
        groups: dict[object, tuple[list[Node], list[Node]]] = defaultdict(lambda: ([], []))
        for place, side in enumerate((self.one, self.other)):
            for node in sorted(waiting[place][table], key=order_of):
                in_full = node in side.rows
                says = (in_full, plain[place][node], self._pointing(place, side, node))
                groups[says][place].append(node)
        return list(groups.values())

    def _pointing(self, place: int, side: Side, node: Node) -> object:
        """What a row points at, as far as that is known, in the words of the other side."""
        found: list[object] = []
        for columns, points in sorted(side.points(node).items()):
            if columns[0] not in self.without.get(node[0], ()):
                found.append((columns, points.kind, self._known(place, side, points.node)))
        for column, (target, keys) in sorted(side.keys(node).items()):
            if column not in self.without.get(node[0], ()):
                found.append((column, [self._known(place, side, (target, key)) for key in keys]))
        return repr(found)

    def _known(self, place: int, side: Side, node: Node) -> object:
        if place == 0:
            return self.to.get(node, "?")
        return node if node in self.back else "?"

    def _accept(self, waiting: tuple[dict[str, set[Node]], ...], one: Node, other: Node) -> None:
        self.to[one], self.back[other] = other, one
        waiting[0][one[0]].discard(one)
        waiting[1][other[0]].discard(other)

    def _pair_unique(self, table: str, waiting: Any, plain: Any) -> int:
        count = 0
        for ones, others in self._groups(table, waiting, plain):
            if len(ones) == len(others) == 1:
                self._accept(waiting, ones[0], others[0])
                count += 1
        return count

    def _pair_in_order(self, table: str, waiting: Any, plain: Any) -> bool:
        found = [each for each in self._groups(table, waiting, plain)
                 if len(each[0]) == len(each[1])]  # fmt: skip
        for ones, others in found:
            for one, other in zip(ones, others, strict=True):
                self._accept(waiting, one, other)
        return bool(found)

    def _pair_pointed(self, waiting: Any, plain: Any) -> bool:
        """Where one side has more rows that fit: those that the tenant's own rows point at."""
        for one, other in sorted(self.to.items(), key=self._owned_first):
            there = self.other.points(other)
            for columns, points in self.one.points(one).items():
                to = there.get(columns)
                fits = (
                    to is not None
                    and points.node in plain[0] and to.node in plain[1]
                    and points.node not in self.to and to.node not in self.back
                    and plain[0][points.node] == plain[1][to.node]
                )  # fmt: skip
                if fits and to is not None:
                    self._accept(waiting, points.node, to.node)
                    return True
        return False

    def _owned_first(self, pair: tuple[Node, Node]) -> tuple[bool, str, tuple[int, str]]:
        table = pair[0][0]
        return self.one.pair.schema[table]["role"] != "owned", table, order_of(pair[0])

    def _pair_rest(self, table: str, waiting: Any) -> None:
        for in_full in (True, False):
            rest = [
                sorted((node for node in waiting[place][table] if (node in side.rows) is in_full),
                       key=order_of)
                for place, side in enumerate((self.one, self.other))
            ]  # fmt: skip
            if len(rest[0]) == len(rest[1]):
                for one, other in zip(*rest, strict=True):
                    self._accept(waiting, one, other)


def order_of(node: Node) -> tuple[int, str]:
    """The order of keys: numbers by their size."""
    return (int(node[1]), "") if node[1].lstrip("-").isdigit() else (0, node[1])
