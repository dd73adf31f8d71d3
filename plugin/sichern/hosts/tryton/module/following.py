"""What a run in another process changed, followed by the server that shows the run."""

from collections.abc import Iterable
from typing import Any

from trytond.cache import Cache
from trytond.transaction import Transaction

from sichern.hosts.tryton.module import states

_followed: set[tuple[str, int]] = set()


def follow_imports(runs: Iterable[Any]) -> None:
    """Drop this process's caches once for each import that ended well.

    They know nothing of the tenant. Tryton itself notices after `[cache] clean_timeout`, by
    default five minutes, in which a person who sees the import end would look in vain.
    """
    database = Transaction().database.name
    ended = {
        (database, run.id) for run in runs
        if run.kind == states.IMPORT and run.state in states.GOOD
    }
    if not ended <= _followed:
        Cache.clear_all()
        _followed.update(ended)
