"""The demo is a real system: what other tests and the demo command rely on."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sichern.hosts.tryton.demo import ADMIN_PASSWORD, DEMO_MODULES, more
from tests.support.postgres import Server
from tests.support.tryton import (
    MANY_MODULES,
    TrytonDatabase,
    copy_sqlite,
    demo_postgres,
    demo_sqlite,
    empty_many_modules_sqlite,
    empty_postgres,
    empty_sqlite,
    many_modules_sqlite,
    run_tryton,
)
from tests.tryton.oracle import Opinion, ask

INVOICES = 5
COMPANIES = (1, 2)


@pytest.fixture(scope="module")
def demo() -> TrytonDatabase:
    return demo_sqlite(INVOICES)


@pytest.fixture(scope="module")
def many() -> TrytonDatabase:
    return many_modules_sqlite(INVOICES)


@pytest.fixture(scope="module")
def opinions(many: TrytonDatabase) -> dict[int, Opinion]:
    return ask(many)


def query(database: TrytonDatabase, sql: str) -> list[tuple[object, ...]]:
    """Read what SQLite holds, as it is."""
    with closing(sqlite3.connect(database.file)) as connection:
        return connection.execute(sql).fetchall()


def test_two_companies_have_a_name_and_a_currency_of_their_own(demo: TrytonDatabase) -> None:
    assert query(
        demo,
        "select p.name, c.code from company_company o join party_party p on p.id = o.party"
        " join currency_currency c on c.id = o.currency order by o.id",
    ) == [("Muster GmbH", "EUR"), ("Beispiel AG", "CHF")]


@pytest.mark.parametrize("company", COMPANIES)
def test_a_company_has_posted_and_paid_invoices_of_every_kind(
    demo: TrytonDatabase, company: int
) -> None:
    kinds = query(
        demo, f"select distinct type, state from account_invoice where company = {company}"
    )
    assert {("out", "posted"), ("out", "paid"), ("out", "draft"), ("in", "paid")} <= set(kinds)
    customers = query(
        demo,
        "select count(*) from account_invoice where type = 'out' and move is not null"
        f" and number like 'R-%' and company = {company}",
    )
    assert customers == [(INVOICES,)]
    credit_notes = query(
        demo,
        f"select count(*) from account_invoice where number like 'G-%' and company = {company}",
    )
    assert credit_notes == [(2,)]


def test_every_paid_invoice_has_its_lines_reconciled(demo: TrytonDatabase) -> None:
    assert query(
        demo,
        "select count(*) from account_invoice i join account_move_line l on l.move = i.move"
        " where i.state = 'paid' and l.account = i.account and l.reconciliation is null",
    ) == [(0,)]


@pytest.mark.parametrize("company", COMPANIES)
def test_goods_went_from_the_supplier_through_the_store_to_the_customer_by_lot(
    demo: TrytonDatabase, company: int
) -> None:
    ways = query(
        demo,
        "select distinct f.type, t.type from stock_move m"
        " join stock_location f on f.id = m.from_location"
        " join stock_location t on t.id = m.to_location"
        f" where m.state = 'done' and m.lot is not null and m.company = {company}",
    )
    assert {("supplier", "storage"), ("storage", "storage"), ("storage", "customer")} == set(ways)


def test_documents_lie_in_the_table_and_in_the_file_store(demo: TrytonDatabase) -> None:
    rows = query(demo, "select file_id, data from ir_attachment where type = 'data'")
    stored = [str(locator) for locator, _ in rows if locator]
    assert stored
    for locator in stored:
        assert demo.documents.joinpath(locator[:2], locator[2:4], locator).is_file()
    assert any(data and not locator for locator, data in rows)
    owners = query(demo, "select distinct substr(resource, 1, instr(resource, ',') - 1)"
                         " from ir_attachment")
    assert {("account.invoice",), ("party.party",), ("product.product",)} <= set(owners)


def test_some_shared_rows_are_used_by_nobody_and_some_are_inactive(demo: TrytonDatabase) -> None:
    (party,) = query(demo, "select id from party_party where name like 'Noch Ohne%'")
    assert query(demo, f"select 1 from account_invoice where party = {party[0]}") == []
    assert query(
        demo,
        "select l.number from stock_lot l left join stock_move m on m.lot = l.id"
        " where m.id is null order by 1",
    )[-1] == ("L2026-FREI",)
    for table in ("party_party", "product_product"):
        assert query(demo, f"select count(*) from {table} where not active") == [(1,)]


def test_a_sequence_can_be_a_companys_or_of_none(demo: TrytonDatabase) -> None:
    assert query(demo, "select company from ir_sequence where name = 'Gemeinsame Parteien'") == [
        (None,)
    ]
    for table in ("ir_sequence", "ir_sequence_strict"):
        owners = query(demo, f"select distinct company from {table} where company is not null")
        assert sorted(owners) == [(1,), (2,)]


def test_a_product_has_a_german_name_and_a_price_in_each_company(demo: TrytonDatabase) -> None:
    (template,) = query(demo, "select id from product_template where name = 'Cupboard'")
    assert query(
        demo,
        "select value from ir_translation where name = 'product.template,name' and lang = 'de'"
        f" and res_id = {template[0]}",
    ) == [("Schränkchen",)]
    prices = query(
        demo,
        "select company, cast(list_price as text) from product_list_price"
        f" where template = {template[0]} and company is not null order by company",
    )
    assert prices == [(1, "55.99"), (2, "56.99")]


LOGIN = """
import sys
from trytond.config import update_etc
update_etc(sys.argv[1])
from trytond.pool import Pool
from trytond.transaction import Transaction
Pool.start()
Pool(sys.argv[2]).init()
with Transaction().start(sys.argv[2], 0) as transaction:
    user = Pool().get("res.user")
    number = user.get_login(sys.argv[3], {"password": sys.argv[4]})
    assert number, "not let in"
    import json
    print(json.dumps([company.id for company in user(number).companies]))
