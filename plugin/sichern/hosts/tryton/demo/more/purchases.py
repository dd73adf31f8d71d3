"""Purchases and the supplier's prices (module `purchase`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a supplier's offer for a product, a purchase under way and a draft."""
    pool = Pool()
    product = pool.get("product.product")(scene.goods.goods[0])
    party, address = scene.supplier
    pool.get("purchase.product_supplier").create([{
        "company": scene.company.id, "party": party, "template": product.template.id,
        "product": product.id, "currency": scene.company.currency,
        "code": f"ART-{scene.short}-1",
        "prices": [("create", [{"quantity": 10.0, "unit_price": Decimal("9.90")}])],
    }])
    model = pool.get("purchase.purchase")
    order, _ = model.create([
        {
            "company": scene.company.id, "party": party, "invoice_address": address,
            "currency": scene.company.currency, "payment_term": scene.books.payment_term,
            "purchase_date": date(2026, 10, 1), "description": f"Bestellung {scene.short}-{n}",
            "lines": [("create", [{
                "type": "line", "product": product.id, "quantity": 20.0,
                "unit": scene.goods.unit, "unit_price": Decimal("9.90"),
                "description": product.rec_name,
            }])],
        }
        for n in range(2)
    ])
    model.quote([order])
    model.confirm([order])
    model.process([order])
