"""Compare two archives of one tenant whose keys differ: do they hold the same rows?

Each row gets a label from what it says, then from the labels of the rows that it points at, a few
times over. Rows are the same where the labels are: keys are never looked at. Everything is held
in memory, so this is for companies of the size of a demo.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sichern.archive.names import COUNTERS, DOCUMENTS, SCHEMA, Kind, parse_member
from sichern.archive.reader import ArchiveReader, open_pair
from sichern.archive.rows import LONGEST_SCHEMA
from sichern.schema.tsv import lines, values
from sichern.tenancy.manifest import Manifest, ManifestReference, ManifestTable
from sichern.tenancy.manifest_text import read_manifest
from sichern_hooks import Role

ROUNDS = 8
"""How far away a difference is seen: so many references from the row that has it."""

Node = tuple[str, str]
"""A table, and the key as text."""

Row = Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Rows, documents and counters of the first archive, and how many the second has as well.

    `differing` counts, by table, what one of the two has more of.
    """

    rows: int
    documents: int
    counters: int
    differing: Mapping[str, int]

    @property
    def same(self) -> bool:
        """Whether both hold the same."""
        return not self.differing


def compare_pairs(one: Path, other: Path) -> Likeness:
    """Compare the archives of two info files.

    Raises what reading a pair raises.
    """
    before, after = _read(one), _read(other)
    differing: Counter[str] = Counter()
    for more, fewer in ((before.labels, after.labels), (after.labels, before.labels)):
        for (table, _), count in (more - fewer).items():
            differing[table] += count
    return Likeness(
        rows=before.rows,
        documents=before.documents,
        counters=before.counters,
        differing=dict(differing),
    )


@dataclass(kw_only=True)
class _Content:
    """What an archive holds, by labels: (table, label) and how often."""

    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: int = 0
    documents: int = 0
    counters: int = 0


def _read(path: Path) -> _Content:
    with open_pair(path) as pair:
        reader = ArchiveReader(pair)
        manifest = read_manifest(reader.read(SCHEMA, LONGEST_SCHEMA))
        graph = _Graph(manifest)
        for member in reader.members:
            name = parse_member(member.name)
            if name is None or name.table is None:
                continue
            table = manifest.tables[name.table]
            inside = name.kind is Kind.DATA
            columns = [each.name for each in (table.columns if inside else table.identity)]
            for line in lines(reader.blocks(member.name)):
                graph.add(table, dict(zip(columns, values(line), strict=True)), inside)
        labels = graph.labels()
        found = _Content(rows=len(graph.inside))
        found.labels.update((node[0], labels[node]) for node in graph.inside)
        for line in lines(reader.blocks(DOCUMENTS)):
            *said, origin = values(line)
            # Whether a document stands in the table or in the store is the system's own choice.
            gone = origin if origin in ("missing", "left-out") else ""
            found.labels[DOCUMENTS, _listed(labels, [*said, gone])] += 1
            found.documents += 1
        for line in lines(reader.blocks(COUNTERS)):
            found.labels[COUNTERS, _listed(labels, values(line))] += 1
            found.counters += 1
    return found


def _listed(labels: Mapping[Node, str], line: list[str | None]) -> str:
    """A line of a list, with the row that it names by its label."""
    table, key, *said = line
    return _hash([table, labels.get((str(table), str(key)), ""), *said])


class _Graph:
    """Rows with what they say and what they point at."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._said: dict[Node, str] = {}
        self._points: dict[Node, list[tuple[str, Node]]] = {}
        self.inside: list[Node] = []

    def add(self, table: ManifestTable, row: Row, inside: bool) -> None:
        """Take a row; `inside` where it went along, else it is only named."""
        node = (table.name, _key(row[column] for column in table.key))
        if not inside and table.role is Role.IDENTITY:
            # A user whom a system does not know gets another login, never another name.
            shown = table.identity[-1].name
            self._said[node] = _hash([table.name, row[shown]])
            self._points[node] = []
            return
        points: list[tuple[str, Node]] = []
        passed = {*table.key, *table.derived, *(each.column for each in table.embedded)}
        for reference in table.references:
            target = self._target(reference, row)
            if target is not None:
                points.append((reference.columns[0], target))
            if target is not None or reference.target is not None:
                passed.add(reference.key_column or reference.columns[0])
        said = [f"{name}={value!r}" for name, value in sorted(row.items()) if name not in passed]
        self._said[node] = _hash([table.name, *said])
        self._points[node] = points
        if inside:
            self.inside.append(node)

    def labels(self) -> dict[Node, str]:
        """The label of each row after all rounds."""
        labels = dict(self._said)
        for _ in range(ROUNDS):
            labels = {
                node: _hash(
                    [
                        self._said[node],
                        *(f"{column}={labels.get(target, '')}" for column, target in points),
                    ]
                )
                for node, points in self._points.items()
            }
        return labels

    def _target(self, reference: ManifestReference, row: Row) -> Node | None:
        """What a reference points at, where a row says so."""
        if any(row.get(column) is None for column in reference.spelled):
            return None
        if reference.target is not None:
            return (reference.target, _key(row[column] for column in reference.columns))
        kind, _, key = str(row[reference.columns[0]]).partition(",")
        if reference.key_column is not None:
            key = str(row[reference.key_column])
        if kind not in reference.targets or not key or key.startswith("-"):
            return None
        return (reference.targets[kind], key)


def _key(parts: Iterator[str | None]) -> str:
    return "\t".join(str(part) for part in parts)


def _hash(parts: list[str | None]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
