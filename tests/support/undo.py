"""Undo an import: rewrite the keys of the second archive, and list what still differs.

The two archives are exports of one company from two systems, or from one system before and
after. Rows, documents and counters must be the same ones.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tests.support.archive import Pair
from tests.support.labelling import Labelling, Node, Side, order_of, spelled

STAMPS = ("create_date", "create_uid", "write_date", "write_uid")


@dataclass(kw_only=True)
class Undone:
    """What a comparison found.

    `differences` are lines `<table>.<column> <key> -> <key>: <value> -> <value>`, must be empty.
    `missing` and `surplus` are rows that only the first or the second archive has; they are among
    the differences. `keys` maps rows of the first archive to those of the second. `lost` counts
    references that the first archive lists as leading out and the second has empty; `changed`
    counts values of columns that may differ and do, `users` are those who have another login
    there. `stamps` counts who made and changed rows of shared tables, and when, where it differs:
    a row that the second system had already keeps its own.
    """

    rows: int = 0
    values: int = 0
    documents: int = 0
    counters: int = 0
    keys: dict[Node, Node] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    missing: set[Node] = field(default_factory=set)
    surplus: set[Node] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    stamps: Counter[str] = field(default_factory=Counter)
    users: list[tuple[str, str]] = field(default_factory=list)

    def moved(self) -> int:
        """How many rows have another key."""
        return sum(one != other for one, other in self.keys.items())

    def summary(self) -> str:
        """One line for people."""
        return (
            f"{self.rows} rows, {self.values} values, {self.documents} documents,"
            f" {self.counters} counters; {self.moved()} other keys;"
            f" users {self.users}; lost {dict(self.lost)}; changed {dict(self.changed)};"
            f" stamps {dict(self.stamps)};"
            f" {len(self.differences)} differences"
        )


def undo(
    before: Pair, after: Pair, may_change: Mapping[str, Collection[str]] | None = None
) -> Undone:
    """Compare two archives of one company.

    `may_change` are columns by table that an import renumbers, or that another kind of database
    keeps elsewhere.
    """
    return _Comparison(before, after, may_change or {}).run()


class _Comparison:
    def __init__(
        self, before: Pair, after: Pair, may_change: Mapping[str, Collection[str]]
    ) -> None:
        self.one, self.other = Side(before), Side(after)
        self.found = Undone()
        self.may_change = may_change
        self.ignored = {
            name: {*described["derived"], *may_change.get(name, ()), *self._logins(described)}
            for name, described in before.schema.items()
        }
        self.ghosts: dict[Node, str] = {}
        self.listed = {
            (str(table), str(key), str(column))
            for table, key, column, *_ in before.lines("references.tsv")
        }

    @staticmethod
    def _logins(described: Mapping[str, object]) -> set[str]:
        """A user whom the other system does not know gets another login, never another name."""
        return {"login"} if described["role"] == "identity" else set()

    def run(self) -> Undone:
        schema = self.one.pair.schema
        without = {
            name: columns if schema[name]["role"] == "owned" else {*columns, *STAMPS}
            for name, columns in self.ignored.items()
        }
        labelling = Labelling(one=self.one, other=self.other, without=without)
        labelling.find()
        self.found.keys = labelling.to
        self._say(self._unpaired(labelling))
        for one in sorted(labelling.to, key=lambda node: (node[0], order_of(node))):
            if one in self.one.rows:
                self._row(one, labelling.to[one])
            else:
                self._named(one, labelling.to[one])
        self._documents()
        self._counters()
        self._trees()
        self._shape()
        return self.found

    def _say(self, lines: Iterator[str]) -> None:
        self.found.differences.extend(lines)

    def _unpaired(self, labelling: Labelling) -> Iterator[str]:
        for side, known, word, nodes in (
            (self.one, labelling.to, "only before", self.found.missing),
            (self.other, labelling.back, "only after", self.found.surplus),
        ):
            for node in (*side.rows, *side.named):
                if node not in known:
                    nodes.add(node)
                    how = "" if node in side.rows else " (named)"
                    yield f"{node[0]} {node[1]}{how}: {word}: {dict(side.row(node))}"
        if len(set(labelling.to.values())) != len(labelling.to):
            yield "two rows before are one row after"

    def _shape(self) -> None:
        """The schema of both says the same, where the second system has no more than the first."""
        for table, described in self.one.pair.schema.items():
            columns = {each["name"] for each in described["columns"]}
            there = self.other.pair.schema.get(table)
            if there is None or not columns <= {each["name"] for each in there["columns"]}:
                self.found.differences.append(f"{table}: a column is gone")

    # -- values -------------------------------------------------------------------------

    def _row(self, one: Node, other: Node) -> None:
        self.found.rows += 1
        self._compare(one, other, self.one.pair.schema[one[0]]["columns"])

    def _named(self, one: Node, other: Node) -> None:
        before, after = self.one.named[one].get("login"), self.other.named[other].get("login")
        if before != after:
            self.found.users.append((str(before), str(after)))
        self._compare(one, other, self.one.pair.schema[one[0]]["identity"])

    def _compare(self, one: Node, other: Node, columns: list[dict[str, str]]) -> None:
        table = one[0]
        before, after = self.one.row(one), self.other.row(other)
        inside, there = self.one.keys(one), self.other.keys(other)
        done = set(self._references(one, other))
        derived = self.one.pair.schema[table]["derived"]
        for column in (each["name"] for each in columns):
            if column in done or column in self.one.pair.schema[table]["key"]:
                continue
            self.found.values += 1
            if column in inside:
                target, keys = inside[column]
                rewritten = [self._key(target, key) for key in keys]
                if rewritten != there.get(column, (target, []))[1]:
                    self._differ(one, other, column)
                continue
            wire = self.one.wire(table, column)
            same = spelled(before[column], wire) == spelled(after.get(column), wire)
            if same or column in derived:
                continue
            if column in self.ignored[table]:
                self.found.changed[f"{table}.{column}"] += 1
            else:
                self._differ(one, other, column)

    def _key(self, table: str, key: str) -> str:
        return self.found.keys[table, key][1] if (table, key) in self.found.keys else key

    def _references(self, one: Node, other: Node) -> Iterator[str]:
        """Compare what two rows point at; give the columns that say it."""
        before, after = self.one.points(one), self.other.points(other)
        history = self.one.pair.schema[one[0]]["history_of"] is not None
        for columns in {**before, **after}:
            yield from columns
            self.found.values += 1
            was, now = before.get(columns), after.get(columns)
            where = f"{one[0]}.{columns[0]}"
            if was is None:
                self._differ(one, other, columns[0])
            elif now is None:
                # Listed, or an old version of something that is gone: it led nowhere before.
                leads_out = was.node not in self.found.keys
                if leads_out and (history or (*one, columns[0]) in self.listed):
                    self.found.lost[where] += 1
                else:
                    self._differ(one, other, columns[0])
            elif was.node in self.found.keys:
                if (self.found.keys[was.node], was.kind) != (now.node, now.kind):
                    self._differ(one, other, columns[0])
            elif self.ghosts.setdefault(was.node, now.node[1]) != now.node[1]:
                self._differ(one, other, columns[0])

    def _differ(self, one: Node, other: Node, column: str) -> None:
        if column in STAMPS and self.one.pair.schema[one[0]]["role"] != "owned":
            self.found.stamps[f"{one[0]}.{column}"] += 1
            return
        before, after = self.one.row(one)[column], self.other.row(other).get(column)
        self.found.differences.append(
            f"{one[0]}.{column} {one[1]} -> {other[1]}: {before!r} -> {after!r}"
        )

    # -- what is not in the rows --------------------------------------------------------

    def _documents(self) -> None:
        def listed(pair: Pair, *, mapped: bool) -> Counter[tuple[str | None, ...]]:
            lines: Counter[tuple[str | None, ...]] = Counter()
            for table, key, label, name, kind, size, digest, origin in pair.lines("documents.tsv"):
                place = self._key(str(table), str(key)) if mapped else key
                gone = origin if origin in ("missing", "left-out") else ""
                lines[table, place, label, name, kind, size, digest, gone] += 1
            return lines

        before = listed(self.one.pair, mapped=True)
        after = listed(self.other.pair, mapped=False)
        self.found.documents = before.total()
        self._say(f"document only before: {each}" for each in (before - after).elements())
        self._say(f"document only after: {each}" for each in (after - before).elements())
        for line in after:
            if line[6] and f"documents/{line[6]}" not in self.other.pair.members:
                self.found.differences.append(f"document not inside: {line}")

    def _counters(self) -> None:
        before = {
            (table, self._key(str(table), str(key)), value)
            for table, key, value in self.one.pair.lines("counters.tsv")
        }
        after = {tuple(line) for line in self.other.pair.lines("counters.tsv")}
        self.found.counters = len(before)
        self._say(f"counter only before: {each}" for each in sorted(map(str, before - after)))
        self._say(f"counter only after: {each}" for each in sorted(map(str, after - before)))

    def _trees(self) -> None:
        """Borders are numbers of their own in each system; each lies within its parent's."""
        for table, described in self.other.pair.schema.items():
            if not {"left", "right", "parent"} <= {each["name"] for each in described["columns"]}:
                continue
            rows = {row["id"]: row for row in self.other.pair.rows(table)}
            for key, row in rows.items():
                parent = rows.get(row["parent"])
                left, right = int(row["left"] or 0), int(row["right"] or 0)
                inside = parent is None or (
                    int(parent["left"] or 0) < left and right < int(parent["right"] or 0)
                )
                if left >= right or not inside:
                    self.found.differences.append(f"{table} {key}: borders {left}, {right}")
