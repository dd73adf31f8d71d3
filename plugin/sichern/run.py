"""What every run has: an id, a clock, somebody who may stop it, and an end that is told."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pluggy

from sichern.report.observe import observe
from sichern_hooks import N_, Actor, AuditEvent, SichernError, TenantRef

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


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
        return Unexpected(reason=f"{type(unknown).__name__}: {unknown}")
    return None


def audit(
    manager: pluggy.PluginManager, actor: Actor, run: str, tenant: TenantRef, event: str
) -> None:
    """Let the host keep who did what."""
    audited = AuditEvent(actor=actor, event=event, tenant=tenant, details={"run": run})
    observe(manager.hook.sichern_audit, event=audited)
