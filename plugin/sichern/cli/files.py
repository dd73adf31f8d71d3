"""`sichern list`, `check` and `show`: pairs that lie somewhere, without their ERP."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from babel.dates import format_datetime, format_timedelta

from sichern.archive.check import CheckResult, check_pair
from sichern.archive.checked import Check, Checked, state_folder
from sichern.archive.errors import FoundDamaged, InfoUnreadable
from sichern.archive.info import Info
from sichern.archive.listing import ListedPair, list_pairs
from sichern.archive.reader import read_info_file
from sichern.archive.rows import RowCheck
from sichern.cli.call import Call
from sichern.cli.options import command
from sichern.cli.output import Output, error_data, on_terminal
from sichern.cli.progress import progress_hook
from sichern.destination import DestinationMissing, DestinationNotFolder, demand_there, lies_at
from sichern.i18n import N_, error_lines
from sichern.report.text import (
    DOCUMENTS,
    OUTCOMES,
    ROLES,
    SHARED,
    actor_text,
    number_text,
    size_text,
)
from sichern_hooks import Permission, SichernError, TenantRef, UnknownTenant, authorize

FAILED = 1


def commands(output: Output) -> list[click.Command]:
    """The commands that read files."""
    file = output.say(N_("FILE.ztx"))
    pair = [click.Argument(["pair"], metavar=file, type=click.Path(path_type=Path))]
    return [
        command(
            output,
            "list",
            N_("List the backups of a folder: newest first, age, size, when last checked."),
            list_folder,
            click.Argument(["destination"], metavar=output.say(N_("DESTINATION"))),
        ),
        command(
            output, "check", N_("Read everything of a pair again, every row of it."), check, *pair
        ),
        command(output, "show", N_("Show what is in a pair."), show, *pair),
    ]


def list_folder(call: Call, destination: str) -> int:
    """List pairs; those of tenants that a given user may not see are left out."""
    output, folder = call.output, _folder(call, destination)
    try:
        pairs = list(list_pairs(folder))
    except (OSError, ValueError) as error:
        raise _unlistable(folder, error) from error
    if call.login is not None:
        session = call.open()
        seen = {(tenant.ref.host, tenant.ref.key) for tenant in session.tenants()}
        pairs = [pair for pair in pairs if pair.info and _tenant(pair.info) in seen]
    memory, now = _memory(), datetime.now(UTC)
    checks = [memory.last(pair.sha256) if pair.sha256 else None for pair in pairs]
    if output.json:
        output.data([_listed(output, pair, last) for pair, last in zip(pairs, checks, strict=True)])
        return 0
    if not pairs:
        output.line(output.say(N_("no backups in %(folder)s"), {"folder": str(folder)}))
    else:
        rows = [
            [
                pair.info.tenant.name if pair.info else pair.tenant,
                pair.stem,
                format_timedelta(now - pair.created, locale=output.language),
                size_text(pair.bytes, output.language),
                _when(output, last) if pair.info else "",
                _state(output, pair, last),
            ]
            for pair, last in zip(pairs, checks, strict=True)
        ]
        heads = [N_("Tenant"), N_("File"), N_("Age"), N_("Size"), N_("Checked"), N_("State")]
        output.table(heads, rows, {3})
    return 0


def check(call: Call, pair: Path) -> int:
    """Check a pair, and remember what was found."""
    output = call.output
    _may_read(call, pair)
    watched = on_terminal() and not output.json
    with progress_hook(pair.name, watched) as progress:
        result = check_pair(pair, progress=progress, rows=RowCheck())
    _remember(output, result)
    if output.json:
        output.data(
            {
                "file": str(pair),
                "sound": result.sound,
                "rows": result.rows,
                "documents": result.documents,
                "bytes": result.bytes,
                "problems": [
                    error_data(problem, output.language) for problem in result.problems
                ],
            }
        )
        return 0 if result.sound else FAILED
    if not result.sound:
        print_problems(output, result.problems)
        return FAILED
    output.line(
        output.say(
            N_("%(file)s is sound: %(rows)s rows, %(documents)s documents, %(size)s read"),
            {
                "file": pair.name,
                "rows": number_text(result.rows, output.language),
                "documents": number_text(result.documents, output.language),
                "size": size_text(result.bytes, output.language),
            },
        )
    )
    return 0


def show(call: Call, pair: Path) -> int:
    """Show the info file."""
    output = call.output
    _may_read(call, pair)
    text = read_info_file(pair)
    info = text.info
    if output.json:
        output.data(_shown(info))
        return 0
    language = output.language
    modules = [f"{name} {v}".strip() for name, v in sorted(info.system.modules.items())]
    for head, value in (
        (N_("Tenant"), f"{info.tenant.name} ({info.tenant.key})"),
        (N_("Created"), format_datetime(info.created, "medium", locale=language) + " UTC"),
        (N_("By"), actor_text(info.actor.name, info.actor.login, language)),
        (N_("From"), f"{info.system.host} {info.system.host_version}, {info.system.database}"),
        (N_("Result"), output.say(OUTCOMES[str(info.outcome)])),
        (N_("Documents"), output.say(DOCUMENTS[str(info.options.documents)])),
        (N_("Shared rows"), output.say(SHARED[str(info.options.shared)])),
        (N_("Size"), size_text(info.bytes, language)),
        (N_("Modules"), ", ".join(modules)),
    ):
        output.line(f"{output.say(head)}: {value}")
    rows = [
        [
            table.name,
            output.say(ROLES.get(table.role, "")),
            number_text(table.rows, language),
            number_text(table.identities, language),
        ]
        for table in info.tables
    ]
    output.table([N_("Table"), N_("Role"), N_("Rows"), N_("Only named")], rows, {2, 3})
    return 0


def print_problems(output: Output, problems: Sequence[SichernError]) -> None:
    """Print the first problem as the error; the others follow from it more often than not."""
    what, hint = error_lines(problems[0], output.language)
    output.problem(what, hint, [error_lines(one, output.language)[0] for one in problems[1:]])


def _folder(call: Call, named: str) -> Path:
    """The folder of that path, else the configured destination of that label.

    Raises DestinationNotMounted, MarkerMissing where the configuration asks for either.
    """
    if call.config_path.exists():
        for destination in call.config().destinations:
            by_label = destination.label == named and not Path(named).exists()
            if by_label or lies_at(destination, named):
                demand_there(destination)
                return Path(destination.path)
    return Path(named)


def _unlistable(folder: Path, error: OSError | ValueError) -> SichernError:
    match error:
        case FileNotFoundError() | ValueError():
            return DestinationMissing(path=str(folder))
        case NotADirectoryError():
            return DestinationNotFolder(path=str(folder))
        case _:
            return InfoUnreadable(file=str(folder), reason=error.strerror or "")


def _memory() -> Checked:
    return Checked(folder=state_folder(os.environ, Path.home()))


def _may_read(call: Call, pair: Path) -> None:
    """Where a user is given, the pair's tenant must be one that this user may back up."""
    if call.login is None:
        return
    session = call.open()
    tenant = read_info_file(pair).info.tenant
    ref = TenantRef(host=tenant.host, key=tenant.key)
    if ref not in {seen.ref for seen in session.tenants()}:
        raise UnknownTenant(tenant=tenant.name)
    authorize(session.manager, session.actor, Permission.BACK_UP, ref)


