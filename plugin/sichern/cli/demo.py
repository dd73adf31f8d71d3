"""`sichern demo`: a real ERP with two companies, backed up and checked."""

import tempfile
from importlib.metadata import entry_points
from pathlib import Path

import click

from sichern.archive.check import check_pair
from sichern.archive.rows import RowCheck
from sichern.backup import back_up
from sichern.cli.backup import EXIT, print_report
from sichern.cli.options import command
from sichern.cli.output import Output, on_terminal
from sichern.cli.progress import ProgressBar
from sichern.config import load_config
from sichern.i18n import N_, environment_language, translate
from sichern.session import open_session
from sichern_hooks import Destination, NoHost

DEMOS = "sichern.demos"


def commands(language: str) -> list[click.Command]:
    """The command, where a demo is installed."""
    return [
        command(
            language,
            "demo",
            N_("Make a real Tryton with two companies, back both up, and check the pairs."),
            demo,
            click.Option(
                ["--dir", "folder"],
                type=click.Path(path_type=Path, file_okay=False),
                help=translate(N_("Where to make it; a new temporary folder otherwise."), language),
            ),
            click.Option(
                ["--invoices"],
                type=click.IntRange(1, 100_000),
                default=200,
                show_default=True,
                help=translate(N_("Customer invoices of each company."), language),
            ),
        )
    ]


def demo(
    config_path: Path,  # noqa: ARG001 - every command takes it; the demo writes its own
    login: str | None,
    as_json: bool,
    lang: str | None,
    folder: Path | None,
    invoices: int,
) -> int:
    """Build, back up, check."""
    output = Output(json=as_json, language=lang or environment_language())
    found = list(entry_points(group=DEMOS))
    if not found:
        raise NoHost(host="demo", installed="-")
    folder = folder or Path(tempfile.mkdtemp(prefix="sichern-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    output.line(output.say(N_("making two companies in %(folder)s"), {"folder": str(folder)}))
    config = found[0].load()(folder, invoices, lambda step: output.line(f"  {step}"))
    progress = ProgressBar() if on_terminal() and not as_json else None
    session = open_session(load_config(config), login, *([progress] if progress else []))
    target = folder / "backups"
    target.mkdir(exist_ok=True)
    report = back_up(
        session.manager, session.actor, session.tenants(), Destination(path=str(target))
    )
    print_report(output, report, session.config.contact)
    status = EXIT[report.outcome]
    for entry in report.tenants:
        for file in entry.files:
            if file.endswith(".ztx"):
                status = max(status, _check(output, Path(file)), key=[0, 3, 1].index)
    return status


def _check(output: Output, pair: Path) -> int:
    result = check_pair(pair, rows=RowCheck())
    for problem in result.problems:
        output.error(problem)
    if result.sound:
        output.line(output.say(N_("checked: %(file)s"), {"file": str(pair)}))
    return 0 if result.sound else 1
