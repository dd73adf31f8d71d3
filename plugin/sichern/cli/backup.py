"""`sichern tenants` and `sichern backup`."""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import click

from sichern.backup import back_up, plan_tenant
from sichern.cli.call import Call
from sichern.cli.options import command
from sichern.cli.output import Output, error_data, print_notices, warn_unmailed
from sichern.cli.progress import ProgressBar
from sichern.copies import Copies
from sichern.idle import free_cores
from sichern.report.mail import loaded, protocol_mail
from sichern.report.text import OUTCOMES, fault_lines, number_text, size_text
from sichern.session import open_manager
from sichern.side_by_side import SideBySide
from sichern.tenancy.plan import Plan
from sichern.workers import WorkersUnavailable
from sichern_hooks import (
    N_,
    Documents,
    Options,
    Outcome,
    Permission,
    Report,
    SharedRows,
    UsageError,
)

FEWEST = 4
"""Tenants for which it is worth to open the host once more in processes of their own."""
MOST_AT_ONCE = 4
EXIT = {Outcome.COMPLETE: 0, Outcome.WARNINGS: 3, Outcome.FAILED: 1, Outcome.CANCELLED: 1}


class NothingChosen(UsageError):
    """No tenant was named."""

    code = "nothing-chosen"
    message = N_("no tenant was chosen")
    hint = N_("name one or several tenants, or all of them with --all")


class NamedAndAll(UsageError):
    """Some tenants were named, and all of them asked for."""

    code = "named-and-all"
    message = N_("tenants were named, and all of them asked for")
    hint = N_("name one or several tenants, or give --all")


class AllExcluded(NothingChosen):
    """Each tenant that was named was left out again, or there is none."""

    code = "all-excluded"
    message = N_("no tenant is left to back up")
    hint = N_("`sichern tenants` lists those that you may see; leave out fewer of them")


class NoTenantSeen(UsageError):
    """The ERP has no tenant, or none that this user may see."""

    code = "no-tenant-seen"
    message = N_("there is no tenant that you may see")
    hint = N_("create a company in the ERP, or let an administrator give you access to one")


class NoDestination(UsageError):
    """No destination was named."""

    code = "no-destination"
    message = N_("no destination was named")
    hint = N_(
        "name a folder, or the label of a configured one, with --to, or only look at the plan with"
        " --plan"
    )


def commands(output: Output) -> list[click.Command]:
    """The commands that read from a host."""
    say = output.say
    tenant = say(N_("TENANT"))
    return [
        command(output, "tenants", N_("List the tenants that you may see."), tenants),
        command(
            output,
            "backup",
            N_("Back up one or several tenants, each into a pair of files of its own."),
            backup,
            click.Argument(["names"], nargs=-1, metavar=f"[{tenant}]..."),
            click.Option(["--all", "everyone"], is_flag=True, help=say(N_("All tenants."))),
            click.Option(
                ["--exclude"], multiple=True, metavar=tenant, help=say(N_("But not this one."))
            ),
            click.Option(
                ["--to"],
                metavar=say(N_("DESTINATION")),
                help=say(N_("The destination folder, or its label in the configuration.")),
            ),
            click.Option(
                ["--documents"],
                type=click.Choice([str(choice) for choice in Documents]),
                default=str(Documents.INSIDE),
                show_default=True,
                help=say(N_("The Belegarchiv: inside, in an archive of its own, or left out.")),
            ),
            click.Option(
                ["--shared"],
                type=click.Choice([str(choice) for choice in SharedRows]),
                default=str(SharedRows.DEFAULT),
                show_default=True,
                help=say(N_("Which rows that several tenants share go along.")),
            ),
            click.Option(
                ["--mail-to"],
                multiple=True,
                metavar=say(N_("ADDRESS")),
                help=say(N_("Mail the protocol to this address.")),
            ),
            click.Option(
                ["--plan", "only_plan"],
                is_flag=True,
                help=say(N_("Show what would be written, and write nothing.")),
            ),
        ),
    ]


def tenants(call: Call) -> int:
    """List tenants."""
    found = call.open().tenants()
    if call.output.json:
        call.output.data([{"key": tenant.ref.key, "name": tenant.name} for tenant in found])
    elif not found:
        call.output.line(call.output.say(NoTenantSeen.message))
        return 0
    call.output.table(
        [N_("Key"), N_("Tenant")], [[tenant.ref.key, tenant.name] for tenant in found], {0}
    )
    return 0


