"""Databases for the tests of reading."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import Server


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """An empty database of the session's server, by name."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def shared_database(postgres: Server) -> Iterator[str]:
    """An empty database for all tests of a module, by name."""
    name = postgres.create_database()
    yield name
    postgres.drop_database(name)
