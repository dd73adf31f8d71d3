"""What a run in another process changed, followed by the server that shows the run."""

from collections.abc import Iterable
from typing import Any

import trytond.config as config
from trytond.cache import Cache
from trytond.transaction import Transaction

from sichern.hosts.tryton.module import states

_followed: set[tuple[str, int]] = set()


def follow_imports(runs: Iterable[Any]) -> None:
    """Drop this process's caches once for each import that ended well.

    They know nothing of the tenant. Tryton itself notices after `[cache] clean_timeout`, by
    default five minutes, in which a person who sees the import end would look in vain. Where
    that is 0 the database's channel has told already.
    """
    database = Transaction().database
    if not config.getint("cache", "clean_timeout") and database.has_channel():
        return
    ended = {
        (database.name, run.id) for run in runs
        if run.kind == states.IMPORT and run.state in states.GOOD
    }
    if not ended <= _followed:
        # Not `clear_all`: that writes, and a look at a list waits for nobody's transaction. Nor
        # `drop`: it forgets that older transactions must not fill the new caches.
        Cache._clear_all(database.name)
        _followed.update(ended)
