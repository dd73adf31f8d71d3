"""A progress bar on a terminal, fed by the observers' hook."""

import click

from sichern_hooks import Progress, hookimpl


class ProgressBar:
    """Shows the tenant whose rows are being written; an observer like any other."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._bar: object | None = None
        self._done = 0

    @hookimpl
    def sichern_progress(self, progress: Progress) -> None:
        """Draw one step."""
        if progress.tenant.key != self._key:
            self.close()
            self._key = progress.tenant.key
            self._done = 0
        if progress.total and self._bar is None:
            self._bar = click.progressbar(
                length=progress.total, label=progress.tenant.key, file=click.get_text_stream("stderr")
            ).__enter__()
        if self._bar is not None:
            self._bar.update(progress.done - self._done)  # type: ignore[attr-defined]
            self._done = progress.done

    def close(self) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)  # type: ignore[attr-defined]
            self._bar = None
