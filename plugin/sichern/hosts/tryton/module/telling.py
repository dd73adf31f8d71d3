"""Tells by mail what became of a run, from what was noted of it, to each in their own language.

So it tells of every run, also of one that ended before its first tenant, or whose process is gone.
"""

import datetime as dt
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sql import Null
from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern import __version__
from sichern.hosts.tryton.host import HOST
from sichern.hosts.tryton.module import leftovers, places, rights, states
from sichern.hosts.tryton.module.addresses import addresses
from sichern.hosts.tryton.module.transactions import of_its_own
from sichern.i18n import language_of
from sichern.report.import_protocol import ImportProtocol, ImportProtocolSchema
from sichern.report.mail import protocol_mail
from sichern.report.protocol import Fault, Protocol, ProtocolSchema
from sichern_hooks import (
    Actor,
    Mail,
    Outcome,
    Report,
    SichernError,
    Tenant,
    TenantRef,
    TenantReport,
    Way,
)

logger = logging.getLogger(__name__)

SENT = "yes"
NOT_SENT = "no"
TOLD_FOR = dt.timedelta(days=1)
"""How long a run whose end was not mailed is looked for."""


def mails_of(run: Any) -> list[Mail]:
    """One mail for all tenants to each language's recipients; none where nobody asked for one.

    Raises NoAddress.
    """
    if run.kind == states.PLAN or not run.mail_to:
        return []
    report, contact = _report(run), _contact()
    by_language: dict[str, list[str]] = {}
    for address, language in _languages(run).items():
        by_language.setdefault(language, []).append(address)
    return [
        protocol_mail(report, to, language, contact) for language, to in by_language.items()
    ]


def send(mails: Sequence[Mail]) -> str | None:
    """Hand mails on; say what is to be noted of that, None where there is none."""
    if not mails:
        return None
    hook = rights.manager().hook
    sent = [hook.sichern_send_mail(mail=mail) is True for mail in mails]
    return SENT if all(sent) else NOT_SENT


def tell_untold() -> None:
    """See to it that the end of each run is told that was to be mailed, and was not."""
    for run in Pool().get("sichern.run").search([
        ("kind", "!=", states.PLAN), ("mail_to", "!=", None), ("mailed", "=", None),
        ("finished", ">", states.now() - TOLD_FOR),
    ]):
        tell_later(run)


def tell_later(run: Any) -> None:
    """Tell of a run once what is noted of it is committed."""
    transaction = Transaction()
    transaction.atexit(_tell_soon, transaction.database.name, run.id)


def _tell_soon(database: str, number: int) -> None:
    """Tell of a run beside what goes on: a mail server may take a minute to say nothing."""
    work = partial(leftovers.quietly, tell_afterwards, database, number)
    threading.Thread(target=work).start()


def tell_afterwards(database: str, number: int) -> None:
    """Tell of a run that ended without a process of its own, in transactions of its own.

    Whoever notices such an end first tells of it, and nobody else.
    """
    run = Pool(database).get("sichern.run")
    with of_its_own(database):
        first = _is_first(run(number))
    if not first:
        return
    with of_its_own(database):
        mails = mails_of(run(number))
    said = send(mails)
    with of_its_own(database):
        run.write([run(number)], {"mailed": said})


def _is_first(run: Any) -> bool:
    """Note that the mail was not sent, where that is not noted yet and the run is over."""
    table = run.__class__.__table__()
    cursor = Transaction().connection.cursor()
    cursor.execute(
        *table.update(
            [table.mailed], [NOT_SENT],
            where=(table.id == run.id) & (table.mailed == Null) & (table.finished != Null)
            & (table.mail_to != Null),
        )
    )
    return bool(cursor.rowcount == 1)


# --- whom ------------------------------------------------------------------------------------


