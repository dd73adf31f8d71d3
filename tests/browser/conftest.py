"""One server and one browser for all tests of the web client."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.sao import Sao
from tests.support.module import demo_with_module, empty_with_module
from tests.support.need import missing, need
from tests.support.serving import WebServer, serving
from tests.support.tryton import copy_sqlite
from tests.support.webclient import web_client

LANGUAGES = {"de": "de-DE", "en": "en-US"}
SIZE = {"width": 1280, "height": 800}

Open = Callable[[str], Sao]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; root may run it only without its sandbox."""
    chromium = need("chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium, chromium_sandbox=os.geteuid() != 0
            )
        except Error as error:
            missing(f"chromium does not start: {error}")
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Two databases with the module, the second without a company.

    In the first, `chef` (German) and `admin` may do all in both companies. Their administrator
    allowed one folder, `backups` beside the databases.
    """
    folder = tmp_path_factory.mktemp("tryton")
    empty = copy_sqlite(empty_with_module(), folder)
    database = copy_sqlite(demo_with_module(), folder)
    backups = database.folder / "backups"
    backups.mkdir()
    with database.config.open("a", encoding="utf-8") as config:
        config.write(f"\n[sichern]\ndestinations = NAS: {backups}\n")
    with closing(sqlite3.connect(database.file)) as connection, connection:
        connection.execute(
            'INSERT INTO "res_user-company_company" ("user", company)'
            " SELECT res_user.id, company_company.id FROM res_user, company_company"
            " WHERE res_user.login = 'admin'"
        )
        connection.execute(
            'INSERT INTO "res_user-res_group" ("user", "group")'
            " SELECT res_user.id, db_id FROM res_user, ir_model_data"
            " WHERE login = 'chef' AND module = 'sichern' AND model = 'res.group'"
        )
    with serving(database, empty, root=web_client()) as server:
        yield server


@pytest.fixture
def open_client(browser: Browser, server: WebServer) -> Iterator[Open]:
    """Open the web client in a browser of this language that knows nothing of the others."""
    contexts = []

    def open_(language: str) -> Sao:
        context = browser.new_context(
            locale=LANGUAGES[language], viewport=SIZE, accept_downloads=True  # type: ignore[arg-type]
        )
        contexts.append(context)
        return Sao(context.new_page(), server.url)

    yield open_
    for context in contexts:
        context.close()
