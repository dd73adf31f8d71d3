"""What every test may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.postgres import Server, running_server

# Time says nothing about an example on a machine that runs other things as well.
settings.register_profile("sichern", settings(), deadline=None)
settings.load_profile("sichern")

LONGEST = (
    "roundtrip/test_import_tryton.py",
    "cli/test_demo.py",
    "tryton/test_host_description.py",
    "tryton/module/test_jobs.py",
    "tryton/test_import_many_modules.py",
    "tryton/test_rows_of_a_company.py",
)
"""They begin, so that no process is left with one of them at the end; the first ones make what
others use as well, each something else, and what waits for it comes last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin."""
    first = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL server for the whole session; a test makes its own database in it."""
    yield from running_server()
