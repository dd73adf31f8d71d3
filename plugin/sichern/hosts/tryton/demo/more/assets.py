"""A depreciated machine (module `account_asset`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add an asset with its depreciation table."""
    pool = Pool()
    (journal,) = pool.get("account.journal").search([("type", "=", "asset")], limit=1)
    name = "Delivery van"
    template = pool.get("product.template")
    found = template.search([("name", "=", name)])
    product = (found[0] if found else template.create([{
        "name": name, "type": "assets", "default_uom": scene.goods.unit,
        "account_category": scene.books.category, "depreciable": True,
        "products": [("create", [{}])],
    }])[0]).products[0]
    model = pool.get("account.asset")
    (asset,) = model.create([{
        "company": scene.company.id, "product": product.id, "quantity": 1.0,
        "unit": scene.goods.unit, "value": Decimal("36000.00"), "residual_value": Decimal(0),
        "purchase_date": date(2026, 1, 2), "start_date": date(2026, 1, 2),
        "end_date": date(2028, 12, 31), "account_journal": journal.id, "frequency": "yearly",
    }])
    model.create_lines([asset])
