"""A protocol that has something of everything, and the reports that it comes from."""

from datetime import UTC, datetime, timedelta

from sichern.report.protocol import (
    DocumentCount,
    Fault,
    FileSize,
    Protocol,
    ProtocolSchema,
    TableCount,
)
from sichern_hooks import (
    Actor,
    NotAuthorized,
    Notice,
    Outcome,
    Report,
    Tenant,
    TenantRef,
    TenantReport,
)

STARTED = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
COMPLETE = Protocol(
    run="r1",
    action="back-up",
    tenant="Müller & Söhne GmbH",
    tenant_key="1",
    host="tryton",
    host_version="8.0.12",
    database="erp",
    machine="server",
    actor="Anna Schütz",
    login="anna",
    destination="/mnt/nas/erp",
    documents_option="separate",
    shared_option="default",
    sichern="0.1.0",
    started=STARTED,
    finished=STARTED + timedelta(seconds=75.24),
    outcome="complete-with-warnings",
    tables=(
        TableCount(
            table="account_invoice", label="Rechnung", role="owned", rows=1234567, named=0,
            left_out=0, bytes=99,
        ),
        TableCount(
            table="party_party", label="Partei", role="shared", rows=12, named=3, left_out=4,
            bytes=1,
        ),
    ),
    documents=DocumentCount(count=2050, bytes=1_500_000_000, missing=1, left_out=0),
    files=(FileSize(name="mueller_2026.zip", size=2_345_678),),
    notices=(
        Notice(
            code="document-missing",
            message="the document %(document)s is missing in the document store",
            hint="restore the file from the backup of the document store",
            values={"document": "ab/cd/abcd"},
        ),
    ),
)
FAILED = Protocol(
    **{
        **vars(COMPLETE),
        "login": None,
        "actor": "root",
        "outcome": "failed",
        "tables": (),
        "files": (),
        "notices": (),
        "documents": DocumentCount(),
        "fault": Fault.of(NotAuthorized(actor="root", permission="back-up", tenant="1")),
    }
)


def report(*protocols: Protocol) -> Report:
    """The report of a run over as many tenants."""
    actor = Actor(host="tryton", login="anna", name="Anna Schütz", language="de")
    return Report(
        run="r1",
        actor=actor,
        started=STARTED,
        finished=STARTED + timedelta(seconds=80),
        tenants=tuple(
            TenantReport(
                tenant=Tenant(ref=TenantRef(host="tryton", key=str(key)), name=each.tenant),
                outcome=Outcome(each.outcome),
                protocol=ProtocolSchema().dump(each),
            )
            for key, each in enumerate(protocols, 1)
        ),
    )
