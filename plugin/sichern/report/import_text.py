"""The plan and the protocol of an import as text, in the reader's language."""

from collections.abc import Iterator, Sequence

from sichern.i18n import N_, translate
from sichern.report.import_protocol import ImportProtocol
from sichern.report.importing import remarks
from sichern.report.text import (
    ROLES,
    actor_text,
    columns,
    fault_section,
    notice_sections,
    number_text,
    printable,
    run_lines,
)
from sichern.tenancy.arrival import Arrival, TableArrival
from sichern_hooks import Way

WAYS = {
    Way.NEW: N_("as a new tenant beside others"),
    Way.EMPTY: N_("into an empty system, keys kept"),
    Way.REPLACE: N_("the same tenant, back to the state of the pair"),
}
REASONS = {
    "other-tenant": N_("a row of another tenant"),
    "private": N_("never leaves its system"),
    "missing": N_("was missing already"),
    "history": N_("of an old version of a row"),
    "unmatched": N_("shipped by the ERP there, not here"),
}
RULES = {
    "refuse": N_("refused"),
    "renumber": N_("the next free number"),
    "suffix": N_("a suffix"),
    "uuid": N_("a new unique text"),
}
KEYS = {
    "external": N_("the name that its module gave it"),
    "1": N_("the only one"),
}
"""How rows were recognised, where it was not by columns."""


def import_text(protocol: ImportProtocol, language: str, contact: str = "") -> str:
    """The whole protocol; `contact` from the configuration follows an error."""
    lines = _protocol_lines(protocol, language, contact)
    return "\n".join(printable(line) for line in lines) + "\n"


def arrival_text(arrival: Arrival, language: str) -> str:
    """The plan that a dry run shows."""
    return "\n".join(printable(line) for line in _plan_lines(arrival, language)) + "\n"


def way_text(way: Way, language: str) -> str:
    """How a pair is imported."""
    return translate(WAYS[way], language)


def total_text(arrival: Arrival, language: str) -> str:
    """The sums of a plan in one line."""

    def total(name: str) -> str:
        return number_text(sum(getattr(table, name) for table in arrival.tables), language)

    values = {
        "inserted": total("inserted"),
        "matched": total("matched"),
        "documents": number_text(arrival.documents, language),
        "counters": number_text(arrival.counters, language),
        "updated": total("updated"),
        "removed": total("removed"),
    }
    if arrival.way is Way.REPLACE:
        text = N_(
            "Rows: %(inserted)s inserted, %(updated)s changed back, %(removed)s removed,"
            " %(matched)s there already; documents: %(documents)s, counters: %(counters)s"
        )
    else:
        text = N_(
            "Rows: %(inserted)s inserted, %(matched)s there already;"
            " documents: %(documents)s, counters: %(counters)s"
        )
    return translate(text, language, values)


def arrival_sections(arrival: Arrival, language: str) -> Iterator[str]:
    """What a plan says beside its tables: versions, users, lost references, clashes."""

    def say(text: str) -> str:
        return translate(text, language)

    def number(count: int) -> str:
        return number_text(count, language)

    yield from _section(
        say(N_("Versions that differ")),
        [say(N_("Module")), say(N_("In the pair")), say(N_("Here"))],
        [[name, there, here] for name, (there, here) in sorted(arrival.versions.items())],
    )
    yield from _section(
        say(N_("Users")),
        [say(N_("Login")), say(N_("Name")), say(N_("Becomes"))],
        [
            [
                user.login,
                user.name,
                say(N_("the user of that login"))
                if user.known
                else say(N_("an inactive placeholder without a login")),
            ]
            for user in arrival.users
        ],
    )
    if arrival.user_references:
        yield translate(
            N_(
                "References to users: %(known)s to known ones, %(placeholders)s to placeholders;"
                " columns: %(columns)s (each is listed in the protocol as JSON)"
            ),
            language,
            {
                "known": number(sum(each.known for each in arrival.user_references)),
                "placeholders": number(
                    sum(each.placeholders for each in arrival.user_references)
                ),
                "columns": number(len(arrival.user_references)),
            },
        )
    yield from _section(
        say(N_("References that cannot be kept, and become empty")),
        [
            say(N_("Count")),
            say(N_("Table")),
            say(N_("Column")),
            say(N_("Points at")),
            say(N_("Reason")),
        ],
        [
            [
                number(lost.count),
                lost.table,
                lost.column,
                lost.target,
                say(REASONS.get(lost.reason, "")) or lost.reason,
            ]
            for lost in arrival.lost
        ],
        numbers=frozenset({0}),
    )
    yield from _section(
        say(N_("Values that are taken, and what they become")),
        [say(N_("Count")), say(N_("Table")), say(N_("Columns")), say(N_("Becomes"))],
        [
            [
                number(clash.count),
                clash.table,
                ", ".join(clash.columns),
                say(RULES.get(clash.rule, "")) or clash.rule,
            ]
            for clash in arrival.clashes
        ],
        numbers=frozenset({0}),
    )


