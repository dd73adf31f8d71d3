"""A bank statement with its original file (module `account_statement`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a statement journal, and a statement that pays an open invoice."""
    pool = Pool()
    (journal,) = pool.get("account.journal").search([("type", "=", "statement")], limit=1)
    (own,) = pool.get("account.statement.journal").create([{
        "name": f"Bank {scene.short}", "company": scene.company.id, "journal": journal.id,
        "currency": scene.company.currency, "account": scene.books.cash, "validation": "balance",
    }])
    amount = Decimal("119.00")
    party, _ = scene.customer
    model = pool.get("account.statement")
    (statement,) = model.create([{
        "name": f"Auszug {scene.short} 1", "journal": own.id, "company": scene.company.id,
        "date": date(2026, 11, 2), "start_balance": Decimal(0), "end_balance": amount,
        "origin_file": f":20:STARTUMS\n:25:{scene.short}\n".encode(),
        "lines": [("create", [{
            "number": f"{scene.short}-1", "date": date(2026, 11, 2), "amount": amount,
            "party": party, "account": scene.books.receivable, "description": "Überweisung",
        }])],
    }])
    model.validate_statement([statement])
    model.post([statement])
