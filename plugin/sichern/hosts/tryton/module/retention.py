"""Removes a job's older pairs, only after a newer one was checked, and never the last one."""

import logging
from pathlib import Path
from typing import Any

from trytond.pool import Pool

from sichern.archive.stems import INFO
from sichern.hosts.tryton.keeping import surplus
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
            ("files", "!=", None), ("files", "!=", ""),
        ],
        order=[("id", "DESC")],
    )
    there = [each for each in made if each.run.destination == run.destination]
    removed: list[str] = []
    for each in surplus(there, keep):
        files = each.files.splitlines()
        try:
            _remove(files)
        except OSError as error:
            logger.warning("an older backup could not be removed: %s", error)
            continue
        each.files = ""
        each.save()
        removed.extend(files)
    return removed


def _remove(files: list[str]) -> None:
    """Remove a pair, the info file first: without it the rest is no backup any more."""
    for file in sorted(files, key=lambda name: not name.endswith(INFO)):
        Path(file).unlink(missing_ok=True)
