"""The second half of `sichern demo`: import elsewhere, back up again there, compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sichern.archive.likeness import Likeness, compare_pairs
from sichern.backup import back_up
from sichern.cli.backup import EXIT, worst
from sichern.cli.call import Call
from sichern.cli.output import Output, error_data, print_notices
from sichern.cli.progress import PhaseLine
from sichern.report.import_text import WAYS
from sichern.report.mail import loaded_import
from sichern.report.text import OUTCOMES, fault_lines, number_text
from sichern.restore import restore
from sichern_hooks import (
    N_,
    Destination,
    ImportOptions,
    Outcome,
    SichernError,
    TenantReport,
    Way,
)

AGAIN = "again"


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One import: into which system, how, what became of it, and how alike the new backup is.

    `likeness` is None where there was nothing to compare; `error` says why a backup of what was
    imported failed.
    """

    system: str
    way: Way
    entry: TenantReport
    likeness: Likeness | None = None
    error: SichernError | None = None

    @property
    def status(self) -> int:
        """The exit status."""
        if self.entry.outcome in (Outcome.COMPLETE, Outcome.WARNINGS):
            same = self.likeness is not None and self.likeness.same
            return worst(EXIT[self.entry.outcome], 0 if same else 1)
        return EXIT[self.entry.outcome]


def move(call: Call, systems: Sequence[Path], moved: Path, other: Path) -> list[Arrived]:
    """Import one pair into an empty system, and beside the other pair's tenant in a second one.

    `systems` are the configurations of two systems without a tenant.
    """
    second, third = systems
    return [
        _import(call, second, moved, Way.EMPTY),
        _import(call, third, other, Way.EMPTY),
        _import(call, third, moved, Way.NEW),
    ]


def _import(call: Call, config: Path, pair: Path, way: Way) -> Arrived:
    """Import a pair, back up what was imported, compare the two pairs."""
    output = call.output
    phases = PhaseLine(not output.json)
    session = replace(call, config_path=config).open(phases)
    phases.name(f"{config.stem}, {pair.stem}")
    with phases:
        report = restore(session.manager, session.actor, pair, ImportOptions(way=way))
        (entry,) = report.tenants
        arrived = Arrived(system=config.stem, way=way, entry=entry)
        if entry.outcome not in (Outcome.COMPLETE, Outcome.WARNINGS):
            return arrived
        folder = config.parent / AGAIN / config.stem
        folder.mkdir(parents=True, exist_ok=True)
        again = back_up(
            session.manager, session.actor, [entry.tenant], Destination(path=str(folder))
        )
        (saved,) = again.tenants
        if not saved.files:
            return replace(arrived, error=saved.error)
        return replace(arrived, likeness=compare_pairs(pair, Path(saved.files[-1])))


def print_moved(output: Output, every: Sequence[Arrived]) -> None:
    """Print what was imported where, and whether it is the same; nothing where nothing was."""
    if not every:
        return
    language = output.language

    def number(value: float) -> str:
        return number_text(value, language)

    rows = []
    for each in every:
        protocol = loaded_import(each.entry.protocol)
        tables = protocol.arrival.tables if protocol.arrival else ()
        differing = each.likeness.differing.values() if each.likeness else None
        rows.append(
            [
                each.system,
                each.entry.tenant.name,
                output.say(WAYS[each.way]),
                output.say(OUTCOMES[str(each.entry.outcome)]),
                number(protocol.rows),
                number(sum(table.matched for table in tables)),
                number(protocol.arrival.documents if protocol.arrival else 0),
                number(round(protocol.seconds, 1)),
                "-" if differing is None else number(sum(differing)),
            ]
        )
    output.line(output.say(N_("imported, backed up again there, compared with the first pair:")))
    heads = [
        N_("Database"),
        N_("Tenant"),
        N_("Way"),
        N_("Result"),
        N_("Inserted"),
        N_("There already"),
        N_("Documents"),
        N_("Seconds"),
        N_("Differences"),
    ]
    output.table(heads, rows, {4, 5, 6, 7, 8})
    for each in every:
        protocol = loaded_import(each.entry.protocol)
        warnings = [notice for notice in protocol.notices if notice.warning]
        print_notices(output, warnings, aside=True, prefix=f"{each.system}: ")
        if protocol.fault is not None:
            what, hint, *details = fault_lines(protocol.fault, language)
            output.problem(f"{each.system}: {what}", hint, details)
        if each.error is not None:
            output.error(each.error)
        for table, count in (each.likeness.differing if each.likeness else {}).items():
            output.aside(
                output.say(
                    N_("%(system)s: %(table)s differs in %(count)d rows"),
                    {"system": each.system, "table": table, "count": count},
                )
            )


def moved_data(every: Sequence[Arrived], language: str) -> list[dict[str, Any]]:
    """The imports as JSON has them."""
    return [
        {
            "system": each.system,
            "way": str(each.way),
            "key": each.entry.tenant.ref.key,
            "name": each.entry.tenant.name,
            "outcome": str(each.entry.outcome),
            "error": error_data(each.entry.error, language) if each.entry.error else None,
            "differing": dict(each.likeness.differing) if each.likeness else None,
            "protocol": each.entry.protocol,
        }
        for each in every
    ]
