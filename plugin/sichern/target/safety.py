"""Whether the backup that REPLACE makes first holds all that it is about to change."""

import hashlib

from sichern.archive.info import Info
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
    known = {table.name: table.sha256 for table in backup.tables}
    for table in closure.model.tables.values():
        if table.name not in known:
            continue
        rows = clause(closure.model, table.name)
        found = hashlib.sha256()
        for block in read_rows(
            session, rows, table.columns, table.key, closure.content(table, rows)
        ):
            found.update(block)
        if found.hexdigest() != known[table.name]:
            raise ChangedMeanwhile(table=table.label)
