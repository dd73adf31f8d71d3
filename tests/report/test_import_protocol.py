"""The protocol of an import, as data and as text: the approved texts lie beside this file."""

import json
from pathlib import Path

import pytest

from sichern.report.import_protocol import ArrivalSchema, ImportProtocolSchema
from sichern.report.import_text import arrival_text, import_text
from sichern.report.importing import remarks
from sichern.report.mail import loaded_import, protocol_mail
from sichern.run import Cancelled
from sichern.tenancy.errors import Problem, SchemaDiffers
from sichern_hooks import Outcome, Report, Tenant, TenantRef, TenantReport, Way
from tests.report.making import COMPLETE, STARTED, imported, plan, report

CONTACT = "ERP-Support, +49 30 123456, 8-18 h"
DIFFERS = SchemaDiffers(
    [
        Problem(
            table="account_invoice",
            message="columns of %(table)s are missing here: %(detail)s",
            hint="bring both systems to the same version of the module, and back up again",
            detail="origin, tax_date",
        ),
        Problem(
            table="sale_sale",
            message="the table %(table)s is missing here",
            hint="activate the module that brings it, in the version of the backup",
        ),
    ]
)
GOLDEN = {
    "import-new": imported(Way.NEW),
    "import-replace": imported(Way.REPLACE),
    "import-failed": imported(Way.EMPTY, DIFFERS),
}


def approved(name: str, language: str) -> str:
    return Path(__file__).with_name(f"{name}.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", GOLDEN)
def test_the_text_is_the_one_that_was_approved(name: str, language: str) -> None:
    assert import_text(GOLDEN[name], language, CONTACT) == approved(name, language)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_text_of_a_plan_is_the_one_that_was_approved(language: str) -> None:
    assert arrival_text(plan(Way.NEW), language) == approved("import-plan", language)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_protocol_survives_json(name: str) -> None:
    data = json.loads(json.dumps(ImportProtocolSchema().dump(GOLDEN[name])))
    assert loaded_import(data) == GOLDEN[name]


def test_a_plan_survives_json() -> None:
    data = json.loads(json.dumps(ArrivalSchema().dump(plan(Way.REPLACE))))
    assert ArrivalSchema().load(data) == plan(Way.REPLACE)


def test_the_protocol_names_every_difference_that_refused_the_pair() -> None:
    fault = GOLDEN["import-failed"].fault
    assert fault is not None
    assert [detail.values["table"] for detail in fault.details] == ["account_invoice", "sale_sale"]


def test_the_key_is_that_of_the_new_tenant_and_of_the_pair_where_nothing_was_written() -> None:
    assert imported(Way.NEW).tenant_key == "7"
    assert imported(Way.NEW, DIFFERS).tenant_key == "1"


def test_an_import_ends_with_warnings_failed_or_cancelled() -> None:
    assert imported(Way.NEW).outcome == "complete-with-warnings"
    assert imported(Way.NEW, DIFFERS).outcome == "failed"
    assert imported(Way.NEW, Cancelled()).outcome == "cancelled"


def test_a_reference_to_what_is_not_there_is_a_warning_and_a_difference_a_note() -> None:
    said = {notice.code: notice.warning for notice in remarks(plan(Way.NEW))}
    assert said == {"references-unmatched": True, "rows-differ-here": False}


def test_the_data_says_field_by_field_whom_rows_name_and_what_is_lost() -> None:
    data = ImportProtocolSchema().dump(imported(Way.NEW))["arrival"]
    assert data["user_references"] == [
        {"table": "account_invoice", "column": "validated_by", "known": 40, "placeholders": 2}
    ]
    assert [(each["table"], each["column"], each["count"]) for each in data["lost"]] == [
        ("stock_move", "origin", 1100), ("account_invoice", "cron", 2), ("stock_move", "uom", 3),
    ]  # fmt: skip


def test_the_mail_of_an_import_says_so_and_attaches_text_and_json() -> None:
    mail = protocol_mail(run(), ["it@example.com"], "de")
    assert mail.subject == "Import des Mandanten: vollständig, mit Warnungen (Müller & Söhne GmbH)"
    assert sorted(mail.attachments) == ["7.json", "7.txt"]
    assert json.loads(mail.attachments["7.json"])["action"] == "import"
    assert mail.text == mail.attachments["7.txt"]


def test_the_mail_of_a_backup_stays_as_it_was() -> None:
    mail = protocol_mail(report(COMPLETE), ["it@example.com"], "en")
    assert mail.subject.startswith("Backup: ")
    assert list(mail.attachments) == ["1.txt"]


def run() -> Report:
    protocol = imported(Way.NEW)
    tenant = Tenant(ref=TenantRef(host="tryton", key="7"), name=protocol.tenant)
    entry = TenantReport(
        tenant=tenant,
        outcome=Outcome(protocol.outcome),
        protocol=ImportProtocolSchema().dump(protocol),
    )
    actor = report().actor
    return Report(run="r1", actor=actor, started=STARTED, finished=STARTED, tenants=(entry,))
