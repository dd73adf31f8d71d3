"""What somebody at a terminal sees of a run while it goes on.

Backups and imports are fed by the observers' hook, checks by a function.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import click

from sichern.cli.output import on_terminal
from sichern.report.text import printable
from sichern_hooks import Progress, Tenant, TenantRef, hookimpl

ProgressHook = Callable[[int, int], None]
"""Takes what is done and what there is in all, in bytes."""


class ProgressBar:
    """Shows the tenant whose rows are being written, where somebody watches.

    An observer like any other; a context manager that ends the bar's line.
    """

    def __init__(self, shown: bool) -> None:
        self._watched = shown and on_terminal()
        self._names: dict[TenantRef, str] = {}
        self._shown: TenantRef | None = None
        self._bar: Any = None
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def name(self, tenants: list[Tenant]) -> None:
        """Say how the tenants are called."""
        self._names = {tenant.ref: tenant.name for tenant in tenants}

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Draw one step."""
        if not self._watched:
            return
        if progress.tenant != self._shown:
            self._close()
            self._shown, self._done = progress.tenant, 0
            label = self._names.get(progress.tenant, progress.tenant.key)
            self._bar = _bar(progress.total, label).__enter__()
        if self._bar is not None:
            self._bar.update(progress.done - self._done)
            self._done = progress.done

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


class PhaseLine:
    """Shows which table an import is at, in one line that is written over, where somebody watches.

    An observer like any other; a context manager that wipes its line.
    """

    def __init__(self, shown: bool) -> None:
        self._watched = shown and on_terminal()
        self._label = ""
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._show("")

    def name(self, label: str) -> None:
        """Say what is imported."""
        self._label = label

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Show the table, of an import as of the backup before it."""
        self._show(printable(f"{self._label}: {progress.phase}"))

    def _show(self, text: str) -> None:
        if self._watched and text != self._shown:
            wiped = " " * (len(self._shown) - len(text))
            click.echo(f"\r{text}{wiped}" + ("" if text else "\r"), nl=False, err=True)
            self._shown = text


@contextmanager
def progress_hook(label: str, shown: bool) -> Iterator[ProgressHook | None]:
    """A bar for work that says how many bytes of how many are done; None where nobody watches."""
    if not shown:
        yield None
        return
    told = 0
    with _bar(100, label) as bar:

        def progress(done: int, total: int) -> None:
            nonlocal told
            percent = done * 100 // total if total else 100
            bar.update(percent - told)
            told = percent

        yield progress


def _bar(length: int, label: str) -> Any:
    return click.progressbar(length=length, label=label, file=sys.stderr)
