"""A protocol that has something of everything, and the reports that it comes from."""

from datetime import UTC, datetime, timedelta

from sichern.report.import_protocol import ImportProtocol
from sichern.report.importing import ImportLog
from sichern.report.protocol import (
    DocumentCount,
    Fault,
    FileSize,
    Protocol,
    ProtocolSchema,
    TableCount,
)
from sichern.tenancy.arrival import (
    Arrival,
    ClashArrival,
    LostReference,
    TableArrival,
    UserArrival,
    UserReference,
)
from sichern_hooks import (
    Actor,
    ImportOptions,
    NotAuthorized,
    Notice,
    Outcome,
    Report,
    Role,
    SichernError,
    SystemIdentity,
    Tenant,
    TenantRef,
    TenantReport,
    Way,
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


def plan(way: Way) -> Arrival:
    """A plan that has something of everything."""
    replaces = way is Way.REPLACE
    return Arrival(
        tenant=Tenant(ref=TenantRef(host="tryton", key="1"), name="Müller & Söhne GmbH"),
        way=way,
        source="tryton 8.0.12, erp @ alt",
        target="tryton 8.0.14, erp2 @ neu",
        versions={"account": ("8.0.3", "8.0.5"), "tryton": ("8.0.12", "8.0.14")},
        tables=(
            TableArrival(
                table="account_invoice", label="Rechnung", role=Role.OWNED, inserted=1234567,
                updated=3 if replaces else 0, removed=2 if replaces else 0,
                matched=5 if replaces else 0, matched_by="=" if replaces else "",
            ),
            TableArrival(
                table="party_party", label="Partei", role=Role.SHARED, inserted=10, matched=7,
                matched_by="code, name; Identifikator (type, code)", differing=2,
            ),
            TableArrival(
                table="party_address", label="Adresse", role=Role.PART_OF, inserted=10,
                matched=4, matched_by="=", left_out=1,
            ),
            TableArrival(
                table="currency_currency", label="Währung", role=Role.SHARED, matched=2,
                matched_by="external; 1",
            ),
        ),
        users=(
            UserArrival(login="anna", name="Anna Schütz", known=True),
            UserArrival(login="karl", name="Karl Ruß", known=False),
        ),
        user_references=(
            UserReference(table="account_invoice", column="validated_by", known=40, placeholders=2),
        ),
        lost=(
            LostReference(
                table="stock_move", column="origin", target="sale_line", reason="other-tenant",
                count=1100,
            ),
            LostReference(
                table="account_invoice", column="cron", target="ir_cron", reason="private", count=2
            ),
            LostReference(
                table="stock_move", column="uom", target="product_uom", reason="unmatched", count=3
            ),
        ),
        clashes=(
            ClashArrival(table="party_party", columns=("code",), rule="renumber", count=8),
            ClashArrival(table="timesheet_line", columns=("uuid",), rule="uuid", count=80),
        ),
        counters=12,
        documents=59,
    )


def imported(way: Way, error: SichernError | None = None) -> ImportProtocol:
    """The protocol of an import, as its log writes it."""
    anna = Actor(host="tryton", login="anna", name="Anna Schütz", language="de")
    options = ImportOptions(way=way, neutralise=way is Way.NEW, copy_confirmed=way is Way.REPLACE)
    nobody = Tenant(ref=TenantRef(host="tryton", key=""), name="mueller_2026.ztx")
    log = ImportLog("r1", anna, nobody, "/mnt/nas/erp/mueller_2026.ztx", options, STARTED)
    log.names(plan(way).tenant)
    if way is Way.REPLACE:
        log.kept(["/mnt/nas/erp/mueller_2027.zip", "/mnt/nas/erp/mueller_2027.ztx"])
    target = SystemIdentity(
        host="tryton", host_version="8.0.14", system="s", database="erp2", machine="neu"
    )
    log.planned(plan(way), target)
    finished = STARTED + timedelta(seconds=75.24)
    if error is None:
        absent = Notice(
            code="documents-absent",
            message="%(count)d documents are not in the pair; their rows came without",
            values={"count": 3},
        )
        renumbered = Notice(
            code="clash-renumber",
            message="%(table)s: %(count)d values of %(columns)s were taken and got new ones",
            values={"table": "Partei", "count": 8, "columns": "code"},
            warning=False,
        )
        log.loaded([absent, renumbered], finished, TenantRef(host="tryton", key="7"))
    log.end(finished, error)
    return log.protocol()
