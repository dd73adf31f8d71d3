"""Whom a run is told to by mail, in which language, and what is told where no report came of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy
from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.module import places, rights, states
from sichern.hosts.tryton.module.addresses import addresses
from sichern.report.mail import failure_mail
from sichern_hooks import Mail, SichernError

SENT, NOT_SENT = "yes", "no"

Recipients = Mapping[str, tuple[str, ...]]
"""Addresses by the language that they read."""


def recipients_of(run: Any) -> Recipients:
    """Who wants the protocol: users in their own language, others in that of who began the run.

    Raises NoAddress.
    """
    mail_to = addresses(run.mail_to)
    users = Pool().get("res.user").search([("email", "in", list(mail_to))])
    known = {
        user.email: rights.language_of_user(user) for user in users if user.language is not None
    }
    found: dict[str, list[str]] = {}
    for address in mail_to:
        found.setdefault(known.get(address, rights.language_of_user(run.user)), []).append(address)
    return {language: tuple(to) for language, to in found.items()}


def failure_mails(run: Any, error: SichernError) -> list[Mail]:
    """Write what tells that a run ended before its tenants did, or some of them.

    Raises NoAddress, what `places.contact` raises.
    """
    if run.kind == states.PLAN:
        return []
    names = [tenant.rec_name for tenant in run.tenants if tenant.state not in states.GOOD]
    if run.tenants and not names:
        return []
    return [
        failure_mail(error, names, to, language, places.contact())
        for language, to in recipients_of(run).items()
    ]


def send(manager: pluggy.PluginManager, mails: Iterable[Mail]) -> str | None:
    """Send mails and give what is noted of them; None where there are none."""
    sent = [manager.hook.sichern_send_mail(mail=mail) is True for mail in mails]
    return (SENT if all(sent) else NOT_SENT) if sent else None


def mail_death(error: SichernError, database: str, number: int) -> None:
    """Tell that a run's process is gone, in its place: it was never able to.

    No transaction is open while a mail server is waited for.
    """

    def start() -> Any:
        # The one that just ended is not off the stack yet.
        return Transaction(new=True).start(database, 0, context={"_check_access": False})

    with start():
        run = Pool(database).get("sichern.run")(number)
        # Who buried the run may have taken that back.
        noted = run.state not in states.GOING_ON and run.mailed is None
        mails = failure_mails(run, error) if noted else []
    if mails:
        mailed = send(rights.manager(), mails)
        with start():
            run = Pool(database).get("sichern.run")(number)
            run.mailed = mailed
            run.save()
