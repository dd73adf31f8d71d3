"""The way of an import through the web client: a backup, its plan, the import, the protocol."""

import re
import shutil
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.sao import PATIENCE, Sao
from tests.support.serving import WebServer
from tests.support.sichern import back_up_all
from tests.support.tryton import demo_sqlite

MENU = ("Datei", "Mandantenverwaltung")
WAITS = 120
"""Seconds that a plan, or an import, of a small tenant may take on a busy machine."""


@pytest.fixture(scope="module")
def offered(server: WebServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pair of Muster GmbH in the allowed folder; what the dialog calls it begins so."""
    made = back_up_all(demo_sqlite(), tmp_path_factory.mktemp("elsewhere"))["1"].ztx
    for file in (made, made.with_suffix(".zip")):
        shutil.copy(file, server.config.parent / "backups")
    return "Muster GmbH (1), "


def test_a_pair_is_imported_after_a_look_at_its_plan(
    open_client: Open, server: WebServer, offered: str
) -> None:
    client = _planned(open_client, server, offered, "Als neuer Mandant neben anderen")
    expect(client.dialog.locator("textarea")).to_have_value(
        re.compile("Plan des Imports von Muster GmbH.*Art: als neuer Mandant", re.S)
    )
    client.finish("Import")
    expect(client.tab.locator(".title")).to_contain_text("Lauf", timeout=PATIENCE)
    client.settle()
    client.wait_for_rows("Vollständig", 1, WAITS)
    assert _ask(server, "SELECT count(*) FROM company_company") == 3


def test_nothing_is_replaced_unless_the_tenants_name_was_typed(
    open_client: Open, server: WebServer, offered: str
) -> None:
    client = _planned(open_client, server, offered, "Denselben Mandanten ersetzen")
    imports = "SELECT count(*) FROM sichern_run WHERE kind = 'import'"
    before = _ask(server, imports)
    client.dialog.locator("input[name=typed]").fill("Muster")
    client.go_on("Import", client.page.get_by_text("nicht der Name des Mandanten").first)
    assert _ask(server, imports) == before


def _ask(server: WebServer, statement: str) -> object:
    """Ask the served database for one value."""
    ((value,),) = server.databases[0].sql(statement)
    return value


def _planned(open_client: Open, server: WebServer, offered: str, way: str) -> Sao:
    """Sign in, choose the pair and the way, and wait for the plan."""
    client = open_client("de")
    client.sign_in(server.databases[0].name, "chef", "chef-sichern")
    client.open_menu(*MENU)
    client.entry("Import").last.locator(".column-char").click()
    client.settle()
    pairs = client.dialog.locator("select[name=pair]")
    expect(pairs.locator("option").filter(has_text=offered).first).to_be_attached(timeout=PATIENCE)
    label = next(each for each in pairs.locator("option").all_inner_texts() if offered in each)
    pairs.select_option(label=label)
    client.dialog.locator("select[name=way]").select_option(label=way)
    client.settle()
    if client.dialog.locator("select[name=safety]").is_visible():
        client.dialog.locator("select[name=safety]").select_option(label="NAS")
    confirmed = client.dialog.locator("input[name=copy_confirmed]")
    if confirmed.is_visible():
        confirmed.check()
    client.go_on("Plan zeigen", client.dialog.locator("textarea"))
    end = time.monotonic() + WAITS
    while "Plan des Imports" not in client.dialog.locator("textarea").input_value():
        assert time.monotonic() < end, client.dialog.inner_text()
        client.press("Aktualisieren")
    expect(client.dialog.get_by_role("button", name="Import")).to_be_enabled(timeout=PATIENCE)
    return client
