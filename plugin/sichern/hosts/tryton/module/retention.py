"""Removes a job's older pairs, only after a newer one was checked, and never the last one."""

import logging
from pathlib import Path
from typing import Any

from trytond.pool import Pool

from sichern.hosts.tryton.keeping import remove, superfluous
from sichern.hosts.tryton.module import states

logger = logging.getLogger(__name__)


def thin_out(key: str, keep: int, run: Any) -> list[str]:
    """Keep the newest `keep` checked pairs of a tenant that a job made; give what was removed.

    Newer is what was made by a later run: clocks may go wrong. A pair that was not checked is
    neither counted nor removed, and pairs that no run of this job made are nobody's business.
    """
    if run.job is None:  # somebody deleted it meanwhile
        return []
    tenant = Pool().get("sichern.run.tenant")
    made = tenant.search(
        [
            ("run.job", "=", run.job.id), ("run.kind", "=", states.BACK_UP), ("key", "=", key),
            ("checked", "!=", None), ("files", "!=", None), ("files", "!=", ""),
        ],
        order=[("id", "DESC")],
    )
    files = {
        tuple(Path(file) for file in each.files.splitlines()): each
        for each in made if each.run.destination == run.destination
    }
    removed: list[str] = []
    for pair in superfluous(list(files), keep):
        try:
            remove(pair, run.folder.absolute())
        except OSError as error:
            logger.warning("an older backup could not be removed: %s", error)
            continue
        files[pair].files = ""
        files[pair].save()
        removed.extend(str(file) for file in pair)
    return removed
