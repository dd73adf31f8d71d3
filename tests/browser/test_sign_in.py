"""The web client of a real Tryton in a real browser: signing in, the menu, a list."""

import pytest
from playwright.sync_api import expect

from sichern.hosts.tryton.demo import ADMIN_PASSWORD
from tests.browser.conftest import Open
from tests.support.serving import WebServer


@pytest.mark.parametrize(
    ("language", "login", "password", "menu", "company"),
    [
        ("de", "chef", "chef-sichern", ("Parteien", "Parteien"), "Beispiel AG"),
        ("en", "admin", ADMIN_PASSWORD, ("Parties", "Parties"), "Beispiel AG"),
    ],
)
def test_a_person_signs_in_and_opens_a_list(
    open_client: Open, server: WebServer, language: str, login: str, password: str,
    menu: tuple[str, ...], company: str,
) -> None:
    client = open_client(language)
    client.sign_in(server.databases[0].name, login, password)
    expect(client.entry(menu[0])).to_be_visible()
    client.open_menu(*menu)
    expect(client.row(company).first).to_be_visible()