def _remember(output: Output, result: CheckResult) -> None:
    try:
        _memory().remember(result.sha256, Check(when=datetime.now(UTC), sound=result.sound))
    except OSError as error:
        text = output.say(
            N_("warning: when it was checked cannot be remembered: %(reason)s"),
            {"reason": error.strerror or ""},
        )
        output.aside(text)


def _tenant(info: Info) -> tuple[str, str]:
    return (info.tenant.host, info.tenant.key)


def _when(output: Output, last: Check | None) -> str:
    if last is None:
        return output.say(N_("when written"))
    return format_datetime(last.when, "short", locale=output.language)


def _problem(output: Output, pair: ListedPair, last: Check | None) -> str | None:
    """What a glance shows, else what the last check found."""
    problem = pair.problem
    if problem is None and last is not None and not last.sound:
        problem = FoundDamaged(file=pair.path.name)
    return error_lines(problem, output.language)[0] if problem else None


def _state(output: Output, pair: ListedPair, last: Check | None) -> str:
    problem = _problem(output, pair, last)
    if problem is not None:
        return problem
    return output.say(OUTCOMES[str(pair.info.outcome)]) if pair.info else ""


def _listed(output: Output, pair: ListedPair, last: Check | None) -> dict[str, Any]:
    return {
        "file": str(pair.path),
        "tenant": pair.info.tenant.name if pair.info else pair.tenant,
        "created": pair.created.isoformat(),
        "bytes": pair.bytes,
        "checked": last.when.isoformat() if last else None,
        "outcome": str(pair.info.outcome) if pair.info else None,
        "problem": _problem(output, pair, last),
    }


def _shown(info: Info) -> dict[str, Any]:
    return {
        "tenant": {"key": info.tenant.key, "name": info.tenant.name, "host": info.tenant.host},
        "created": info.created.isoformat(),
        "actor": {"login": info.actor.login, "name": info.actor.name},
        "system": {
            "host": info.system.host,
            "version": info.system.host_version,
            "database": info.system.database,
            "machine": info.system.machine,
            "modules": dict(info.system.modules),
        },
        "outcome": str(info.outcome),
        "warnings": info.warnings,
        "bytes": info.bytes,
        "documents": {"count": info.documents.count, "bytes": info.documents.bytes},
        "tables": {
            table.name: {"role": table.role, "rows": table.rows, "named": table.identities}
            for table in info.tables
        },
    }
