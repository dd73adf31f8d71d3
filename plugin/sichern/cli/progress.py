"""Progress bars on a terminal: of a backup, fed by the observers' hook, and of a check."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from sichern_hooks import Progress, hookimpl

ProgressHook = Callable[[int, int], None]
"""Takes what is done and what there is in all, in bytes."""


class ProgressBar:
    """Shows the tenant whose rows are being written; an observer like any other."""

    def __init__(self) -> None:
        self._shown: tuple[str, str] | None = None
        self._bar: Any = None
        self._done = 0

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Draw one step."""
        shown = (progress.run, progress.tenant.key)
        if shown != self._shown:
            self.close()
            self._shown, self._done = shown, 0
            self._bar = _bar(progress.total, progress.tenant.key).__enter__()
        self._bar.update(progress.done - self._done)
        self._done = progress.done
        if progress.done >= progress.total:
            self.close()

    def close(self) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


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
    return click.progressbar(length=length, label=label, file=click.get_text_stream("stderr"))
