"""Freight that is spread over a delivery (module `account_stock_landed_cost`)."""

from datetime import date
from decimal import Decimal

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a supplier's shipment and a landed cost whose factors name its moves."""
    pool = Pool()
    data = pool.get("ir.model.data")
    party, _ = scene.supplier
    product, lot = scene.goods.lots[0]
    (shipment,) = pool.get("stock.shipment.in").create([{
        "company": scene.company.id, "supplier": party, "reference": f"Fracht {scene.short}",
        "warehouse": data.get_id("stock", "location_warehouse"),
        "warehouse_input": data.get_id("stock", "location_input"),
        "warehouse_storage": data.get_id("stock", "location_storage"),
        "planned_date": date(2026, 10, 10), "effective_date": date(2026, 10, 10),
        "incoming_moves": [("create", [{
            "company": scene.company.id, "product": product, "lot": lot,
            "unit": scene.goods.unit, "quantity": 4.0, "unit_price": Decimal("12.50"),
            "currency": scene.company.currency,
            "from_location": data.get_id("stock", "location_supplier"),
            "to_location": data.get_id("stock", "location_input"),
        }])],
    }])
    pool.get("stock.shipment.in").receive([shipment])
    pool.get("account.landed_cost").create([{
        "company": scene.company.id, "shipments": [("add", [shipment.id])],
        "factors": {str(move.id): Decimal(1) for move in shipment.incoming_moves},
    }])
