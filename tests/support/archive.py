"""Read a pair as a stranger would: with zipfile, json and FORMAT.md, without our own reader."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def unescape(text: str) -> str | None:
    """A field of a line; None for NULL."""
    if text == "\\N":
        return None
    return re.sub(
        r"\\(000|.)",
        lambda found: "\0" if found[1] == "000" else ESCAPES[found[1]],
        text,
        flags=re.DOTALL,
    )


def split(line: str) -> list[str | None]:
    """The fields of a line."""
    return [unescape(field) for field in line.split("\t")]


@dataclass(frozen=True)
class Pair:
    """A pair at its `.ztx`."""

    ztx: Path

    @property
    def zip(self) -> Path:
        """The archive."""
        return self.ztx.with_suffix(".zip")

    @cached_property
    def info(self) -> dict[str, Any]:
        """The info file."""
        loaded: dict[str, Any] = json.loads(self.ztx.read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def members(self) -> dict[str, bytes]:
        """Every member, uncompressed, of every volume."""
        found: dict[str, bytes] = {}
        for volume in [self.zip, self.zip.with_suffix(".belege.zip")]:
            if volume.exists():
                with zipfile.ZipFile(volume) as archive:
                    found.update({name: archive.read(name) for name in archive.namelist()})
        return found

    @cached_property
    def schema(self) -> dict[str, dict[str, Any]]:
        """`schema.json`, by table."""
        return {table["name"]: table for table in json.loads(self.members["schema.json"])["tables"]}

    def lines(self, name: str) -> list[list[str | None]]:
        """The lines of a single `.tsv` member."""
        return [split(line) for line in self.members[name].decode().split("\n")[:-1]]

    def _of(self, folder: str, table: str, columns: str) -> Iterator[dict[str, str | None]]:
        names = [column["name"] for column in self.schema[table][columns]]
        for member in sorted(self.members):
            if member.startswith(f"{folder}/{table}/"):
                for fields in self.lines(member):
                    yield dict(zip(names, fields, strict=True))

    def rows(self, table: str) -> list[dict[str, str | None]]:
        """The rows of a table."""
        return list(self._of("data", table, "columns"))

    def named(self, table: str) -> list[dict[str, str | None]]:
        """The rows of a table that are only named."""
        return list(self._of("identities", table, "identity"))

    def keys(self, table: str) -> set[str]:
        """The primary keys of the rows of a table, parts joined by a comma."""
        return {self.key(table, row) for row in self.rows(table)}

    def key(self, table: str, row: dict[str, str | None]) -> str:
        """The primary key of a row."""
        return ",".join(str(row[name]) for name in self.schema[table]["key"])

    @property
    def tables(self) -> list[str]:
        """The tables of the archive that have rows."""
        found = {name.split("/")[1] for name in self.members if name.startswith("data/")}
        return sorted(found)


def unresolved(pair: Pair) -> tuple[list[tuple[str, str, str, str]], int]:
    """References of rows that resolve nowhere and are not listed; and those of history tables."""
    inside = {table: pair.keys(table) for table in pair.tables}
    for table in pair.schema:
        named = {pair.key(table, row) for row in pair.named(table)}
        inside.setdefault(table, set()).update(named)
    listed = {
        (str(table), str(key), str(column), str(target), str(target_key))
        for table, key, column, target, target_key, _ in pair.lines("references.tsv")
    }
    found: list[tuple[str, str, str, str]] = []
    history = 0
    for table in pair.tables:
        for row in pair.rows(table):
            for reference in pair.schema[table]["references"]:
                target, key = _points_at(reference, row)
                if target is None or key is None or key in inside.get(target, ()):
                    continue
                place = (table, pair.key(table, row), ",".join(reference["columns"]))
                if pair.schema[table]["history_of"] is not None:
                    history += 1
                elif (*place, target, key) not in listed:
                    found.append((*place, f"{target},{key}"))
    return found, history


def _points_at(
    reference: dict[str, Any], row: dict[str, str | None]
) -> tuple[str | None, str | None]:
    values = [row.get(column) for column in reference["columns"]]
    if None in values:
        return None, None
    if reference["target"] is not None:
        return reference["target"], ",".join(str(value) for value in values)
    kind, _, key = str(values[0]).partition(",")
    if reference["key_column"]:
        key = str(row[reference["key_column"]])
    if key == "None" or not key or key.startswith("-"):
        return None, None
    return reference["targets"].get(kind), key
