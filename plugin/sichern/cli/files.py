"""`sichern list`, `check` and `show`: pairs that lie somewhere, without their ERP."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from babel.dates import format_datetime, format_timedelta

from sichern.archive.check import CheckResult, check_pair
from sichern.archive.checked import Checked, state_folder
from sichern.archive.errors import InfoUnreadable
from sichern.archive.info import Info
from sichern.archive.listing import ListedPair, list_pairs
from sichern.archive.reader import read_info_file
from sichern.archive.rows import RowCheck
from sichern.cli.options import command
from sichern.cli.output import Output, on_terminal
from sichern.cli.progress import progress_hook
from sichern.config import load_config
from sichern.destination import DestinationMissing
from sichern.i18n import N_, environment_language, error_lines
from sichern.report.text import DOCUMENTS, OUTCOMES, ROLES, SHARED, number_text, size_text
from sichern.session import open_session
from sichern_hooks import Permission, TenantRef, UnknownTenant, authorize

FAILED = 1


def commands(language: str) -> list[click.Command]:
    """The commands that read files."""
    pair = [click.Argument(["pair"], metavar="FILE.ztx", type=click.Path(path_type=Path))]
    return [
        command(
            language,
            "list",
            N_("List the backups of a folder: newest first, age, size, when last checked."),
            list_folder,
            click.Argument(["folder"], metavar="DEST", type=click.Path(path_type=Path)),
        ),
        command(
            language, "check", N_("Read everything of a pair again, every row of it."), check, *pair
        ),
        command(language, "show", N_("Show what is in a pair."), show, *pair),
    ]


def list_folder(
    config_path: Path, login: str | None, as_json: bool, lang: str | None, folder: Path
) -> int:
    """List pairs; those of tenants that a given user may not see are left out."""
    output = _output(as_json, lang)
    try:
        pairs = list(list_pairs(folder))
    except FileNotFoundError:
        raise DestinationMissing(path=str(folder)) from None
    except OSError as error:
        raise InfoUnreadable(file=str(folder), reason=error.strerror or "") from error
    if login is not None:
        session = open_session(load_config(config_path), login)
        seen = {(tenant.ref.host, tenant.ref.key) for tenant in session.tenants()}
        pairs = [pair for pair in pairs if pair.info and _tenant(pair.info) in seen]
    memory, now = _memory(), datetime.now(UTC)
    checks = [memory.when(pair.sha256) if pair.sha256 else None for pair in pairs]
    if as_json:
        output.data([_listed(output, pair, when) for pair, when in zip(pairs, checks, strict=True)])
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
                _when(output, when),
                _state(output, pair),
            ]
            for pair, when in zip(pairs, checks, strict=True)
        ]
        heads = [N_("Tenant"), N_("File"), N_("Age"), N_("Size"), N_("Checked"), N_("State")]
        output.table(heads, rows, {3})
    return 0


def check(config_path: Path, login: str | None, as_json: bool, lang: str | None, pair: Path) -> int:
    """Check a pair, and remember when it was found sound."""
    output = _output(as_json, lang)
    _may_read(config_path, login, pair)
    watched = on_terminal() and not as_json
    with progress_hook(pair.name, watched) as progress:
        result = check_pair(pair, progress=progress, rows=RowCheck())
    if result.sound:
        _remember(output, result)
    if as_json:
        output.data(
            {
                "file": str(pair),
                "sound": result.sound,
                "rows": result.rows,
                "documents": result.documents,
                "bytes": result.bytes,
                "problems": [
                    {"code": problem.code, "message": error_lines(problem, output.language)[0]}
                    for problem in result.problems
                ],
            }
        )
        return 0 if result.sound else FAILED
    for problem in result.problems:
        output.error(problem)
    if not result.sound:
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


def show(config_path: Path, login: str | None, as_json: bool, lang: str | None, pair: Path) -> int:
    """Show the info file."""
    output = _output(as_json, lang)
    _may_read(config_path, login, pair)
    text = read_info_file(pair)
    info = text.info
    if as_json:
        output.data(_shown(info))
        return 0
    language = output.language
    for head, value in (
        (N_("Tenant"), f"{info.tenant.name} ({info.tenant.key})"),
        (N_("Created"), format_datetime(info.created, "medium", locale=language) + " UTC"),
        (N_("By"), info.actor.name),
        (N_("From"), f"{info.system.host} {info.system.host_version}, {info.system.database}"),
        (N_("Result"), output.say(OUTCOMES[str(info.outcome)])),
        (N_("Documents"), output.say(DOCUMENTS[str(info.options.documents)])),
        (N_("Shared rows"), output.say(SHARED[str(info.options.shared)])),
        (N_("Size"), size_text(info.bytes, language)),
        (N_("Modules"), ", ".join(f"{k} {v}" for k, v in sorted(info.system.modules.items()))),
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


def _output(as_json: bool, lang: str | None) -> Output:
    return Output(json=as_json, language=lang or environment_language())


def _memory() -> Checked:
    return Checked(folder=state_folder(os.environ, Path.home()))


def _may_read(config_path: Path, login: str | None, pair: Path) -> None:
    """Where a user is given, the pair's tenant must be one that this user may back up."""
    if login is None:
        return
    session = open_session(load_config(config_path), login)
    tenant = read_info_file(pair).info.tenant
    ref = TenantRef(host=tenant.host, key=tenant.key)
    if ref not in {seen.ref for seen in session.tenants()}:
        raise UnknownTenant(tenant=tenant.name)
    authorize(session.manager, session.actor, Permission.BACK_UP, ref)


def _remember(output: Output, result: CheckResult) -> None:
    try:
        _memory().remember(result.sha256, datetime.now(UTC))
    except OSError as error:
        text = output.say(
            N_("warning: when it was checked cannot be remembered: %(reason)s"),
            {"reason": error.strerror or ""},
        )
        click.echo(text, err=True)


def _tenant(info: Info) -> tuple[str, str]:
    return (info.tenant.host, info.tenant.key)


def _when(output: Output, when: datetime | None) -> str:
    if when is None:
        return output.say(N_("when written"))
    return format_datetime(when, "short", locale=output.language)


def _state(output: Output, pair: ListedPair) -> str:
    if pair.problem is not None:
        return error_lines(pair.problem, output.language)[0]
    return output.say(OUTCOMES[str(pair.info.outcome)]) if pair.info else ""


def _listed(output: Output, pair: ListedPair, when: datetime | None) -> dict[str, Any]:
    return {
        "file": str(pair.path),
        "tenant": pair.info.tenant.name if pair.info else pair.tenant,
        "created": pair.created.isoformat(),
        "bytes": pair.bytes,
        "checked": when.isoformat() if when else None,
        "outcome": str(pair.info.outcome) if pair.info else None,
        "problem": error_lines(pair.problem, output.language)[0] if pair.problem else None,
    }


def _shown(info: Info) -> dict[str, Any]:
    return {
        "tenant": {"key": info.tenant.key, "name": info.tenant.name, "host": info.tenant.host},
        "created": info.created.isoformat(),
        "actor": info.actor.name,
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
