"""Observers are told one by one: what one does never reaches the run or the other observers."""

import logging
from typing import Any

import pytest

from sichern.report.observe import observe
from sichern_hooks import Progress, TenantRef, create_manager, hookimpl

STEP = Progress(run="run-1", tenant=TenantRef(host="acme", key="1"), phase="rows", done=1, total=2)


class Seeing:
    def __init__(self) -> None:
        self.seen: list[Progress] = []

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        self.seen.append(progress)


class Broken:
    @hookimpl
    def sichern_progress(self) -> None:
        raise RuntimeError("broken observer")


@pytest.mark.parametrize("order", [1, -1])
def test_an_exception_is_logged_and_the_others_are_told(
    order: int, caplog: pytest.LogCaptureFixture
) -> None:
    before, after = Seeing(), Seeing()
    plugins: list[Any] = [before, Broken(), after][::order]
    manager = create_manager(*plugins, load=False)
    with caplog.at_level(logging.ERROR):
        observe(manager.hook.sichern_progress, progress=STEP)
    assert before.seen == after.seen == [STEP]
    assert "broken observer" in caplog.text


def test_without_observers_nothing_happens() -> None:
    observe(create_manager(load=False).hook.sichern_progress, progress=STEP)
