"""What the tests of runs with several processes share."""

from collections.abc import Iterator

import pytest

from sichern.workers import Workers
from tests.support.workers import noting_workers


@pytest.fixture
def started() -> Iterator[list[Workers]]:
    """The workers that runs start."""
    with noting_workers() as found:
        yield found


@pytest.fixture
def two_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are divided into small windows, read by two processes a chunk at a time."""
    monkeypatch.setattr("sichern.readers.free_cores", lambda: 2)
    monkeypatch.setattr("sichern.windows.ROWS", 30_000)
    monkeypatch.setattr("sichern.tables.AT_ONCE", 1)


@pytest.fixture
def many_windows(two_readers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more windows than are read ahead: whoever strikes early strikes one to come."""
    monkeypatch.setattr("sichern.windows.ROWS", 3_000)