def _languages(run: Any) -> dict[str, str]:
    """Each recipient's language: that of a user, else the one of who runs it, else the server's."""
    pool = Pool()
    server = pool.get("ir.configuration").get_language()
    owner = run.user.language.code if run.user and run.user.language else server
    known = {
        user.email.casefold(): user.language.code
        for user in pool.get("res.user").search(
            [("email", "!=", None), ("language", "!=", None)], order=[("id", "DESC")]
        )
    }
    return {
        address: language_of(known.get(address.casefold(), owner))
        for address in addresses(run.mail_to)
    }


def _contact() -> str:
    """Whom to call; nobody where `sichern.toml` cannot be read, which may be what is told."""
    try:
        return places.contact()
    except SichernError as error:
        logger.error("the mail names no contact: %s", error)
        return ""


# --- what ------------------------------------------------------------------------------------


def _report(run: Any) -> Report:
    """The report of a run, as if it had just ended where its end is still to be noted.

    A run that never knew its tenants failed as a whole, under the name of its job.
    """
    entries = [_entry(run, tenant) for tenant in run.tenants]
    if not entries:
        name = run.job.name if run.job else run.name
        entries = [_early(run, Tenant(ref=TenantRef(host=HOST, key=""), name=name), run)]
    return Report(
        run=run.name,
        actor=Actor(host=HOST, login=_login(run), name=_name(run), language="en"),
        started=_aware(run.started or run.create_date),
        finished=_aware(run.finished or states.now()),
        tenants=tuple(entries),
    )


def _entry(run: Any, line: Any) -> TenantReport:
    """What became of a tenant: its protocol, or why there is none."""
    tenant = Tenant(ref=TenantRef(host=HOST, key=line.key or ""), name=line.name or "")
    if not line.protocol:
        return _early(run, tenant, line)
    return TenantReport(
        tenant=tenant, outcome=Outcome(line.state), files=tuple((line.files or "").splitlines()),
        protocol=json.loads(line.protocol),
    )


def _early(run: Any, tenant: Tenant, noted: Any) -> TenantReport:
    """Tell of a tenant whose own run never began; `noted` holds the error, and when it ended."""
    cancelled = noted.state == states.CANCELLED
    outcome = Outcome.CANCELLED if cancelled else Outcome.FAILED
    said: Mapping[str, Any] = json.loads(noted.error) if noted.error else {}
    common: dict[str, Any] = {
        "run": run.name, "action": run.kind, "tenant": tenant.name, "tenant_key": tenant.ref.key,
        "host": HOST, "host_version": "", "database": "", "machine": run.machine or "",
        "actor": _name(run), "login": _login(run), "sichern": __version__,
        "started": _aware(noted.started or run.started or run.create_date),
        "finished": _aware(noted.finished or states.now()),
        "outcome": str(outcome), "fault": _fault(said),
    }
    protocol: Mapping[str, object]
    if run.kind == states.IMPORT:
        protocol = ImportProtocolSchema().dump(
            ImportProtocol(
                **common, file=run.file or "", way=Way(run.way or "new"),
                neutralise=bool(run.neutralise), copy_confirmed=bool(run.copy_confirmed),
            )
        )
    else:
        protocol = ProtocolSchema().dump(
            Protocol(
                **common, destination=run.destination or "",
                documents_option=run.documents or "inside", shared_option=run.shared or "default",
            )
        )
    return TenantReport(tenant=tenant, outcome=outcome, protocol=protocol)


def _fault(said: Mapping[str, Any]) -> Fault:
    if not said:
        return Fault.of(SichernError(reason="-"))
    return Fault(**{part: said[part] for part in ("code", "message", "hint", "values")})


def _name(run: Any) -> str:
    return str(run.user.name or run.user.login) if run.user else "-"


def _login(run: Any) -> str:
    """The login; not None, which would mean the administrator of the operating system."""
    return str(run.user.login) if run.user else "-"


def _aware(time: dt.datetime) -> dt.datetime:
    return time.replace(tzinfo=dt.UTC)
