"""A chart of accounts, taxes, a fiscal year and sequences for a company."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.demo.records import Books, Company

YEAR = 2026
CASH, OUTPUT_TAX, INPUT_TAX, REVENUE, EXPENSE = "1.1.1", "2.2.3", "6.3.6", "4.1.1", "5.1.1"


def add_chart(company: Company, language: str) -> None:
    """Make the company's accounts from the universal chart, by Tryton's own wizard."""
    pool = Pool()
    wizard = pool.get("account.create_chart", type="wizard")
    template = pool.get("account.account.template")(
        pool.get("ir.model.data").get_id("account", f"account_template_root_{language}")
    )
    session, _, _ = wizard.create()
    chart = wizard(session)
    chart.account.account_template = template
    chart.account.company = pool.get("company.company")(company.id)
    chart.transition_create_account()
    state = chart.states["properties"]
    defaults = state.get_defaults(chart, "properties", list(chart.properties._fields))
    for name, value in defaults.items():
        if name in chart.properties._fields:
            setattr(chart.properties, name, value)
    chart.properties.company = company.id
    chart.properties.account_receivable = _account(company, "type.receivable", True)
    chart.properties.account_payable = _account(company, "type.payable", True)
    if "category_account_revenue" in chart.properties._fields:
        chart.properties.category_account_revenue = _account(company, "code", REVENUE)
        chart.properties.category_account_expense = _account(company, "code", EXPENSE)
    chart.transition_create_properties()
    wizard.delete(session)


def _account(company: Company, field: str, value: object) -> int:
    accounts = Pool().get("account.account").search(
        [
            (field, "=", value), ("company", "=", company.id), ("closed", "!=", True),
            ("type", "!=", None),
        ],
        order=[("code", "ASC")], limit=1,
    )
    return int(accounts[0].id)


def add_books(company: Company) -> Books:
    """Add taxes, an accounting category, a fiscal year, sequences and a payment method."""
    pool = Pool()
    accounts = {code: _account(company, "code", code)
                for code in (CASH, OUTPUT_TAX, INPUT_TAX, REVENUE, EXPENSE)}
    sales_tax, purchase_tax = _add_taxes(company, accounts[OUTPUT_TAX], accounts[INPUT_TAX])
    _add_fiscal_year(company)
    cash_journal = _journal("cash")
    name = "Bank " + company.profile.name
    pool.get("account.invoice.payment.method").create([{
        "company": company.id, "name": name, "journal": cash_journal,
        "credit_account": accounts[CASH], "debit_account": accounts[CASH],
    }])
    term, = pool.get("account.invoice.payment_term").search(
        [("lines.relativedeltas.days", "=", 30)], order=[("id", "ASC")], limit=1
    )
    closed = pool.get("account.account").search(
        [("code", "=", "6.3.9"), ("company", "=", company.id)]
    )
    pool.get("account.account").write(closed, {"end_date": date(YEAR - 1, 12, 31)})
    return Books(
        receivable=_account(company, "type.receivable", True),
        payable=_account(company, "type.payable", True),
        revenue=accounts[REVENUE], expense=accounts[EXPENSE], cash=accounts[CASH],
        sales_tax=sales_tax, purchase_tax=purchase_tax,
        sales_journal=_journal("revenue"), purchase_journal=_journal("expense"),
        cash_journal=cash_journal, payment_term=term.id,
        category=_add_category(company, accounts, sales_tax, purchase_tax),
    )


def _journal(kind: str) -> int:
    journal, = Pool().get("account.journal").search(
        [("type", "=", kind)], order=[("id", "ASC")], limit=1
    )
    return int(journal.id)


def _add_taxes(company: Company, output: int, deductible: int) -> tuple[int, int]:
    pool = Pool()
    rate = Decimal(company.profile.tax_rate)
    label = f"{rate * 100:f}".rstrip("0").rstrip(".") + " %"
    groups = {}
    for code, kind in (("UST", "sale"), ("VST", "purchase")):
        found = pool.get("account.tax.group").search([("code", "=", code)])
        groups[code] = found[0] if found else pool.get("account.tax.group").create(
            [{"name": {"UST": "Umsatzsteuer", "VST": "Vorsteuer"}[code], "code": code,
              "kind": kind}]
        )[0]
    sales, purchase = pool.get("account.tax").create([
        {
            "name": f"{text} {label} {company.profile.short}", "description": f"{text} {label}",
            "type": "percentage", "rate": rate, "company": company.id,
            "group": groups[code].id, "invoice_account": account, "credit_note_account": account,
        }
        for code, text, account in (
            ("UST", "Umsatzsteuer", output), ("VST", "Vorsteuer", deductible)
        )
    ])
    pool.get("account.tax.code").create([{
        "name": f"{tax.description} {company.profile.short}", "company": company.id,
        "lines": [("create", [
            {"operator": "+", "tax": tax.id, "amount": "tax", "type": kind}
            for kind in ("invoice", "credit")
        ])],
    } for tax in (sales, purchase)])
    return int(sales.id), int(purchase.id)


def _add_fiscal_year(company: Company) -> None:
    pool = Pool()
    data = pool.get("ir.model.data")
    strict = pool.get("ir.sequence.strict")
    short = company.profile.short
    kind = data.get_id("account_invoice", "sequence_type_account_invoice")
    moves, sales, credit_notes, purchases = strict.create([
        {"name": f"{label} {YEAR} {short}", "company": company.id, "sequence_type": type_,
         "prefix": f"{prefix}{short}-{YEAR}-", "padding": 5}
        for label, prefix, type_ in (
            ("Buchungen", "B-", data.get_id("account", "sequence_type_account_move")),
            ("Ausgangsrechnungen", "R-", kind), ("Gutschriften", "G-", kind),
            ("Eingangsrechnungen", "E-", kind),
        )
    ])
    year, = pool.get("account.fiscalyear").create([{
        "name": f"{YEAR}", "company": company.id,
        "start_date": date(YEAR, 1, 1), "end_date": date(YEAR, 12, 31),
        "move_sequence": moves.id,
        "invoice_sequences": [("create", [{
            "company": company.id,
            "out_invoice_sequence": sales.id, "out_credit_note_sequence": credit_notes.id,
            "in_invoice_sequence": purchases.id, "in_credit_note_sequence": purchases.id,
        }])],
    }])
    pool.get("account.fiscalyear").create_period([year])
    _add_reconciliation_sequence(company)


def _add_reconciliation_sequence(company: Company) -> None:
    pool = Pool()
    configuration = pool.get("account.configuration")
    name = "reconciliation_sequence"
    if name not in configuration._fields:
        return
    shared = configuration(1).get_multivalue(name, company=None)
    if shared is None:
        return
    own, = pool.get("ir.sequence").create([{
        "name": f"Abstimmungen {company.profile.short}", "company": company.id,
        "sequence_type": shared.sequence_type.id, "prefix": f"A{company.profile.short}-",
    }])
    with Transaction().set_context(company=company.id):
        configuration(1).set_multivalue(name, own, company=company.id)


def _add_category(
    company: Company, accounts: dict[str, int], sales_tax: int, purchase_tax: int
) -> int:
    """Give the one accounting category of the products this company's accounts and taxes."""
    pool = Pool()
    category = pool.get("product.category")
    found = category.search([("name", "=", "Goods and services"), ("accounting", "=", True)])
    record = found[0] if found else category.create(
        [{"name": "Goods and services", "accounting": True}]
    )[0]
    with Transaction().set_context(company=company.id):
        record = category(record.id)
        record.account_revenue = accounts[REVENUE]
        record.account_expense = accounts[EXPENSE]
        record.save()
        category.write([record], {
            "customer_taxes": [("add", [sales_tax])],
            "supplier_taxes": [("add", [purchase_tax])],
        })
    return int(record.id)
