"""`sichern demo`: a real ERP with two companies, backed up, checked, imported elsewhere."""

import tempfile
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import click

from sichern.archive.check import check_pair
from sichern.archive.reader import read_info_file
from sichern.archive.rows import RowCheck
from sichern.backup import back_up
from sichern.cli.backup import EXIT, print_report, report_data, worst
from sichern.cli.call import Call
from sichern.cli.files import print_problems
from sichern.cli.moving import Arrived, move, moved_data, print_moved
from sichern.cli.options import command
from sichern.cli.output import Output
from sichern.cli.progress import ProgressBar
from sichern.destination import DestinationNotFolder, failure
from sichern.i18n import N_
from sichern_hooks import Destination, HostUnavailable, NoHost
from sichern_hooks.errors import Scalar

DEMOS = "sichern.demos"
TENANTS, SYSTEMS = 2, 2
"""Tenants that are backed up, and systems without a tenant that one of them is imported into."""


def commands(output: Output) -> list[click.Command]:
    """The command, where a demo is installed."""
    return [
        command(
            output,
            "demo",
            N_(
                "Make a real Tryton with two companies, back both up, check the pairs, import one"
                " elsewhere, and compare."
            ),
            demo,
            click.Option(
                ["--dir", "folder"],
                type=click.Path(path_type=Path),
                metavar=output.say(N_("FOLDER")),
                help=output.say(N_("Where to make it; a new temporary folder otherwise.")),
            ),
            click.Option(
                ["--invoices"],
                type=click.IntRange(1, 100_000),
                metavar=output.say(N_("NUMBER")),
                default=200,
                show_default=True,
                help=output.say(N_("Customer invoices of each company.")),
            ),
        )
    ]


def demo(call: Call, folder: Path | None, invoices: int) -> int:
    """Build, back up, check, import elsewhere, compare."""
    output = call.output
    found = list(entry_points(group=DEMOS))
    if not found:
        raise NoHost(host="demo", installed="-")
    folder = _made(folder)
    output.line(output.say(N_("making two companies in %(folder)s"), {"folder": str(folder)}))

    def tell(step: str, /, **values: Scalar) -> None:
        output.line(f"  {output.say(step, values)}")

    try:
        build = found[0].load()
    except ImportError as error:
        raise HostUnavailable(reason=str(error)) from error
    config, *others = build(folder, invoices, tell)
    call = replace(call, config_path=config)
    progress = ProgressBar(not output.json)
    session = call.open(progress)
    tenants = session.tenants()
    target = folder / "backups"
    target.mkdir(exist_ok=True)
    progress.name(tenants)
    with progress:
        report = back_up(session.manager, session.actor, tenants, Destination(path=str(target)))
    pairs = [Path(file) for entry in report.tenants for file in entry.files if _is_pair(file)]
    checked = {pair: check_pair(pair, rows=RowCheck()) for pair in pairs}
    if not output.json:
        print_report(output, report)
        for pair, result in checked.items():
            if result.sound:
                output.line(output.say(N_("checked: %(file)s"), {"file": str(pair)}))
            else:
                print_problems(output, result.problems)
    sound = all(result.sound for result in checked.values())
    moved: list[Arrived] = []
    if sound and len(pairs) == TENANTS and len(others) == SYSTEMS:
        first, second = sorted(pairs, key=lambda pair: read_info_file(pair).info.tenant.key)
        moved = move(call, others, first, second)
    if output.json:
        data = report_data(report, output.language)
        data["checked"] = {str(pair): result.sound for pair, result in checked.items()}
        data["imports"] = moved_data(moved, output.language)
        output.data(data)
    else:
        print_moved(output, moved)
    return worst(EXIT[report.outcome], 0 if sound else 1, *(each.status for each in moved))


def _is_pair(file: str) -> bool:
    return file.endswith(".ztx")


def _made(folder: Path | None) -> Path:
    try:
        if folder is None:
            return Path(tempfile.mkdtemp(prefix="sichern-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise DestinationNotFolder(path=str(folder)) from error
    except OSError as error:
        raise failure(error, str(folder or tempfile.gettempdir())) from error
    return folder
