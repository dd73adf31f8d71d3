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
