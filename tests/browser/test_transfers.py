"""A tenant's way from one system to another with nothing but browsers in between."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from sichern.hosts.tryton.demo import ADMIN_PASSWORD
from tests.browser.conftest import Open
from tests.browser.sao import PATIENCE, picture
from tests.support.serving import WebServer
from tests.support.tryton import TrytonDatabase

TENANT = "Beispiel AG"
RUN = 120
"""Seconds that a run of a small tenant may take on a busy machine."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the person's own machine."""
    return tmp_path_factory.mktemp("downloads")


def test_a_backup_goes_down_to_the_browsers_machine(
    open_client: Open, server: WebServer, shelf: Path
) -> None:
    client = open_client("de")
    client.sign_in(server.databases[0].name, "chef", "chef-sichern")
    client.open_menu("Datei", "Mandantenverwaltung")
    client.tick(TENANT)
    client.press("Sichern")
    expect(client.dialog.locator("tbody tr").filter(has_text=TENANT)).to_be_visible()
    client.choose("destination", "Mit dem Browser herunterladen")
    client.finish("Ausführen")
    client.wait_for_rows("Vollständig", 1, RUN)
    assert _fetched(server.databases[0]) == []
    client.wait_for_button(TENANT, "Herunterladen", RUN)
    client.row(TENANT).locator("td.selection-state input").check()
    with client.page.context.expect_page() as opened:
        client.row(TENANT).get_by_role("button", name="Herunterladen").click()
    fetched: list[Download] = []
    opened.value.on("download", lambda download: fetched.append(download))
    picture(opened.value, "download-de")
    opened.value.get_by_role("button", name="Alle Dateien herunterladen").click()
    _until(lambda: len(fetched) == 2, opened.value)
    for each in fetched:
        each.save_as(shelf / each.suggested_filename)
    _until(lambda: _fetched(server.databases[0]) == [(TENANT,)], opened.value)
    (info,) = shelf.glob("*.ztx")
    subprocess.run(
        [Path(sys.executable).with_name("sichern"), "check", str(info)], check=True,
        capture_output=True, timeout=60,
    )


def test_the_pair_goes_up_into_another_system_and_its_invoices_are_seen(
    open_client: Open, server: WebServer, shelf: Path
) -> None:
    client = open_client("en")
    client.sign_in(server.databases[1].name, "admin", ADMIN_PASSWORD)
    client.open_menu("File", "Tenant Management")
    client.entry("Import").last.locator(".column-char").click()
    client.settle()
    client.choose("source", "Upload with the browser")
    client.choose("way", "Into an empty system")
    with client.page.context.expect_page() as opened:
        client.go_on("Show Plan", client.dialog.get_by_text("Choose the files of the backup"))
    page = opened.value
    early = client.page.get_by_text("has not arrived").first
    client.go_on("Show Plan", early)
    client.button("OK").last.click()
    expect(early).to_be_hidden(timeout=PATIENCE)
    page.locator("input[type=file]").set_input_files(list(shelf.iterdir()))
    picture(page, "upload-en")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Everything arrived.")).to_be_visible(timeout=PATIENCE)
    plan = client.dialog.locator("textarea")
    client.go_on("Show Plan", plan)
    end = time.monotonic() + RUN
    while "Plan of the import of" not in plan.input_value():
        assert time.monotonic() < end, client.dialog.inner_text()
        client.press("Refresh")
    client.finish("Import")
    client.wait_for_rows("Complete", 1, RUN)
    client.page.reload()
    expect(client.menu.first).to_be_visible(timeout=PATIENCE)
    client.settle()
    client.open_menu("Financial", "Invoices", "Customer Invoices")
    client.tab.get_by_role("tab", name="All").click()
    client.settle()
    for number in _invoices(server.databases[0]):
        expect(client.row(number)).to_be_visible(timeout=PATIENCE)


def _fetched(database: TrytonDatabase) -> list[tuple[str]]:
    """The tenants whose pairs somebody has, as the server noted it."""
    return database.sql("SELECT name FROM sichern_run_tenant WHERE fetched IS NOT NULL")


def _invoices(database: TrytonDatabase) -> list[str]:
    """The numbers of the tenant's customer invoices in the system that it comes from."""
    rows = database.sql(
        "SELECT number FROM account_invoice WHERE company = 2 AND type = 'out'"
        " AND number IS NOT NULL"
    )
    assert rows
    return [number for (number,) in rows]


def _until(seen: Callable[[], bool], page: Page) -> None:
    end = time.monotonic() + PATIENCE / 1000
    while not seen():
        assert time.monotonic() < end
        page.wait_for_timeout(100)