def _protocol_lines(protocol: ImportProtocol, language: str, contact: str) -> Iterator[str]:
    def say(text: str, **values: str) -> str:
        return translate(text, language, values)

    arrival = protocol.arrival
    yield say(N_("Protocol of the import of %(tenant)s"), tenant=protocol.tenant)
    yield ""
    yield from run_lines(protocol, language)
    yield say(
        N_("Imported by: %(actor)s"), actor=actor_text(protocol.actor, protocol.login, language)
    )
    yield say(N_("Pair: %(file)s"), file=protocol.file)
    yield say(N_("Way: %(way)s"), way=way_text(protocol.way, language))
    if arrival is not None:
        yield say(N_("From: %(system)s"), system=arrival.source)
        yield say(N_("To: %(destination)s"), destination=arrival.target)
    if arrival is not None and protocol.fault is None:
        yield say(N_("Key of the tenant here: %(key)s"), key=protocol.tenant_key)
    if protocol.copy_confirmed:
        yield say(N_("It was confirmed that a copy of the system may be meant."))
    if protocol.neutralise:
        yield say(N_("Jobs, mail and payments of the copy are to be switched off."))
    if protocol.safety:
        yield say(N_("Backed up before:"))
        yield from (f"  {file}" for file in protocol.safety)
    yield from fault_section(protocol, language, contact)
    yield from notice_sections(protocol.notices, language)
    if arrival is not None:
        yield ""
        if protocol.fault is not None:
            yield say(N_("Nothing was written. What was planned:"))
        yield total_text(arrival, language)
        yield from arrival_sections(arrival, language)
        yield from _tables(arrival, language)


def _plan_lines(arrival: Arrival, language: str) -> Iterator[str]:
    def say(text: str, **values: str) -> str:
        return translate(text, language, values)

    yield say(N_("Plan of the import of %(tenant)s"), tenant=arrival.tenant.name)
    yield ""
    yield say(N_("Way: %(way)s"), way=way_text(arrival.way, language))
    yield say(N_("From: %(system)s"), system=arrival.source)
    yield say(N_("To: %(destination)s"), destination=arrival.target)
    yield total_text(arrival, language)
    yield from notice_sections(remarks(arrival), language)
    yield from arrival_sections(arrival, language)
    yield from _tables(arrival, language)


def _tables(arrival: Arrival, language: str) -> Iterator[str]:
    replaces = arrival.way is Way.REPLACE
    counts = ["inserted", "matched", "differing", "left_out"]
    heads = [
        N_("Insert"),
        N_("There already"),
        N_("Of these differing"),
        N_("Left out"),
    ]
    if replaces:
        counts += ["updated", "removed"]
        heads += [N_("Change back"), N_("Remove")]
    last = len(counts) + 2
    yield from _section(
        translate(N_("Tables"), language),
        [translate(head, language) for head in (N_("Table"), N_("Role"), *heads)]
        + [translate(N_("Recognised by"), language)],
        [
            [
                table.label,
                translate(ROLES.get(str(table.role), ""), language),
                *(number_text(getattr(table, name), language) for name in counts),
                _recognised(table, replaces, language),
            ]
            for table in arrival.tables
        ],
        numbers=frozenset(range(2, last)),
    )


def _recognised(table: TableArrival, replaces: bool, language: str) -> str:
    """By which keys rows were recognised: columns, or what stands for more than columns."""
    same = N_("the same key") if replaces else N_("the same content")
    said = {**KEYS, "=": same}
    ways = [each for each in table.matched_by.split("; ") if each]
    return "; ".join(translate(said[way], language) if way in said else way for way in ways)


def _section(
    title: str,
    heads: list[str],
    rows: Sequence[list[str]],
    numbers: frozenset[int] = frozenset(),
) -> Iterator[str]:
    """A title and a table under it; nothing where there is no row."""
    if rows:
        yield ""
        yield title
        yield from columns([heads, *rows], numbers)
