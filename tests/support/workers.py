"""The processes that runs start, and what became of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sichern.workers import Workers


@contextmanager
def noting_workers() -> Iterator[list[Workers]]:
    """Give the workers that are started meanwhile."""
    found: list[Workers] = []
    start = Workers.__init__

    def noted(self: Workers, *arguments: object) -> None:
        start(self, *arguments)  # type: ignore[arg-type]
        found.append(self)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Workers, "__init__", noted)
        yield found


def gone(started: list[Workers]) -> bool:
    """Whether workers were started, and none of their processes is left."""
    pids = [pid for workers in started for pid in workers.pids]
    return bool(pids) and not any(Path(f"/proc/{pid}").exists() for pid in pids)
