"""`sichern import`: from a pair of files to a working tenant, or to the plan of it."""

import sys
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click
from babel.dates import format_datetime

from sichern.archive.info import Info
from sichern.archive.reader import read_info_file
from sichern.cli.backup import EXIT, worst
from sichern.cli.call import Call
from sichern.cli.kept import keep_protocol
from sichern.cli.options import command
from sichern.cli.output import Output, error_data, print_notices, warn_unmailed
from sichern.cli.progress import PhaseLine
from sichern.report.import_protocol import ArrivalSchema
from sichern.report.import_text import arrival_sections, arrival_text, total_text, way_text
from sichern.report.mail import loaded_import, protocol_mail
from sichern.report.text import OUTCOMES, fault_lines, number_text
from sichern.restore import NoSafety, plan_import, restore
from sichern.run import Cancelled
from sichern.session import Session
from sichern_hooks import (
    N_,
    Destination,
    ImportOptions,
    Outcome,
    Permission,
    Report,
    Target,
    UsageError,
    Way,
)


class NotConfirmed(UsageError):
    """REPLACE changes a tenant that people work with: its name must be typed."""

    code = "not-confirmed"
    message = N_("replacing the tenant %(tenant)s was not confirmed")
    hint = N_("type the tenant's name, or give it with --confirm")


class NobodyAsked(UsageError):
    """Nobody is there to say yes."""

    code = "nobody-asked"
    message = N_("the import was not confirmed, and nobody is there to be asked")
    hint = N_("say --yes where no person watches, or --dry-run to see the plan")


def commands(output: Output) -> list[click.Command]:
    """The command that writes to a host."""
    say = output.say
    return [
        command(
            output,
            "import",
            N_("Import a pair of files: all of it, or nothing."),
            import_pair,
            click.Argument(["pair"], metavar=say(N_("FILE.ztx")), type=click.Path(path_type=Path)),
            click.Option(
                ["--as", "way"],
                type=click.Choice([str(way) for way in Way]),
                required=True,
                help=say(
                    N_(
                        "As a new tenant beside others, in place of the same tenant, or into a"
                        " system without a tenant."
                    )
                ),
            ),
            click.Option(
                ["--dry-run", "only_plan"],
                is_flag=True,
                help=say(N_("Show what would be done, and write nothing.")),
            ),
            click.Option(
                ["--neutralise"],
                is_flag=True,
                help=say(N_("Switch off jobs, mail and payments of what is imported.")),
            ),
            click.Option(
                ["--safety"],
                metavar=say(N_("DESTINATION")),
                help=say(
                    N_(
                        "Where the tenant is backed up before it is replaced; the configured"
                        " destination, where there is only one."
                    )
                ),
            ),
            click.Option(
                ["--confirm"],
                metavar=say(N_("TENANT")),
                help=say(N_("The name of the tenant to replace, so that nobody need ask.")),
            ),
            click.Option(
                ["--confirm-copy", "copy_confirmed"],
                is_flag=True,
                help=say(N_("A copy of the system that made the pair is meant, not that system.")),
            ),
            click.Option(
                ["--yes"], is_flag=True, help=say(N_("Do not ask before a tenant is added."))
            ),
            click.Option(
                ["--mail-to"],
                multiple=True,
                metavar=say(N_("ADDRESS")),
                help=say(N_("Mail the protocol to this address.")),
            ),
        )
    ]


def import_pair(
    call: Call,
    pair: Path,
    way: str,
    only_plan: bool,
    neutralise: bool,
    safety: str | None,
    confirm: str | None,
    copy_confirmed: bool,
    yes: bool,
    mail_to: Sequence[str],
) -> int:
    """Import a pair, or show the plan."""
    output = call.output
    phases = PhaseLine(not output.json)
    session = call.open(phases)
    session.require(Permission.IMPORT)
    info = read_info_file(pair).info
    options = ImportOptions(
        way=Way(way),
        safety=_safety(session, safety) if Way(way) is Way.REPLACE else None,
        neutralise=neutralise,
        copy_confirmed=copy_confirmed,
        mail_to=tuple(mail_to),
    )
    phases.name(info.tenant.name)
    if only_plan:
        with phases:
            arrival = plan_import(session.manager, session.actor, pair, options)
        if output.json:
            output.data(ArrivalSchema().dump(arrival))
        for line in arrival_text(arrival, output.language).splitlines():
            output.line(line)
        _tell_namesakes(output, session, info, options.way)
        return 0
    if options.way is Way.REPLACE and options.safety is None:
        raise NoSafety
    _confirm(output, session, info, options.way, confirm, yes)
    with phases:
        report = restore(session.manager, session.actor, pair, options, run=uuid.uuid4().hex)
    status = EXIT[report.outcome]
    kept = keep_protocol(report)
    mailed = None
    if mail_to:
        mail = protocol_mail(report, mail_to, output.language, session.config.contact)
        mailed = session.manager.hook.sichern_send_mail(mail=mail) is True
        status = worst(status, 0 if mailed else EXIT[Outcome.WARNINGS])
    print_import(output, report, mailed, kept)
    return status


