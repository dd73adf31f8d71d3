"""A monthly subscription (module `sale_subscription`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene

RULE = "Jeden Monat"


def add(scene: Scene) -> None:
    """Add a subscription of a service, running; its rule and its service are shared."""
    pool = Pool()
    rules = pool.get("sale.subscription.recurrence.rule.set")
    found = rules.search([("name", "=", RULE)])
    rule = found[0] if found else rules.create([{
        "name": RULE, "rules": [("create", [{"freq": "monthly", "interval": 1}])],
    }])[0]
    services = pool.get("sale.subscription.service")
    product = scene.goods.services[0]
    known = services.search([("product", "=", product)])
    service = known[0] if known else services.create([{
        "product": product, "consumption_recurrence": rule.id,
    }])[0]
    party, address = scene.customer
    model = pool.get("sale.subscription")
    (subscription,) = model.create([{
        "company": scene.company.id, "party": party, "invoice_address": address,
        "currency": scene.company.currency, "payment_term": scene.books.payment_term,
        "start_date": date(2026, 1, 1), "invoice_recurrence": rule.id,
        "invoice_start_date": date(2026, 1, 1),
        "description": f"Wartung {scene.short}",
        "lines": [("create", [{
            "service": service.id, "quantity": 1.0, "unit": scene.goods.unit,
            "unit_price": Decimal("75.00"), "description": "Wartung",
            "start_date": date(2026, 1, 1), "consumption_recurrence": rule.id,
        }])],
    }])
    model.quote([subscription])
    model.run([subscription])
