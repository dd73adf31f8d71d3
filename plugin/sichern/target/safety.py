"""Whether the backup that REPLACE makes first holds all that it is about to change."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain, repeat

from sichern.archive.chunks import CHUNK_ROWS, Chunks
from sichern.archive.info import Info, by_table
from sichern.archive.names import Kind
from sichern.source.rows import read_rows
from sichern.target.refusals import ChangedMeanwhile
from sichern.target.session import TargetSession
from sichern.tenancy.closure import Closure
from sichern.tenancy.expressions import clause


def demand_backed_up(session: TargetSession, closure: Closure, backup: Info) -> None:
    """Read the tenant's rows once more, inside the transaction, against those of the backup.

    People may have worked between the snapshot of the backup and the transaction; what they
    entered would be removed and be in no backup. Raises ChangedMeanwhile.
    """
    listed = {table.name for table in backup.tables}
    known = by_table(backup.members)
    for table in closure.model.tables.values():
        if table.name not in listed:
            continue
        rows = clause(closure.model, table.name)
        blocks = read_rows(
            session, rows, table.columns, table.key, closure.content(table, rows)
        )
        chunks = known.get((Kind.DATA, table.name), [])
        found = list(_hashes(blocks, (chunk.rows or 0 for chunk in chunks)))
        if found != [chunk.sha256 for chunk in chunks]:
            raise ChangedMeanwhile(table=table.label)


def _hashes(blocks: Iterator[bytes], rows: Iterable[int]) -> Iterator[str]:
    """The SHA-256 of each chunk of so many rows, and of what is there beyond them."""
    for chunk in Chunks(blocks, chain(rows, repeat(CHUNK_ROWS))):
        digest = hashlib.sha256()
        for block in chunk:
            digest.update(block)
        yield digest.hexdigest()
