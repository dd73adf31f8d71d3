"""The protocol as text, in the reader's language."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from babel.dates import format_datetime
from babel.numbers import format_decimal

from sichern.i18n import N_, translate
from sichern.report.protocol import Fault, Protocol, RunProtocol
from sichern_hooks import Notice

OUTCOMES = {
    "complete": N_("complete"),
    "complete-with-warnings": N_("complete with warnings"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}
ROLES = {
    "owned": N_("owned"),
    "shared": N_("shared"),
    "part-of": N_("part of a shared row"),
    "used-with": N_("used with a shared row"),
    "system": N_("shipped by the ERP"),
    "identity": N_("user"),
}
DOCUMENTS = {
    "inside": N_("in the archive"),
    "separate": N_("in an archive of their own"),
    "without": N_("left out"),
}
SHARED = {
    "default": N_("those that the tenant uses, and those that nobody else uses"),
    "reached": N_("only those that the tenant uses"),
    "all": N_("all"),
}
UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(size: int, language: str) -> str:
    """A size in bytes as people read it, in decimal units: `2,4 MB`."""
    value, unit = float(size), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    shown = format_decimal(value, format="#,##0" if unit == 0 else "#,##0.0", locale=language)
    return f"{shown} {UNITS[unit]}"


def number_text(number: float, language: str) -> str:
    """A number with the language's separators."""
    return format_decimal(number, locale=language)


def actor_text(name: str, login: str | None, language: str) -> str:
    """Who asked; the administrator of the operating system where no user of the ERP did."""
    if login is None:
        return translate(
            N_("%(name)s, administrator of the operating system (no user of the ERP was named)"),
            language,
            {"name": name},
        )
    return f"{name} ({login})"


def notice_text(notice: Notice, language: str) -> str:
    """One notice as a line, with what to do about it."""
    said = translate(notice.message, language, notice.values)
    hint = translate(notice.hint, language, notice.values)
    return f"{said}; {hint}" if hint else said


def fault_lines(fault: Fault, language: str) -> tuple[str, ...]:
    """The error, what to do about it, and its details, a line each."""
    return (
        translate(fault.message, language, fault.values),
        translate(fault.hint, language, fault.values),
        *(notice_text(detail, language) for detail in fault.details),
    )


def protocol_text(protocol: Protocol, language: str, contact: str = "") -> str:
    """The whole protocol; `contact` from the configuration follows an error."""
    return "\n".join(printable(line) for line in _lines(protocol, language, contact)) + "\n"


def printable(text: str) -> str:
    """One line without what moves a terminal's cursor: names come from files and databases."""
    return "".join(character if character.isprintable() else " " for character in text)


def _lines(protocol: Protocol, language: str, contact: str) -> Iterator[str]:
    def say(text: str, **values: str) -> str:
        return translate(text, language, values)

    yield say(N_("Protocol of the backup of %(tenant)s"), tenant=protocol.tenant)
    yield ""
    yield from run_lines(protocol, language)
    yield say(N_("By: %(actor)s"), actor=actor_text(protocol.actor, protocol.login, language))
    if protocol.database:  # A run that failed early does not know it.
        yield say(
            N_("From: %(host)s %(version)s, database %(database)s on %(machine)s"),
            host=protocol.host,
            version=protocol.host_version,
            database=protocol.database,
            machine=protocol.machine,
        )
    yield say(N_("To: %(destination)s"), destination=protocol.destination)
    yield say(
        N_("Documents: %(documents)s"),
        documents=translate(DOCUMENTS[protocol.documents_option], language),
    )
    yield say(
        N_("Shared rows: %(shared)s"), shared=translate(SHARED[protocol.shared_option], language)
    )
    for file in protocol.files:
        yield f"  {file.name}  {size_text(file.size, language)}"
    yield from fault_section(protocol, language, contact)
    yield from notice_sections(protocol.notices, language)
    if protocol.tables:
        yield ""
        yield from _tables(protocol, language)


def run_lines(protocol: RunProtocol, language: str) -> Iterator[str]:
    """How a run ended, and when it ran."""

    def say(text: str, **values: str) -> str:
        return translate(text, language, values)

    yield say(N_("Result: %(outcome)s"), outcome=translate(OUTCOMES[protocol.outcome], language))
    yield say(
        N_("Started: %(started)s, %(seconds)s seconds"),
        started=format_datetime(protocol.started.astimezone(UTC), "medium", locale=language)
        + " UTC",
        seconds=number_text(round(protocol.seconds, 1), language),
    )


def fault_section(protocol: RunProtocol, language: str, contact: str) -> Iterator[str]:
    """The error that ended a run, with its details and whom to call; nothing without one."""
    if protocol.fault is not None:
        yield ""
        what, hint, *details = fault_lines(protocol.fault, language)
        yield translate(N_("error: %(message)s"), language, {"message": what})
        yield translate(N_("hint: %(hint)s"), language, {"hint": hint})
        yield from (f"- {detail}" for detail in details)
        if contact:
            yield contact


def notice_sections(every: Sequence[Notice], language: str) -> Iterator[str]:
    """Warnings, then notes, each under its title."""
    warnings = [notice for notice in every if notice.warning]
    notes = [notice for notice in every if not notice.warning]
    for title, notices in ((N_("Warnings"), warnings), (N_("Notes"), notes)):
        if notices:
            yield ""
            yield translate(title, language)
            yield from (f"- {notice_text(notice, language)}" for notice in notices)


def _tables(protocol: Protocol, language: str) -> Iterator[str]:
    yield translate(
        N_("%(rows)s rows, %(documents)s documents (%(size)s), %(missing)s of them missing"),
        language,
        {
            "rows": number_text(protocol.rows, language),
            "documents": number_text(protocol.documents.count, language),
            "size": size_text(protocol.documents.bytes, language),
            "missing": number_text(protocol.documents.missing, language),
        },
    )
    heads = [N_("Table"), N_("Role"), N_("Rows"), N_("Only named"), N_("Left out")]
    rows = [[translate(head, language) for head in heads]]
    rows.extend(
        [
            table.label,
            translate(ROLES.get(table.role, ""), language),
            number_text(table.rows, language),
            number_text(table.named, language),
            number_text(table.left_out, language),
        ]
        for table in protocol.tables
    )
    yield from columns(rows, numbers=frozenset({2, 3, 4}))


def columns(rows: list[list[str]], numbers: frozenset[int]) -> Iterator[str]:
    """Lay out rows of text in columns; `numbers` are set flush right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(widths[place]) if place in numbers else cell.ljust(widths[place])
            for place, cell in enumerate(row)
        ]
        yield "  ".join(cells).rstrip()
