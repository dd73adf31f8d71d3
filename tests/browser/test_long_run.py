"""A run that takes long goes on without the browser and without the server that began it."""

import os
import signal
import time
from contextlib import suppress

from playwright.sync_api import expect

from sichern.hosts.tryton.demo import ADMIN_PASSWORD
from tests.browser.conftest import Open
from tests.browser.sao import PATIENCE
from tests.support.serving import WebServer

LONG = 60 * float(os.environ.get("SICHERN_TEST_MINUTES", "0.2"))
"""Seconds for which the run is slowed; `SICHERN_TEST_MINUTES` names another number of minutes."""
STARTS = 30
ENDS = 60
TENANTS = ("Beispiel AG", "Muster GmbH")


def test_a_long_run_outlives_the_browser_and_the_server(
    open_client: Open, server: WebServer
) -> None:
    client = open_client("en")
    client.sign_in(server.databases[0].name, "admin", ADMIN_PASSWORD)
    client.open_menu("File", "Tenant Management")
    for tenant in TENANTS:
        client.tick(tenant)
    client.press("Back up")
    client.finish("Run")
    number, process = _process(server)
    client.page.context.close()
    _slow_down(process, LONG / 2)
    os.kill(process, signal.SIGSTOP)  # or it would be done before the server is back
    server.stop()
    server.start()
    _slow_down(process, LONG / 2)
    _wait_for_end(server, number)
    ((state, seconds),) = server.databases[0].sql(
        "SELECT state, (julianday(finished) - julianday(started)) * 86400 FROM sichern_run"
        " WHERE id = ?", number,
    )
    assert state == "complete"
    assert seconds >= LONG - 5
    client = open_client("en")
    client.sign_in(server.databases[0].name, "admin", ADMIN_PASSWORD)
    client.open_menu("File", "Tenant Management")
    client.entry("Runs").last.locator(".column-char").click()
    client.settle()
    expect(client.rows.first).to_contain_text("Complete", timeout=PATIENCE)


def _slow_down(process: int, seconds: float) -> None:
    """Let a process run for a few thousandths of each second only."""
    end = time.monotonic() + seconds
    with suppress(ProcessLookupError):
        while time.monotonic() < end:
            os.kill(process, signal.SIGSTOP)
            time.sleep(0.995)
            os.kill(process, signal.SIGCONT)
            time.sleep(0.005)


def _process(server: WebServer) -> tuple[int, int]:
    """The newest run, and its process, once that has begun."""
    end = time.monotonic() + STARTS
    while time.monotonic() < end:
        rows = server.databases[0].sql("SELECT id, pid FROM sichern_run WHERE state = 'running'")
        if rows:
            number, process = rows[0]
            return number, process
        time.sleep(0.02)
    raise AssertionError(server.databases[0].sql("SELECT * FROM sichern_run"))


def _wait_for_end(server: WebServer, number: int) -> None:
    end = time.monotonic() + ENDS
    going = "SELECT id FROM sichern_run WHERE id = ? AND state IN ('waiting', 'running')"
    while server.databases[0].sql(going, number):
        assert time.monotonic() < end
        time.sleep(0.5)