def print_import(
    output: Output, report: Report, mailed: bool | None = None, kept: Path | None = None
) -> None:
    """Print what became of an import; `kept` is the file with its whole protocol."""
    (entry,) = report.tenants
    if output.json:
        output.data(
            {
                "run": report.run,
                "outcome": str(report.outcome),
                "mailed": mailed,
                "key": entry.tenant.ref.key,
                "name": entry.tenant.name,
                "safety": list(entry.files),
                "error": error_data(entry.error, output.language) if entry.error else None,
                "protocol": entry.protocol,
            }
        )
        return
    language, protocol = output.language, loaded_import(entry.protocol)
    output.line(
        output.say(
            N_("%(tenant)s, %(way)s: %(outcome)s, %(seconds)s seconds"),
            {
                "tenant": protocol.tenant,
                "way": way_text(protocol.way, language),
                "outcome": output.say(OUTCOMES[protocol.outcome]),
                "seconds": number_text(round(protocol.seconds, 1), language),
            },
        )
    )
    if protocol.safety:
        output.line(output.say(N_("Backed up before:")))
        for file in protocol.safety:
            output.line(f"  {file}")
    if protocol.fault is not None:
        what, hint, *details = fault_lines(protocol.fault, language)
        output.problem(what, hint, details)
    elif protocol.arrival is not None:
        output.line(total_text(protocol.arrival, language))
        output.line(
            output.say(N_("Key of the tenant here: %(key)s"), {"key": protocol.tenant_key})
        )
        for line in arrival_sections(protocol.arrival, language):
            output.line(line)
        print_notices(output, [each for each in protocol.notices if not each.warning], aside=False)
    print_notices(output, [each for each in protocol.notices if each.warning], aside=True)
    if kept is not None:
        output.line(output.say(N_("protocol: %(file)s"), {"file": str(kept)}))
    warn_unmailed(output, mailed)


def _safety(session: Session, named: str | None) -> Destination | None:
    """Where to back up before replacing: what was named, else the only one that there is."""
    if named:
        return session.destination(named)
    offered = session.destinations()
    return offered[0] if len(offered) == 1 else None


def _tell_namesakes(output: Output, session: Session, info: Info, way: Way) -> None:
    """Say where a new tenant will be one more of its name."""
    if way is not Way.NEW:
        return
    keys = [each.ref.key for each in session.tenants() if each.name == info.tenant.name]
    if keys:
        output.aside(
            output.say(
                N_("note: tenants called %(tenant)s that are here already: %(keys)s"),
                {"tenant": info.tenant.name, "keys": ", ".join(keys)},
            )
        )


def _confirm(
    output: Output, session: Session, info: Info, way: Way, confirm: str | None, yes: bool
) -> None:
    """Ask, where somebody can answer. REPLACE is never done without the tenant's name.

    Raises NotConfirmed, NobodyAsked, and Cancelled where somebody says no.
    """
    asking = sys.stdin.isatty() and not output.json
    if way is Way.REPLACE:
        name = info.tenant.name
        if confirm is None and asking:
            output.aside(_question(output, session, info, way))
            confirm = click.prompt(
                output.say(N_("Type the tenant's name to go on")), default="", show_default=False,
                err=True,
            )  # fmt: skip
        if confirm is None or confirm.strip() != name.strip():
            raise NotConfirmed(tenant=name)
    elif not yes and not asking:
        raise NobodyAsked
    elif not yes:
        output.aside(_question(output, session, info, way))
        _tell_namesakes(output, session, info, way)
        answer = click.prompt(
            output.say(N_("Go on? (yes/no)")), default="", show_default=False, err=True
        )
        yes_here = output.say(N_("yes"))
        if answer.strip().casefold() not in {"yes", "y", yes_here, yes_here[0]}:
            raise Cancelled


def _question(output: Output, session: Session, info: Info, way: Way) -> str:
    """What is about to happen, and where."""
    target: Target | None = session.manager.hook.sichern_open_target(host=session.actor.host)
    here = ""
    if target is not None:
        with closing(target):
            here = f"{target.identity.database} @ {target.identity.machine}"
    return output.say(
        N_("%(tenant)s of %(when)s is imported into %(system)s: %(way)s."),
        {
            "tenant": info.tenant.name,
            "when": format_datetime(info.created, "medium", locale=output.language) + " UTC",
            "system": here,
            "way": way_text(way, output.language),
        },
    )