"""


@pytest.mark.parametrize(
    ("login", "password", "companies"),
    [
        ("admin", ADMIN_PASSWORD, []),
        ("anna", "anna-sichern", [1]),
        ("bernd", "bernd-sichern", [2]),
        ("chef", "chef-sichern", [1, 2]),
    ],
)
def test_each_user_can_log_in_and_sees_only_its_companies(
    demo: TrytonDatabase, tmp_path: Path, login: str, password: str, companies: list[int]
) -> None:
    copy = copy_sqlite(demo, tmp_path)
    done = run_tryton(
        ["-c", LOGIN, str(copy.config), copy.name, login, password], copy.uri
    )
    assert json.loads(done.stdout) == companies


def test_the_configuration_wizard_does_not_meet_the_first_user(demo: TrytonDatabase) -> None:
    assert query(demo, "select distinct state from ir_module_config_wizard_item") == [("done",)]


def test_a_database_that_is_there_is_left_alone(demo: TrytonDatabase, tmp_path: Path) -> None:
    copy = copy_sqlite(demo, tmp_path)
    before = copy.file.read_bytes()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_tryton(["-m", "sichern.hosts.tryton.demo", str(tmp_path), copy.name], copy.uri)
    assert "exists already" in failed.value.stderr
    assert "Traceback" not in failed.value.stderr
    assert copy.file.read_bytes() == before


def test_copies_on_postgresql_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    uri = "postgresql://nobody@127.0.0.1:1/"
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_tryton(
            ["-m", "sichern.hosts.tryton.demo", str(tmp_path), "x", "--uri", uri, "--bare", "y"],
            uri,
        )
    assert "bare copies of a demo on postgresql" in failed.value.stderr
    assert "Traceback" not in failed.value.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_module_stops_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_tryton(
            ["-m", "sichern.hosts.tryton.demo", str(tmp_path), "x", "--module", "account_moon"],
            "sqlite://",
        )
    assert "account_moon" in failed.value.stderr
    assert "Traceback" not in failed.value.stderr
    assert not (tmp_path / "x.sqlite").exists()


@pytest.mark.parametrize("origin", ["demo", "many", "demo on PostgreSQL"])
def test_what_modules_ship_has_other_ids_in_an_empty_system(
    origin: str, demo: TrytonDatabase, many: TrytonDatabase, postgres: Server
) -> None:
    """Else importing would not try whether keys of such rows are translated."""
    shipped = "select module, fs_id, db_id from ir_model_data where db_id is not null"

    def on_postgres(database: TrytonDatabase) -> set[tuple[object, ...]]:
        with psycopg.connect(postgres.uri(database.name)) as connection:
            return set(connection.execute(shipped.encode()).fetchall())

    def on_sqlite(database: TrytonDatabase) -> set[tuple[object, ...]]:
        return set(query(database, shipped))

    pairs = {
        "demo": [(on_sqlite(demo), on_sqlite(empty_sqlite())),
                 (on_sqlite(demo), on_postgres(empty_postgres(postgres)))],
        "many": [(on_sqlite(many), on_sqlite(empty_many_modules_sqlite()))],
        "demo on PostgreSQL": [(on_postgres(demo_postgres(postgres)), on_sqlite(empty_sqlite()))],
    }  # fmt: skip
    for ours, theirs in pairs[origin]:
        assert len({row[:2] for row in ours} & {row[:2] for row in theirs}) > 3000
        assert len(ours - theirs) > 500


def test_it_has_the_same_books_on_postgresql(demo: TrytonDatabase, postgres: Server) -> None:
    sql = (
        "select i.number, i.state, cast({debit} as text) from account_invoice i"
        " join account_move_line l on l.move = i.move and l.account = i.account"
        " where i.number is not null order by 1"
    )
    copy = demo_postgres(postgres, INVOICES)
    with psycopg.connect(postgres.uri(copy.name)) as connection:
        theirs = connection.execute(sql.format(debit="l.debit").encode()).fetchall()
    assert len(theirs) > 2 * INVOICES
    assert theirs == query(demo, sql.format(debit="l.debit"))


def test_more_than_thirty_modules_are_active(many: TrytonDatabase) -> None:
    active = {name for name, in query(many, "select name from ir_module where state = 'activated'")}
    assert {*DEMO_MODULES, *MANY_MODULES} <= active
    assert len(active) > 30


def test_every_addition_made_records_for_each_company(opinions: dict[int, Opinion]) -> None:
    assert len(list(more.additions([*DEMO_MODULES, *MANY_MODULES]))) == len(more.ADDITIONS)
    for opinion in opinions.values():
        assert set(opinion.owned) >= {
            "account.asset", "account.asset.line", "account.dunning", "account.landed_cost",
            "account.payment", "account.payment.sepa.mandate", "account.statement",
            "analytic.account.entry", "company.employee_cost_price", "document.incoming",
            "production", "project.work", "purchase.purchase", "sale.sale",
            "sale.subscription.line", "stock.forecast.line", "timesheet.line",
        }


def test_no_record_belongs_to_two_companies(opinions: dict[int, Opinion]) -> None:
    first, second = (opinions[company].owned for company in COMPANIES)
    assert {
        model: first[model].ids & second[model].ids
        for model in set(first) & set(second)
        if first[model].ids & second[model].ids
    } == {}


def test_the_oracle_finds_wages_that_name_no_company(opinions: dict[int, Opinion]) -> None:
    assert opinions[1].owned["company.employee_cost_price"].how == ("employee",)
    assert len(opinions[1].owned["company.employee_cost_price"].ids) == 1


def test_the_oracle_finds_who_changed_what(opinions: dict[int, Opinion]) -> None:
    assert opinions[1].owned["ir.model.log"].how == ("resource",)


def test_the_oracle_tells_records_of_no_company_from_those_of_one(
    opinions: dict[int, Opinion], many: TrytonDatabase
) -> None:
    shared = {number for number, in query(many, "select id from ir_sequence where company is null")}
    for opinion in opinions.values():
        assert opinion.null["ir.sequence"].ids == shared
        assert not opinion.owned["ir.sequence"].ids & shared


def test_the_oracle_says_what_it_cannot_compare(opinions: dict[int, Opinion]) -> None:
    reasons = opinions[1].incomparable
    assert "account.aged_balance" in reasons
    assert "party.party/history" in reasons
    assert not set(reasons) & set(opinions[1].owned)
