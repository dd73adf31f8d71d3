"""What a run and each tenant of it can be: words that are kept, and the texts that people see."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from trytond.pyson import Eval, If

from sichern_hooks import N_, Documents, Outcome, SharedRows, Way

WAITING = "waiting"
RUNNING = "running"
COMPLETE = str(Outcome.COMPLETE)
WARNINGS = str(Outcome.WARNINGS)
FAILED = str(Outcome.FAILED)
CANCELLED = str(Outcome.CANCELLED)
IN_PART = "failed-in-part"

BACK_UP = "back-up"
PLAN = "plan"
IMPORT = "import"

GOING_ON = (WAITING, RUNNING)
GOOD = (COMPLETE, WARNINGS)

KINDS = [
    (BACK_UP, N_("Backup")),
    (PLAN, N_("Plan of an import")),
    (IMPORT, N_("Import")),
]
TENANT_STATES = [
    (WAITING, N_("Waiting")),
    (RUNNING, N_("Running")),
    (COMPLETE, N_("Complete")),
    (WARNINGS, N_("Complete with warnings")),
    (FAILED, N_("Failed")),
    (CANCELLED, N_("Cancelled")),
]
STATES = [*TENANT_STATES[:4], (IN_PART, N_("Failed in part")), *TENANT_STATES[4:]]
DOCUMENTS = [
    (str(Documents.INSIDE), N_("In the archive (recommended)")),
    (str(Documents.SEPARATE), N_("In an archive of their own")),
    (str(Documents.WITHOUT), N_("Left out")),
]
SHARED = [
    (str(SharedRows.DEFAULT), N_("Used by the tenant or by nobody else (recommended)")),
    (str(SharedRows.REACHED), N_("Only those that the tenant uses")),
    (str(SharedRows.ALL), N_("All")),
]
WAYS = [
    (str(Way.NEW), N_("As a new tenant beside others")),
    (str(Way.REPLACE), N_("Replace the same tenant")),
    (str(Way.EMPTY), N_("Into an empty system")),
]


def outcome_of(states: Collection[str]) -> str:
    """What a run came to, by what became of its tenants."""
    bad = {state for state in states if state not in GOOD}
    if bad and len(bad) < len(set(states)) and FAILED in bad:
        return IN_PART
    for state in (FAILED, CANCELLED, WARNINGS, COMPLETE):
        if state in states:
            return state
    return FAILED


def now() -> dt.datetime:
    """The time as Tryton keeps it: UTC, without saying so."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def colour(name: str) -> Any:
    """The colour of a field with a state, as PYSON."""
    state = Eval(name, "")
    warn = If(state.in_([WARNINGS, CANCELLED]), "warning", If(state == COMPLETE, "success", ""))
    return If(state.in_([FAILED, IN_PART]), "danger", warn)
