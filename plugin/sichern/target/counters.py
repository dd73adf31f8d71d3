"""Counters that live outside the rows: the tenant's own numbering goes on where it stopped."""

import re
from collections.abc import Iterator

from sichern.archive.names import COUNTERS
from sichern.archive.reader import ArchiveReader
from sichern.schema.errors import MalformedRow
from sichern.schema.tsv import lines, values
from sichern.target.remap import ARRIVING, Remap
from sichern.target.session import TargetSession
from sichern.tenancy.sql import literal
from sichern_hooks import Counter

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def counters(
    session: TargetSession, remap: Remap, reader: ArchiveReader
) -> Iterator[Counter]:
    """The pair's counters whose rows went in, under their keys in the target.

    A counter of a row that the target had already stays where the target left it. Raises
    MalformedRow, MalformedText.
    """
    for line in lines(reader.blocks(COUNTERS)):
        table, key, value = _parsed(line)
        if table not in remap.rows:
            continue
        keys = remap.map(table)
        found = session.ask(
            f"SELECT m.new FROM {keys} m WHERE CAST(m.old AS TEXT) = {literal(key)}"
            f" AND m.named = 0 AND m.state IN {ARRIVING}"
        ).first()
        if found is not None:
            yield Counter(table=table, key=str(found[0]), value=value)


def _parsed(line: bytes) -> tuple[str, str, int]:
    """A line's table, key and value. Raises MalformedRow, MalformedText."""
    match values(line):
        case [str(table), str(key), str(value)] if _INTEGER.fullmatch(value):
            return table, key, int(value)
        case _:
            raise MalformedRow(table=COUNTERS, reason=line[:40].decode(errors="replace").strip())
