"""The mail that carries the protocols of a run."""

import json
from collections.abc import Mapping, Sequence

from sichern.i18n import N_, translate
from sichern.report.import_protocol import ImportProtocol, ImportProtocolSchema
from sichern.report.import_text import import_text
from sichern.report.protocol import Protocol, ProtocolSchema
from sichern.report.text import OUTCOMES, printable, protocol_text
from sichern_hooks import Mail, Report, TenantReport

IMPORT = "import"


def protocol_mail(report: Report, to: Sequence[str], language: str, contact: str = "") -> Mail:
    """Write one mail for all tenants of a run, with each protocol attached.

    That of an import is attached as JSON too, which lists it field by field.
    """
    texts: dict[str, str] = {}
    data: dict[str, str] = {}
    for entry in report.tenants:
        name = entry.tenant.ref.key or report.run
        if is_import(entry):
            texts[f"{name}.txt"] = import_text(loaded_import(entry.protocol), language, contact)
            data[f"{name}.json"] = protocol_json(entry)
        else:
            texts[f"{name}.txt"] = protocol_text(loaded(entry.protocol), language, contact)
    imported = N_("Import: %(outcome)s (%(tenants)s)")
    subject = translate(
        imported if data else N_("Backup: %(outcome)s (%(tenants)s)"),
        language,
        {
            "outcome": translate(OUTCOMES[str(report.outcome)], language),
            "tenants": ", ".join(entry.tenant.name for entry in report.tenants),
        },
    )
    return Mail(
        to=tuple(to),
        subject=_header(subject),
        text="\n".join([*_overview(report, language), *texts.values()]),
        attachments={**texts, **data},
    )


def _overview(report: Report, language: str) -> list[str]:
    """How each of several tenants ended, before their protocols."""
    if len(report.tenants) < 2:
        return []
    lines = [
        f"{printable(entry.tenant.name)}: {translate(OUTCOMES[str(entry.outcome)], language)}"
        for entry in report.tenants
    ]
    return ["\n".join(lines) + "\n"]


def is_import(entry: TenantReport) -> bool:
    """Whether the entry of a report is an import's."""
    return entry.protocol.get("action") == IMPORT


def loaded(data: Mapping[str, object]) -> Protocol:
    """Parse a backup's protocol from its plain data."""
    protocol = ProtocolSchema().load(data)
    assert isinstance(protocol, Protocol)
    return protocol


def loaded_import(data: Mapping[str, object]) -> ImportProtocol:
    """Parse an import's protocol from its plain data."""
    protocol = ImportProtocolSchema().load(data)
    assert isinstance(protocol, ImportProtocol)
    return protocol


def protocol_json(entry: TenantReport) -> str:
    """The protocol as a JSON document."""
    return json.dumps(entry.protocol, ensure_ascii=False, indent=1) + "\n"


def _header(text: str) -> str:
    """One line that is no encoded word (`=?...?=`), in which a line break could hide."""
    return " ".join(printable(text).replace("=?", "= ?").split())
