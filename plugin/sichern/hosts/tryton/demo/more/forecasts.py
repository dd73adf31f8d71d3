"""What will be sold next (module `stock_forecast`)."""

from datetime import date

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a forecast of December's deliveries."""
    pool = Pool()
    data = pool.get("ir.model.data")
    pool.get("stock.forecast").create([{
        "company": scene.company.id,
        "warehouse": data.get_id("stock", "location_warehouse"),
        "destination": data.get_id("stock", "location_customer"),
        "from_date": date(2026, 12, 1), "to_date": date(2026, 12, 31),
        "lines": [("create", [
            {"product": product, "quantity": 5.0, "unit": scene.goods.unit}
            for product in scene.goods.goods[:2]
        ])],
    }])
