"""Tryton's web client as a person uses it: by what is written on the screen."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 20_000
"""Milliseconds until something that does not appear counts as not there."""
QUIET = """async () => {
    const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
    do {
        await pause(50);
        while (jQuery.active) await pause(10);
        await pause(50);
    } while (jQuery.active);
}"""


def picture(page: Page, name: str) -> None:
    """Keep the screen where `SICHERN_SCREENS` names a folder."""
    folder = os.environ.get("SICHERN_SCREENS")
    if folder:
        page.wait_for_timeout(1000)  # until a dialog has faded in
        page.screenshot(path=Path(folder, f"{name}.png"))


class Sao:
    """One browser tab with the web client of one server."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        page.set_default_timeout(PATIENCE)

    def sign_in(self, database: str, login: str, password: str) -> None:
        """Open the client, sign in, and wait for the menu."""
        self.page.goto(f"{self._url}/#{database}")
        dialog = self.page.locator(".login-dialog")
        dialog.locator("input[name=login]").fill(login)
        # Before the list of databases has come, the client drops what is submitted.
        chosen = dialog.locator("[name=database]:visible")
        expect(chosen).to_have_value(database, timeout=PATIENCE)
        dialog.locator("button[type=submit]").click()
        asked = self.page.locator(".modal input[type=password]")
        asked.fill(password)
        asked.press("Enter")
        expect(self.page.locator("#menu .column-char").first).to_be_visible(timeout=PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Wait until the client has no question to the server under way."""
        self.page.evaluate(QUIET)

    @property
    def menu(self) -> Locator:
        """The entries of the menu that can be seen, parents before what is below them."""
        return self.page.locator("#menu tr .column-char")

    def entry(self, label: str) -> Locator:
        """The entry of the menu with this label."""
        return self.page.locator("#menu tbody tr").filter(
            has=self.page.locator(f'.column-char[title="{label}"]')
        )

    def open_menu(self, *labels: str) -> Locator:
        """Unfold the menu along the labels, open the last one, and give its tab."""
        *above, last = labels
        for label in above:
            self.entry(label).locator(".expander img").click()
            self.settle()
        self.entry(last).last.locator(".column-char").click()
        tab = self.tab
        expect(tab.locator(".title")).to_contain_text(last, timeout=PATIENCE)
        self.settle()
        return tab

    @property
    def tab(self) -> Locator:
        """The tab in front."""
        return self.page.locator("#tabcontent > .tab-pane.active")

    @property
    def rows(self) -> Locator:
        """The rows of the list in the tab in front."""
        return self.tab.locator("table.tree > tbody > tr:visible")

    def row(self, text: str) -> Locator:
        """The row of the list with this text in one of its cells."""
        return self.rows.filter(has_text=text)

    def tick(self, text: str) -> None:
        """Choose a row of the list beside those that are chosen."""
        self.row(text).locator("td.selection-state input").check()

    def button(self, label: str) -> Locator:
        """A button of the tab in front, or of the dialog above it."""
        return self.page.get_by_role("button", name=re.compile(rf"^\s*{re.escape(label)}\s*$"))

    @property
    def dialog(self) -> Locator:
        """The dialog in front."""
        return self.page.locator(".modal.in").last

    def press(self, label: str) -> None:
        """Press a button and wait for what it does."""
        self.button(label).last.click()
        self.settle()

    def choose(self, field: str, label: str) -> None:
        """Choose an entry of a selection of the dialog by what is written there."""
        select = self.dialog.locator(f"select[name={field}]")
        expect(select.locator("option").filter(has_text=label)).to_be_attached(timeout=PATIENCE)
        select.select_option(label=label)
        self.settle()

    def go_on(self, label: str, seen: Locator) -> None:
        """Press a button of a dialog until this is seen.

        The client loses a click while it still draws the dialog; a person waits, and clicks again.
        """
        self._press_until(label, lambda: seen.is_visible())

    def finish(self, label: str) -> None:
        """Press the button that ends a dialog, once that is there, until it is gone."""
        expect(self.dialog).to_be_visible(timeout=PATIENCE)
        self._press_until(label, lambda: not self.page.locator(".modal.in").count())

    def _press_until(self, label: str, done: Callable[[], bool]) -> None:
        end = time.monotonic() + 2 * PATIENCE / 1000
        while not done():
            assert time.monotonic() < end, self.page.locator(".modal.in").all_inner_texts()
            self.press(label)
            heard = time.monotonic() + PATIENCE / 4000
            while not done() and time.monotonic() < heard:
                self.page.wait_for_timeout(100)

    def wait_for_rows(self, text: str, count: int, seconds: float) -> None:
        """Look again, as a person does, until so many rows of the list have this text."""
        self._look_again(lambda: self.row(text).count() >= count, seconds)

    def wait_for_button(self, text: str, label: str, seconds: float) -> None:
        """Look again until the row with this text has a button."""
        button = self.row(text).get_by_role("button", name=label)
        self._look_again(lambda: button.count() > 0, seconds)

    def _look_again(self, there: Callable[[], bool], seconds: float) -> None:
        """Less and less often: each look makes the client draw the list anew, which takes time."""
        end, pause = time.monotonic() + seconds, 500.0
        while not there():
            if time.monotonic() > end:
                picture(self.page, "failed")
                raise AssertionError(
                    self.tab.inner_text(), self.page.locator(".modal.in").all_inner_texts()
                )
            self.page.keyboard.press("Control+r")
            self.settle()
            self.page.wait_for_timeout(pause)
            pause = min(2 * pause, 8000.0)
