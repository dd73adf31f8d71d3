"""Counters that live outside the rows: the tenant's own numbering goes on where it stopped."""

from collections.abc import Iterator

from sichern.archive.names import COUNTERS
from sichern.archive.reader import ArchiveReader
from sichern.schema.tsv import lines, values
from sichern.target.remap import ARRIVING, Remap
from sichern.target.session import TargetSession
from sichern.tenancy.sql import literal
from sichern_hooks import Counter


def counters(
    session: TargetSession, remap: Remap, reader: ArchiveReader
) -> Iterator[Counter]:
    """The pair's counters whose rows went in, under their keys in the target.

    A counter of a row that the target had already stays where the target left it.
    """
    for line in lines(reader.blocks(COUNTERS)):
        table, key, value = values(line)
        if table not in remap.rows or key is None:
            continue
        keys = remap.map(table)
        found = session.ask(
            f"SELECT m.new FROM {keys} m WHERE CAST(m.old AS TEXT) = {literal(key)}"
            f" AND m.named = 0 AND m.state IN {ARRIVING}"
        ).first()
        if found is not None:
            yield Counter(table=table, key=str(found[0]), value=int(value or 0))
