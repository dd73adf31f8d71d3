"""What every test may ask for."""

from collections.abc import Iterator

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