def backup(
    call: Call,
    names: Sequence[str],
    everyone: bool,
    exclude: Sequence[str],
    to: str | None,
    documents: str,
    shared: str,
    mail_to: Sequence[str],
    only_plan: bool,
) -> int:
    """Back up tenants, or show their plans."""
    output, progress = call.output, ProgressBar(not call.output.json)
    session = call.open(progress)
    if names and everyone:
        raise NamedAndAll
    if not session.tenants():
        raise NoTenantSeen
    session.require(Permission.BACK_UP)
    chosen = session.choose(names, exclude, everyone)
    if not chosen:
        raise AllExcluded if names or everyone else NothingChosen
    options = Options(
        documents=Documents(documents), shared=SharedRows(shared), mail_to=tuple(mail_to)
    )
    if only_plan:
        plans = [plan_tenant(session.manager, session.actor, one, options) for one in chosen]
        print_plans(output, plans)
        return 0
    if not to:
        raise NoDestination
    progress.name(chosen)
    with progress, _beside(call, len(chosen)) as side_by_side:
        report = back_up(
            session.manager,
            session.actor,
            chosen,
            session.destination(to),
            options,
            run=uuid.uuid4().hex,
            side_by_side=side_by_side,
        )
    status = EXIT[report.outcome]
    mailed = None
    if mail_to:
        mail = protocol_mail(report, mail_to, output.language, session.config.contact)
        mailed = session.manager.hook.sichern_send_mail(mail=mail) is True
        status = worst(status, 0 if mailed else EXIT[Outcome.WARNINGS])
    print_report(output, report, mailed)
    return status


@contextmanager
def _beside(call: Call, count: int) -> Iterator[SideBySide | None]:
    """Several tenants at once where there are enough for processes that open the host again."""
    at_once = min(MOST_AT_ONCE, free_cores()) if count >= FEWEST else 1
    if at_once < 2:
        yield None
        return
    opening = partial(open_manager, call.config_path, call.login)
    try:
        workers = Copies(at_once)
        workers.prepare(os.getpid)
    except WorkersUnavailable:
        yield None
        return
    with workers:
        yield SideBySide(executor=workers, opening=opening, at_once=at_once)


def worst(*statuses: int) -> int:
    """The worst of exit statuses: failed, with warnings, complete."""
    return max(statuses, key=[0, 3, 1].index)


def print_report(output: Output, report: Report, mailed: bool | None = None) -> None:
    """Print what became of each tenant; `mailed` None where no mail was asked for."""
    if output.json:
        output.data(report_data(report, output.language, mailed))
        return
    rows = []
    for entry in report.tenants:
        protocol = loaded(entry.protocol)
        rows.append(
            [
                entry.tenant.name,
                output.say(OUTCOMES[str(entry.outcome)]),
                number_text(protocol.rows, output.language),
                number_text(protocol.documents.count, output.language),
                size_text(sum(file.size for file in protocol.files), output.language),
                number_text(round(protocol.seconds, 1), output.language),
            ]
        )
    heads = [N_("Tenant"), N_("Result"), N_("Rows"), N_("Documents"), N_("Bytes"), N_("Seconds")]
    output.table(heads, rows, {2, 3, 4, 5})
    for entry in report.tenants:
        protocol = loaded(entry.protocol)
        for file in entry.files:
            output.line(f"  {file}")
        warnings = [notice for notice in protocol.notices if notice.warning]
        print_notices(output, warnings, aside=True, prefix=f"{entry.tenant.name}: ")
        if protocol.fault is not None:
            what, hint, *details = fault_lines(protocol.fault, output.language)
            output.problem(f"{entry.tenant.name}: {what}", hint, details)
    warn_unmailed(output, mailed)


def report_data(report: Report, language: str, mailed: bool | None = None) -> dict[str, Any]:
    """A report as JSON has it."""
    return {
        "run": report.run,
        "outcome": str(report.outcome),
        "mailed": mailed,
        "tenants": [
            {
                "key": entry.tenant.ref.key,
                "name": entry.tenant.name,
                "outcome": str(entry.outcome),
                "files": list(entry.files),
                "error": error_data(entry.error, language) if entry.error else None,
                "protocol": entry.protocol,
            }
            for entry in report.tenants
        ],
    }


def print_plans(output: Output, plans: Sequence[Plan]) -> None:
    """Print what would be written."""
    if output.json:
        output.data([_plan_data(plan) for plan in plans])
        return
    for plan in plans:
        output.line(
            output.say(
                N_("%(tenant)s: %(rows)s rows, %(documents)s documents, about %(size)s"),
                {
                    "tenant": plan.tenant.name,
                    "rows": number_text(plan.rows, output.language),
                    "documents": number_text(plan.documents, output.language),
                    "size": size_text(plan.archive_bytes, output.language),
                },
            )
        )
        rows = [
            [
                table.label,
                number_text(table.rows, output.language),
                number_text(table.named, output.language),
                number_text(table.left_out, output.language),
                size_text(table.bytes, output.language),
            ]
            for table in plan.tables
        ]
        heads = [N_("Table"), N_("Rows"), N_("Only named"), N_("Left out"), N_("Bytes")]
        output.table(heads, rows, {1, 2, 3, 4})


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        "key": plan.tenant.ref.key,
        "name": plan.tenant.name,
        "rows": plan.rows,
        "documents": plan.documents,
        "bytes": plan.archive_bytes,
        "tables": [
            {
                "table": table.table,
                "role": str(table.role),
                "rows": table.rows,
                "named": table.named,
                "left_out": table.left_out,
                "bytes": table.bytes,
            }
            for table in plan.tables
        ],
    }
