"""The command `sichern`."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status: see `sichern.cli.program`."""
    with _nothing_to_clear_away():
        from sichern.cli.program import main as run

        return run(arguments)


@contextmanager
def _nothing_to_clear_away() -> Iterator[None]:
    """Let Ctrl-C end the program without a traceback, until a command takes it in hand."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
