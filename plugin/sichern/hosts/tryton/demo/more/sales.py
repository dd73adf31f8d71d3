"""Sales and, with `sale_opportunity`, a lead (module `sale`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a sale under way with shipment and invoice, a draft, and a lead."""
    pool = Pool()
    party, address = scene.customer
    model = pool.get("sale.sale")
    order, _ = model.create([
        {
            "company": scene.company.id, "party": party, "invoice_address": address,
            "shipment_address": address, "currency": scene.company.currency,
            "payment_term": scene.books.payment_term, "sale_date": date(2026, 10, 3),
            "description": f"Verkauf {scene.short}-{n}",
            "lines": [("create", [{
                "type": "line", "product": product, "quantity": 3.0,
                "unit": scene.goods.unit, "unit_price": Decimal("49.50"),
                "description": "Für die Küche",
            } for product in (scene.goods.goods[1], scene.goods.services[0])])],
        }
        for n in range(2)
    ])
    model.quote([order])
    model.confirm([order])
    model.process([order])
    if "sale.opportunity" in dict(pool.iterobject()):
        pool.get("sale.opportunity").create([{
            "company": scene.company.id, "party": party, "address": address,
            "description": f"Anfrage {scene.short}: Bürostühle", "start_date": date(2026, 9, 1),
            "employee": scene.company.employee, "amount": Decimal("5000.00"),
            "currency": scene.company.currency,
        }])
