"""Customer and supplier invoices and credit notes, posted in batches."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from trytond.pool import Pool

from sichern.hosts.tryton.demo.records import Books, Company, Goods, Partners

BATCH = 50
FIRST_DAY = date(2026, 1, 5)
DAYS = 300


def plan(
    company: Company, books: Books, partners: Partners, goods: Goods, count: int
) -> list[dict[str, object]]:
    """Give the values of `count` customer invoices, of credit notes and supplier invoices."""
    rng = Random(company.id * 1000)  # noqa: S311 - the same amounts in every demo
    few = max(count // 20, 2)
    values = [
        _invoice(company, books, partners, goods, rng, "out", n, count) for n in range(count)
    ]
    values += [
        _invoice(company, books, partners, goods, rng, "credit", n, few) for n in range(few)
    ]
    values += [
        _invoice(company, books, partners, goods, rng, "in", n, few) for n in range(few)
    ]
    return values


def _invoice(
    company: Company, books: Books, partners: Partners, goods: Goods, rng: Random,
    kind: str, number: int, count: int,
) -> dict[str, object]:
    incoming = kind == "in"
    parties = partners.suppliers if incoming else partners.customers
    party, address = parties[number % len(parties)]
    day = FIRST_DAY + timedelta(days=number * DAYS // count)
    products = (*goods.goods, *goods.services)
    sign = -1 if kind == "credit" else 1
    short = company.profile.short
    reference = {"out": "Auftrag", "in": "Rechnung", "credit": "Gutschrift zu"}[kind]
    return {
        "type": "in" if incoming else "out",
        "company": company.id, "currency": company.currency,
        "party": party, "invoice_address": address,
        "journal": books.purchase_journal if incoming else books.sales_journal,
        "account": books.payable if incoming else books.receivable,
        "payment_term": books.payment_term,
        "invoice_date": day, "accounting_date": day,
        "reference": f"{reference} {short}-{number + 1:05d}",
        "description": f"{company.profile.name}: {kind} {number + 1} für Büromöbel",
        "lines": [("create", [
            {
                "type": "line", "company": company.id, "currency": company.currency,
                "invoice_type": "in" if incoming else "out", "party": party,
                "product": rng.choice(products), "unit": goods.unit,
                "description": f"Position {line + 1} von {short}-{number + 1:05d}",
                "account": books.expense if incoming else books.revenue,
                "quantity": float(sign * rng.randrange(1, 9)),
                "unit_price": Decimal(rng.randrange(100, 99999)).scaleb(-2),
                "taxes": [("add", [books.purchase_tax if incoming else books.sales_tax])],
            }
            for line in range(1 + number % 2)
        ])],
    }


def batches(values: Sequence[dict[str, object]]) -> Iterator[Sequence[dict[str, object]]]:
    """Cut the invoices into what one transaction posts."""
    # The first one alone: its transaction is run again for each lock that Tryton asks for.
    yield values[:1]
    for start in range(1, len(values), BATCH):
        yield values[start:start + BATCH]


def post(values: Sequence[dict[str, object]]) -> list[int]:
    """Create the invoices, post them, and give their ids."""
    invoice = Pool().get("account.invoice")
    records = invoice.create(list(values))
    invoice.post(records)
    return [record.id for record in records]


def pay(company: Company, books: Books, ids: Sequence[int], first: int) -> None:
    """Pay the invoices with one move each and reconcile; every fourth stays open.

    `first` is the place of `ids[0]` among all invoices of the company, from 0.
    """
    pool = Pool()
    invoice, move, line = (
        pool.get(name) for name in ("account.invoice", "account.move", "account.move.line")
    )
    period = pool.get("account.period")
    paid = invoice.browse([each for number, each in enumerate(ids, first) if number % 4])
    due = [(one, one.lines_to_pay) for one in paid]
    made = move.create([_payment(company, books, period, *each) for each in due])
    move.post(made)
    own = {
        one: [each for each in payment.lines if each.account == one.account]
        for one, payment in zip(paid, made, strict=True)
    }
    invoice.add_payment_lines(own)
    line.reconcile(*([*lines, *own[one]] for one, lines in due))
    invoice.process(invoice.browse([one.id for one in paid]))


def _payment(
    company: Company, books: Books, period: Any, invoice: Any, lines: Sequence[Any]
) -> dict[str, object]:
    day = invoice.invoice_date + timedelta(days=14)
    amount = sum((line.debit - line.credit for line in lines), Decimal(0))
    return {
        "company": company.id, "journal": books.cash_journal, "date": day,
        "period": period.find(company.id, date=day).id, "origin": str(invoice),
        "description": f"Zahlung {invoice.number}",
        "lines": [("create", [
            {"account": invoice.account.id, "party": invoice.party.id, **_sides(-amount)},
            {"account": books.cash, **_sides(amount)},
        ])],
    }


def _sides(amount: Decimal) -> dict[str, Decimal]:
    return {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}


def draft(values: Sequence[dict[str, object]]) -> None:
    """Leave invoices unposted."""
    Pool().get("account.invoice").create(
        [{**one, "reference": "Entwurf", "description": "Entwurf"} for one in values]
    )
