"""A bill of materials and a production (module `production`)."""

from datetime import date

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene

BOM = "Tisch aus Schrauben"


def add(scene: Scene) -> None:
    """Add a production under way; the bill of materials is shared."""
    pool = Pool()
    table, screw = scene.goods.goods[1], scene.goods.goods[-1]
    template = pool.get("product.template")
    product = pool.get("product.product")
    template.write([product(table).template], {"producible": True})
    boms = pool.get("production.bom")
    found = boms.search([("name", "=", BOM)])
    if found:
        bom = found[0]
    else:
        (bom,) = boms.create([{
            "name": BOM,
            "inputs": [("create", [
                {"product": screw, "quantity": 8.0, "unit": scene.goods.unit}
            ])],
            "outputs": [("create", [
                {"product": table, "quantity": 1.0, "unit": scene.goods.unit}
            ])],
        }])
        pool.get("product.product-production.bom").create([{"product": table, "bom": bom.id}])
    warehouse = pool.get("stock.location")(
        pool.get("ir.model.data").get_id("stock", "location_warehouse")
    )
    model = pool.get("production")
    (made,) = model.create([{
        "company": scene.company.id, "product": table, "bom": bom.id, "quantity": 2.0,
        "unit": scene.goods.unit, "warehouse": warehouse.id,
        "location": warehouse.production_location.id, "planned_date": date(2026, 11, 20),
        "planned_start_date": date(2026, 11, 18), "reference": f"Fertigung {scene.short}",
    }])
    model.set_moves([made])
    model.wait([made])
