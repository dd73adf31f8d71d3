"""The mail that carries the protocols of a run."""

from collections.abc import Mapping, Sequence

from sichern.i18n import N_, translate
from sichern.report.protocol import Protocol, ProtocolSchema
from sichern.report.text import OUTCOMES, printable, protocol_text
from sichern_hooks import Mail, Report


def protocol_mail(report: Report, to: Sequence[str], language: str, contact: str = "") -> Mail:
    """Write one mail for all tenants of a run, with each protocol attached."""
    texts = {
        f"{entry.tenant.ref.key}.txt": protocol_text(loaded(entry.protocol), language, contact)
        for entry in report.tenants
    }
    subject = translate(
        N_("Backup: %(outcome)s (%(tenants)s)"),
        language,
        {
            "outcome": translate(OUTCOMES[str(report.outcome)], language),
            "tenants": ", ".join(entry.tenant.name for entry in report.tenants),
        },
    )
    return Mail(
        to=tuple(to),
        subject=_header(subject),
        text="\n".join(texts.values()),
        attachments=texts,
    )


def _header(text: str) -> str:
    """One line that is no encoded word (`=?...?=`), in which a line break could hide."""
    return " ".join(printable(text).replace("=?", "= ?").split())


def loaded(data: Mapping[str, object]) -> Protocol:
    """Parse a protocol from its plain data."""
    protocol = ProtocolSchema().load(data)
    assert isinstance(protocol, Protocol)
    return protocol
