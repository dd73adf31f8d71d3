"""What every test may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.postgres import Server, running_server

# Time says nothing about an example on a machine that runs other things as well.
settings.register_profile("sichern", settings(), deadline=None)
settings.load_profile("sichern")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL server for the whole session; a test makes its own database in it."""
    yield from running_server()


LONGEST = ("browser", "tryton", "roundtrip", "cli", "restore", "hostile")
"""Folders whose files take minutes: begun last, one would keep a worker while the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin first."""
    folders = {each: number for number, each in enumerate(LONGEST)}
    root = Path(__file__).parent
    items.sort(key=lambda item: folders.get(item.path.relative_to(root).parts[0], len(LONGEST)))
