"""The page on which a run is watched: it moves by itself, and shows nobody another's tenants."""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.sao import PATIENCE, picture
from tests.support.serving import WebServer
from tests.support.visitor import Visitor

MEGA = 1_000_000


class Going:
    """A run of company 2 on another machine, which the test moves as its process would."""

    def __init__(self, server: WebServer) -> None:
        self._file = server.databases[0].file
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        long_ago = now - dt.timedelta(minutes=4)
        self.id = self._do(
            "INSERT INTO sichern_run (kind, name, state, started, heartbeat, machine, destination)"
            " VALUES ('back-up', 'a', 'running', ?, ?, 'elsewhere', '/srv')", long_ago, now,
        )
        self._do(
            "INSERT INTO sichern_run_tenant"
            " (run, company, key, name, state, started, done, total)"
            " VALUES (?, 2, '2', 'Beispiel AG', 'running', ?, ?, ?)",
            self.id, long_ago, 40 * MEGA, 100 * MEGA,
        )

    def move(self, **values: object) -> None:
        """Note something of the tenant."""
        named = ", ".join(f"{name} = ?" for name in values)
        self._do(f"UPDATE sichern_run_tenant SET {named} WHERE run = ?",
                 *values.values(), self.id)

    def end(self) -> None:
        """Note that all is done."""
        self.move(state="complete")
        self._do("UPDATE sichern_run SET state = 'complete' WHERE id = ?", self.id)

    def forget(self) -> None:
        """Leave no run behind."""
        self._do("DELETE FROM sichern_run_tenant WHERE run = ?", self.id)
        self._do("DELETE FROM sichern_run WHERE id = ?", self.id)

    def _do(self, sql: str, *values: Any) -> int:
        with closing(sqlite3.connect(self._file, timeout=30)) as connection, connection:
            kept = [str(each) if isinstance(each, dt.datetime) else each for each in values]
            return int(connection.execute(sql, kept).lastrowid or 0)


@pytest.fixture
def going(server: WebServer) -> Iterator[Going]:
    """A run that is 40 % done, four minutes after it began."""
    run = Going(server)
    yield run
    run.forget()


def test_a_run_is_watched_without_pressing_anything(
    open_client: Open, server: WebServer, going: Going
) -> None:
    client = open_client("de")
    client.sign_in(server.databases[0].name, "chef", "chef-sichern")
    client.open_menu("Datei", "Mandantenverwaltung")
    client.entry("Läufe").last.locator(".column-char").click()
    client.settle()
    client.row("Beispiel AG").filter(has_text="Läuft").locator("td").nth(2).dblclick()
    with client.page.context.expect_page() as opened:
        client.press("Fortschritt")
    page = opened.value
    row = page.locator("#tenants tr").filter(has_text="Beispiel AG")
    expect(row).to_contain_text("40 %", timeout=PATIENCE)
    expect(row).to_contain_text("Läuft")
    expect(row).to_contain_text("6 Minuten")
    going.move(done=80 * MEGA)
    expect(row).to_contain_text("80 %", timeout=PATIENCE)
    expect(row).to_contain_text("1 Minute")
    picture(page, "progress-de")
    going.end()
    expect(page.locator("#said")).to_have_text("Vollständig", timeout=PATIENCE)


@pytest.mark.parametrize("login", ["anna", "bernd"])
def test_who_holds_no_right_sees_nothing_of_a_run(
    server: WebServer, going: Going, login: str
) -> None:
    visitor = Visitor(port=server.port, database=server.databases[0].name)
    visitor.sign_in(login, f"{login}-sichern")
    for path in ("", "state"):
        answer = visitor.ask("GET", f"/{visitor.database}/sichern/run/{going.id}/{path}")
        assert answer.status == 404
        assert "Beispiel" not in answer.body.decode()
