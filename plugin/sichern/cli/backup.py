"""`sichern tenants` and `sichern backup`."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sichern.backup import back_up, plan_tenant
from sichern.cli.options import command
from sichern.cli.output import Output, on_terminal
from sichern.cli.progress import ProgressBar
from sichern.config import load_config
from sichern.i18n import environment_language, translate
from sichern.report.mail import loaded, protocol_mail
from sichern.report.text import OUTCOMES, fault_lines, notice_text, number_text, size_text
from sichern.session import Session, open_session
from sichern.tenancy.plan import Plan
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

EXIT = {Outcome.COMPLETE: 0, Outcome.WARNINGS: 3, Outcome.FAILED: 1, Outcome.CANCELLED: 1}


class NothingChosen(UsageError):
    """No tenant was named."""

    code = "nothing-chosen"
    message = N_("no tenant was chosen")
    hint = N_("name one or several tenants, or all of them with --all")


class NoDestination(UsageError):
    """No destination was named."""

    code = "no-destination"
    message = N_("no destination was named")
    hint = N_("name a folder with --to, or only look at the plan with --plan")


def commands(language: str) -> list[click.Command]:
    """The commands that read from a host."""

    def say(text: str) -> str:
        return translate(text, language)

    return [
        command(language, "tenants", N_("List the tenants that you may see."), tenants),
        command(
            language,
            "backup",
            N_("Back up one or several tenants, each into a pair of files of its own."),
            backup,
            click.Argument(["names"], nargs=-1, metavar="TENANT"),
            click.Option(["--all", "everyone"], is_flag=True, help=say(N_("All tenants."))),
            click.Option(
                ["--exclude"], multiple=True, metavar="TENANT", help=say(N_("But not this one."))
            ),
            click.Option(["--to"], metavar="DEST", help=say(N_("The destination folder."))),
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
                metavar="ADDRESS",
                help=say(N_("Mail the protocol to this address.")),
            ),
            click.Option(
                ["--plan", "only_plan"],
                is_flag=True,
                help=say(N_("Show what would be written, and write nothing.")),
            ),
        ),
    ]


def tenants(config_path: Path, login: str | None, as_json: bool, lang: str | None) -> int:
    """List tenants."""
    session = open_session(load_config(config_path), login)
    output = _output(session, as_json, lang)
    found = session.tenants()
    if as_json:
        output.data([{"key": tenant.ref.key, "name": tenant.name} for tenant in found])
    output.table(
        [N_("Key"), N_("Tenant")], [[tenant.ref.key, tenant.name] for tenant in found], {0}
    )
    return 0


def backup(
    config_path: Path,
    login: str | None,
    as_json: bool,
    lang: str | None,
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
    progress = ProgressBar() if on_terminal() and not as_json else None
    session = open_session(load_config(config_path), login, *([progress] if progress else []))
    output = _output(session, as_json, lang)
    session.require(Permission.BACK_UP)
    chosen = session.choose(names, exclude, everyone)
    if not chosen:
        raise NothingChosen
    options = Options(
        documents=Documents(documents), shared=SharedRows(shared), mail_to=tuple(mail_to)
    )
    if only_plan:
        plans = [plan_tenant(session.manager, session.actor, one, options) for one in chosen]
        print_plans(output, plans)
        return 0
    if to is None:
        raise NoDestination
    report = back_up(
        session.manager,
        session.actor,
        chosen,
        session.destination(to),
        options,
        run=uuid.uuid4().hex,
    )
    print_report(output, report, session.config.contact)
    if mail_to:
        mail = protocol_mail(report, mail_to, output.language, session.config.contact)
        if session.manager.hook.sichern_send_mail(mail=mail) is not True:
            click.echo(output.say(N_("warning: the protocol could not be mailed")), err=True)
            return max(EXIT[report.outcome], EXIT[Outcome.WARNINGS], key=_severity)
    return EXIT[report.outcome]


def _severity(status: int) -> int:
    return [0, 3, 1].index(status)


def _output(session: Session, as_json: bool, lang: str | None) -> Output:
    named = session.actor.language if session.actor.login else None
    return Output(json=as_json, language=lang or named or environment_language())


def print_report(output: Output, report: Report, contact: str) -> None:
    """Print what became of each tenant."""
    if output.json:
        output.data(
            {
                "run": report.run,
                "outcome": str(report.outcome),
                "tenants": [
                    {
                        "key": entry.tenant.ref.key,
                        "name": entry.tenant.name,
                        "outcome": str(entry.outcome),
                        "files": list(entry.files),
                        "protocol": entry.protocol,
                    }
                    for entry in report.tenants
                ],
            }
        )
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
        for notice in protocol.notices:
            if notice.warning:
                click.echo(
                    f"  {entry.tenant.name}: {notice_text(notice, output.language)}", err=True
                )
        if protocol.fault is not None:
            what, hint, *details = fault_lines(protocol.fault, output.language)
            message = {"message": f"{entry.tenant.name}: {what}"}
            click.echo(output.say(N_("error: %(message)s"), message), err=True)
            click.echo(output.say(N_("hint: %(hint)s"), {"hint": hint}), err=True)
            for detail in details:
                click.echo(f"  {detail}", err=True)
            if contact:
                click.echo(contact, err=True)


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
