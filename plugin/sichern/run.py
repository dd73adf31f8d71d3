"""What every run has: an id, a clock, somebody who may stop it, and an end that is told."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import pluggy

from sichern.report.observe import observe
from sichern_hooks import N_, Actor, AuditEvent, SichernError, TenantRef

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Answer = Callable[[int, FrameType | None], None] | signal.Handlers
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What a terminal, an administrator, and a connection that closes send to stop a run."""


class Cancelled(SichernError):
    """Somebody stopped the run."""

    code = "cancelled"
    message = N_("the run was cancelled")
    hint = N_("nothing was kept of it; start it again when it suits")


class Unexpected(SichernError):
    """An error that nobody foresaw; the log has the traceback."""

    code = "unexpected"
    message = N_("an unexpected error ended the run: %(reason)s")
    hint = N_("report it with the log of this run; nothing was kept of it")

    @classmethod
    def of(cls, error: Exception) -> "Unexpected":
        """Say what an error says."""
        return cls(reason=f"{type(error).__name__}: {error}")


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def carry_out(work: Callable[[], None], what: str) -> SichernError | None:
    """Do the work of a run; give the error that ended it, whatever it was.

    `what` names the work in the log, where an error that nobody foresaw leaves its traceback.
    """
    try:
        work()
    except SichernError as known:
        return known
    except KeyboardInterrupt:
        return Cancelled()
    except Exception as unknown:
        logger.exception("%s failed", what)
        return Unexpected.of(unknown)
    return None


@contextmanager
def stoppable() -> Iterator[None]:
    """Let each of STOPS interrupt as Ctrl-C does, so that a run clears away what it began.

    One that somebody chose to ignore (nohup) stays ignored.
    """
    with _answering(
        {each for each in STOPS if signal.getsignal(each) == signal.SIG_DFL},
        signal.default_int_handler,
    ):
        yield


@contextmanager
def unstoppable() -> Iterator[None]:
    """Let none of STOPS through: from a commit until it is told, nothing can be taken back."""
    with _answering(set(STOPS), signal.SIG_IGN):
        yield


@contextmanager
def _answering(signals: set[signal.Signals], answer: Answer) -> Iterator[None]:
    """Answer signals in a way of our own for a while; they reach nothing but the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, answer) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def audit(
    manager: pluggy.PluginManager, actor: Actor, run: str, tenant: TenantRef, event: str
) -> None:
    """Let the host keep who did what."""
    audited = AuditEvent(actor=actor, event=event, tenant=tenant, details={"run": run})
    observe(manager.hook.sichern_audit, event=audited)
