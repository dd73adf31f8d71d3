"""The way of a backup through the web client, from the menu to the protocol."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sichern.hosts.tryton.demo import ADMIN_PASSWORD
from tests.browser.conftest import Open
from tests.browser.sao import PATIENCE, picture
from tests.support.serving import WebServer

TENANTS = ("Beispiel AG", "Muster GmbH")
RUN = 120
"""Seconds that a backup of two small tenants may take on a busy machine."""

RUNS = {"de": "Lauf", "en": "Single Run"}
"""The title of the tab with a run."""

PRESET = {
    "destination": {"de": "NAS", "en": "NAS"},
    "documents": {"de": "empfohlen", "en": "recommended"},
    "shared": {"de": "empfohlen", "en": "recommended"},
}
"""What the dialog has chosen already."""

STORY = [
    (
        "de", "chef", "chef-sichern", ("Datei", "Mandantenverwaltung"), "Sichern", "Ausführen",
        "Vollständig", "Protokoll",
    ),
    (
        "en", "admin", ADMIN_PASSWORD, ("File", "Tenant Management"), "Back up", "Run",
        "Complete", "Protocol",
    ),
]


@pytest.mark.parametrize(
    ("language", "login", "password", "menu", "sichern", "run", "complete", "protocol"), STORY
)
def test_two_tenants_are_backed_up_on_the_screen(
    open_client: Open, server: WebServer, language: str, login: str, password: str,
    menu: tuple[str, ...], sichern: str, run: str, complete: str, protocol: str,
) -> None:
    backups = server.config.parent / "backups"
    before = set(backups.glob("*.ztx"))
    client = open_client(language)
    client.sign_in(server.databases[0].name, login, password)
    client.open_menu(*menu)
    for tenant in TENANTS:
        client.tick(tenant)
    picture(client.page, f"tenants-{language}")
    client.press(sichern)
    for tenant in TENANTS:
        expect(client.dialog.locator("tbody tr").filter(has_text=tenant)).to_be_visible()
    for field in ("destination", "documents", "shared"):
        chosen = client.dialog.locator(f"select[name={field}] option:checked")
        expect(chosen).to_have_text(re.compile(PRESET[field][language]), timeout=PATIENCE)
    expect(client.dialog.locator("input[name=free]")).to_have_value(re.compile(r"\d.*B$"))
    expect(client.dialog.locator("input[name=needed]")).to_have_value(re.compile(r"\w"))
    picture(client.page, f"dialog-{language}")
    client.finish(run)
    expect(client.tab.locator(".title")).to_contain_text(RUNS[language], timeout=PATIENCE)
    picture(client.page, f"running-{language}")
    client.wait_for_rows(complete, len(TENANTS), RUN)
    picture(client.page, f"done-{language}")
    client.row(TENANTS[0]).locator("td").nth(2).dblclick()
    expect(client.dialog.get_by_role("tab", name=protocol)).to_be_visible()
    expect(client.dialog.locator("textarea").first).to_have_value(re.compile(TENANTS[0]))
    picture(client.page, f"protocol-{language}")
    written = set(backups.glob("*.ztx")) - before
    assert len(written) == len(TENANTS)
    for pair in written:
        _check(pair)


def _check(pair: Path) -> None:
    """Let the command say that the pair is whole."""
    subprocess.run(
        [Path(sys.executable).with_name("sichern"), "check", str(pair)], check=True,
        capture_output=True, timeout=60,
    )
