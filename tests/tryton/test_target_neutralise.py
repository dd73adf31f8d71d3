"""A neutralised copy of a Tryton does nothing by itself; what it does not own stays on.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_target_neutralise CONFIG DATABASE WAY` switches off, and prints what was said and
what Tryton's ORM finds afterwards.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import TenantRef, Way
from tests.support.postgres import Server
from tests.support.tryton import (
    TrytonDatabase,
    copy_postgres,
    copy_sqlite,
    demo_postgres,
    many_modules_sqlite,
    run_tryton,
)
from tests.tryton.planting import writing


def act(config: str, database: str, way: str) -> None:
    """Neutralise company 1, and print what is still on."""
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    from sichern.hosts.tryton.host import open_host
    from sichern.target.session import open_session

    host = open_host({"config": config, "database": database})
    target = host.sichern_open_target("tryton")
    assert target is not None
    assert host.sichern_neutralise(
        TenantRef(host="another", key="1"), Way.NEW, writer=None  # type: ignore[arg-type]
    ) is None
    with open_session(target.database) as session:
        session.begin()
        said = host.sichern_neutralise(TenantRef(host="tryton", key="1"), Way(way), session)
        session.commit()
    assert said is not None
    with Transaction().start(database, 0, readonly=True):
        pool = Pool()
        found: dict[str, Any] = {
            "said": {each.code: each.values.get("count") for each in said},
            "warnings": sum(each.warning for each in said),
            "jobs": len(pool.get("ir.cron").search([])),
        }
        if "account.payment.journal" in dict(pool.iterobject()):
            journals = pool.get("account.payment.journal").search([])
            found["journals"] = sorted(
                [each.name, each.company.id, each.process_method] for each in journals
            )
    sys.stdout.write(json.dumps(found))


def neutralise(database: TrytonDatabase, way: Way) -> dict[str, Any]:
    done = run_tryton(
        ["-m", "tests.tryton.test_target_neutralise", str(database.config), database.name, way],
        database.uri,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def database(tmp_path: Path) -> TrytonDatabase:
    """Two companies, each with journals by hand, by file, and by a payment service."""
    made = copy_sqlite(many_modules_sqlite(), tmp_path / "copy")
    with writing(made, None) as access:
        for number, (company, method) in enumerate(
            (company, method) for company in (1, 2) for method in ("manual", "sepa", "stripe")
        ):
            access.write(
                "insert into account_payment_journal (id, name, company, currency, process_method,"
                " active) select ?, ?, id, currency, ?, true from company_company where id = ?",
                90_001 + number, f"J{company}-{method}", method, company,
            )
    return made


def planted(found: dict[str, Any]) -> dict[str, str]:
    return {name: method for name, _, method in found["journals"] if name.startswith("J")}


def test_beside_others_only_the_companys_own_is_switched_off(database: TrytonDatabase) -> None:
    found = neutralise(database, Way.NEW)
    assert found["said"] == {
        "neutralised-payments": 1, "neutralised-without-mail-server": None,
    }
    assert planted(found) == {
        "J1-manual": "manual", "J1-sepa": "sepa", "J1-stripe": "manual",
        "J2-manual": "manual", "J2-sepa": "sepa", "J2-stripe": "stripe",
    }
    assert found["jobs"] > 5


def test_where_the_whole_system_is_the_copy_no_job_runs(database: TrytonDatabase) -> None:
    before = neutralise(database, Way.REPLACE)["jobs"]
    found = neutralise(database, Way.EMPTY)
    assert found["said"]["neutralised-jobs"] == before
    assert found["jobs"] == 0
    assert planted(found)["J2-stripe"] == "stripe"


def test_it_is_no_warning_and_says_what_it_cannot_switch_off(database: TrytonDatabase) -> None:
    found = neutralise(database, Way.EMPTY)
    assert found["warnings"] == 0
    assert "neutralised-without-mail-server" in found["said"]


def test_modules_that_are_not_there_are_not_missed(postgres: Server, tmp_path: Path) -> None:
    copy = copy_postgres(postgres, demo_postgres(postgres), tmp_path)
    found = neutralise(copy, Way.EMPTY)
    assert found["said"].keys() == {"neutralised-jobs", "neutralised-without-mail-server"}
    assert found["jobs"] == 0


def test_columns_of_modules_that_are_not_tried_here_are_switched_off_too(
    database: TrytonDatabase,
) -> None:
    """Columns as `web_shop` and `account_dunning_email` of Tryton 8.0 make them."""
    with writing(database, None) as access:
        access.write(
            "create table web_shop (id integer primary key, company integer, active boolean)"
        )
        access.write("insert into web_shop values (1, 1, true), (2, 2, true), (3, 1, false)")
        access.write("alter table account_dunning_level add column send_email boolean")
        assert access.write("update account_dunning_level set send_email = true") >= 0
        levels = access.ask("select count(*) from account_dunning_level")[0][0]
    found = neutralise(database, Way.EMPTY)
    assert found["said"]["neutralised-shops"] == 1
    assert found["said"].get("neutralised-dunning", 0) == levels
    with writing(database, None) as access:
        assert access.ask("select id from web_shop where active") == [(2,)]


if __name__ == "__main__":
    act(*sys.argv[1:])
