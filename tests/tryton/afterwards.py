"""Go on working in a company, as one of its users does: a new invoice, posted, paid, reconciled.

What is made stays. Numbers are given with those that were the last before, so that a test sees
whether they follow.

trytond belongs to the process, so this is a program: `python -m tests.tryton.afterwards
--config F --database D --company NAME` prints JSON; `ask` runs it.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.tryton import TrytonDatabase, run_tryton
from tests.tryton.judge import acting

DAY = date(2026, 12, 1)


@dataclass(frozen=True, kw_only=True)
class Afterwards:
    """The last numbers before (`before`) and after (`after`), by what they number.

    An invoice and its payment are a posting each, so `move` goes on by two.

    `state`, `reconciled` and `to_pay` are those of the new invoice at the end.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    state: str
    reconciled: bool
    to_pay: str


def ask(database: TrytonDatabase, company: str) -> Afterwards:
    """Work in a database in a process of its own."""
    done = run_tryton(
        ["-m", "tests.tryton.afterwards", "--config", str(database.config),
         "--database", database.name, "--company", company],
        database.uri,
    )
    return Afterwards(**json.loads(done.stdout))


def follows(before: str, after: str, steps: int = 1) -> bool:
    """Whether a number is the next one of the same series, or so many steps behind."""
    digits = len(before) - len(before.rstrip("0123456789"))
    prefix, last = before[: len(before) - digits], before[len(before) - digits :]
    return after == f"{prefix}{int(last) + steps:0{digits}d}"


def work(config: Path, database: str, company: str) -> Afterwards:
    """Post, pay and reconcile an invoice like the last one in this process's trytond."""
    from trytond.transaction import TransactionError

    extras: dict[str, list[str]] = {}
    while True:
        try:
            return _work(config, database, company, extras)
        except TransactionError as error:
            # Tryton asks for the lock of a table by ending the transaction.
            before = {name: list(tables) for name, tables in extras.items()}
            error.fix(extras)
            if extras == before:
                raise


def _work(
    config: Path, database: str, company: str, extras: Mapping[str, list[str]]
) -> Afterwards:
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with acting(config, database, company, keep=True, **extras) as record:
        pool = Pool()
        before = _numbers(pool, record)
        invoice = _invoice(pool, record)
        type(invoice).post([invoice])
        _pay(pool, record, invoice)
        # What a worker does with the task that the reconciliation left.
        with Transaction().set_context(_check_access=False):
            type(invoice).process([type(invoice)(invoice.id)])
        invoice = type(invoice)(invoice.id)
        after = _numbers(pool, record)
        assert invoice.number == after["invoice"]
        return Afterwards(
            before=before, after=after, state=invoice.state, reconciled=bool(invoice.reconciled),
            to_pay=str(Decimal(invoice.amount_to_pay)),
        )


def insert(config: Path, database: str, company: str, count: int) -> dict[str, int]:
    """Make so many records of some models through the ORM; nothing stays.

    Raises what Tryton raises where a number or a key is taken.
    """
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with acting(config, database, company) as record:
        pool = Pool()
        (unit, *_) = pool.get("product.uom").search([("symbol", "=", "u")])
        values: dict[str, list[dict[str, object]]] = {
            "party.party": [{"name": f"Neu {n}"} for n in range(count)],
            "product.template": [
                {"name": f"Neu {n}", "type": "goods", "default_uom": unit.id,
                 "products": [("create", [{}])]} for n in range(count)
            ],
            "ir.note": [{"resource": str(record.party), "message": str(n)} for n in range(count)],
            "ir.attachment": [
                {"resource": str(record.party), "name": str(n), "type": "link", "link": "x"}
                for n in range(count)
            ],
        }  # fmt: skip
        made = {name: pool.get(name).create(each) for name, each in values.items()}
        # A number that was another record's must not bring that one's documents back.
        for name in ("party.party", "product.template"):
            fresh = [str(one) for one in made[name]]
            for model in ("ir.note", "ir.attachment"):
                with Transaction().set_context(_check_access=False):
                    assert pool.get(model).search([("resource", "in", fresh)]) == []
        return {name: len(records) for name, records in made.items()}


def _numbers(pool: Any, company: Any) -> dict[str, str]:
    """The highest numbers so far: an invoice's, a posting's, a reconciliation's."""
    chosen = {
        "invoice": ("account.invoice", [("type", "=", "out"), ("number", "like", "R-%")]),
        "move": ("account.move", [("state", "=", "posted")]),
        "reconciliation": ("account.move.reconciliation", []),
    }
    found = {}
    for label, (name, domain) in chosen.items():
        records = pool.get(name).search([("company", "=", company.id), *domain])
        numbers = [str(one.number) for one in records]
        found[label] = max(numbers, key=lambda number: (len(number), number))
    return found


def _invoice(pool: Any, company: Any) -> Any:
    """Make an invoice with the party, accounts, product and taxes of an earlier one."""
    invoice, line = pool.get("account.invoice"), pool.get("account.invoice.line")
    (last,) = invoice.search(
        [("company", "=", company.id), ("type", "=", "out"), ("number", "like", "R-%")],
        order=[("number", "DESC")], limit=1,
    )
    (sold, *_) = last.lines
    made = invoice(
        company=company, type="out", party=last.party, invoice_address=last.invoice_address,
        currency=company.currency, journal=last.journal, account=last.account,
        payment_term=last.payment_term, invoice_date=DAY,
    )
    made.lines = [
        line(
            type="line", product=sold.product, unit=sold.unit, account=sold.account,
            quantity=2.0, unit_price=Decimal("50.00"), taxes=list(sold.taxes),
            description="Nach dem Import",
        )
    ]
    made.save()
    return made


def _pay(pool: Any, company: Any, invoice: Any) -> None:
    """Pay it as the button does."""
    from trytond.transaction import Transaction

    wizard = pool.get("account.invoice.pay", type="wizard")
    (method,) = pool.get("account.invoice.payment.method").search([("company", "=", company.id)])
    session, _, _ = wizard.create()
    with Transaction().set_context(active_model="account.invoice", active_id=invoice.id,
                                   active_ids=[invoice.id]):  # fmt: skip
        start = wizard.execute(session, {}, "start")["view"]["defaults"]
        values = {**start, "payment_method": method.id, "date": DAY}
        known = pool.get("account.invoice.pay.start")._fields
        values = {name: value for name, value in values.items() if name in known}
        wizard.execute(session, {"start": values}, "choice")
    wizard.delete(session)


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description="go on working in a company")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--company", required=True)
    chosen = parser.parse_args()
    json.dump(asdict(work(chosen.config, chosen.database, chosen.company)), sys.stdout)


if __name__ == "__main__":
    main()
