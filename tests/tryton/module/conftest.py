"""A Tryton with the module, served over HTTP."""

from collections.abc import Iterator

import pytest

from tests.support.module import demo_with_module
from tests.support.serving import WebServer, serving
from tests.support.tryton import copy_sqlite


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A server with two companies: `anna` works in the first, `bernd` in the second."""
    database = copy_sqlite(demo_with_module(), tmp_path_factory.mktemp("served"))
    with serving(database) as server:
        yield server
