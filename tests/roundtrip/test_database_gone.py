"""A database that goes away at any moment of a run makes it fail, and nothing is kept."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.pipeline import AtStep, Pipeline, failure
from tests.support.postgres import Server, running_server

LINES = 60_000
SHARES = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
WAYS = {"an administrator ends the session": signal.SIGTERM, "the server crashes": signal.SIGKILL}
GONE = {"database-gone", "snapshot-lost", "database-unavailable"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own: one whose session is killed ends all sessions and starts anew."""
    yield from running_server(restart_after_crash="on")


@pytest.fixture(scope="module")
def pipeline(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    made = Pipeline(server, tmp_path_factory.mktemp("gone"), LINES)
    server.run("checkpoint")
    return made


def answers(server: Server) -> None:
    """Wait until the server is back."""
    for _ in range(200):
        try:
            psycopg.connect(server.uri("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not come back")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("share", SHARES)
def test_a_run_whose_database_goes_away_fails_and_keeps_nothing(
    pipeline: Pipeline, share: float, way: str
) -> None:
    def strike() -> None:
        pids = pipeline.backends()
        assert pids
        for pid in pids:
            os.kill(pid, WAYS[way])

    struck = AtStep(share=share, what=strike)
    report = pipeline.back_up("postgres", struck)
    answers(pipeline.server)
    assert struck.done
    assert failure(report) in GONE
    assert list(pipeline.target.iterdir()) == []
    assert report.tenants[0].files == ()


def test_the_run_after_that_is_complete(pipeline: Pipeline) -> None:
    answers(pipeline.server)
    assert pipeline.contents()["data/line/00001.tsv"]
    for path in pipeline.target.iterdir():
        path.unlink()


def test_a_server_that_is_not_there_at_all_is_said_without_a_password(
    server: Server, tmp_path: Path
) -> None:
    pipeline = Pipeline(server, tmp_path)
    server.drop_database(pipeline.name)
    report = pipeline.back_up("postgres:hush")
    assert failure(report) == "database-unavailable"
    assert "hush" not in f"{report.tenants[0].error} {report.tenants[0].protocol}"
    assert list(pipeline.target.iterdir()) == []
