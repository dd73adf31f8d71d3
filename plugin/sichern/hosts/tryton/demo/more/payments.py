"""Payments by SEPA with mandates and a message (module `account_payment_sepa`)."""

from datetime import date

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a manual and a SEPA journal, a mandate, and payments of open invoices."""
    pool = Pool()
    party, address = scene.customer
    numbers = pool.get("bank.account.number")
    (own,) = numbers.search([("account.owners", "=", scene.company.party)], limit=1)
    (theirs,) = numbers.search(
        [("account.owners", "=", party), ("account.currency", "=", scene.company.currency)],
        limit=1,
    )
    base = {"company": scene.company.id, "currency": scene.company.currency}
    manual, _ = pool.get("account.payment.journal").create([
        {**base, "name": f"Überweisung {scene.short}", "process_method": "manual"},
        {
            **base, "name": f"SEPA {scene.short}", "process_method": "sepa",
            "sepa_bank_account_number": own.id,
            "sepa_payable_flavor": "pain.001.001.03", "sepa_receivable_flavor": "pain.008.001.02",
        },
    ])
    pool.get("account.payment.sepa.mandate").create([{
        "company": scene.company.id, "party": party, "account_number": theirs.id,
        "address": address, "identification": f"MANDAT-{scene.short}-1", "type": "recurrent",
        "scheme": "CORE", "signature_date": date(2026, 1, 9),
    }])
    model = pool.get("account.payment")
    payments = model.create([
        {
            "company": scene.company.id, "journal": manual.id, "kind": "payable",
            "party": line.party.id, "line": line.id, "amount": line.credit,
            "date": date(2026, 11, 5), "reference_type": None,
            "reference": f"Zahlung {scene.short}-{number}",
        }
        for number, line in enumerate(scene.open_lines("payable", 2), start=1)
    ])
    model.submit(payments)
