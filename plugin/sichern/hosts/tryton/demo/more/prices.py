"""A price list (module `product_price_list`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a price list with a discount for one product and a rule for the rest."""
    (_,) = Pool().get("product.price_list").create([{
        "company": scene.company.id, "name": f"Großkunden {scene.short}",
        "unit": "product_default",
        "lines": [("create", [
            {"product": scene.goods.goods[0], "formula": "unit_price * 0.9"},
            {"formula": "unit_price * 0.95"},
        ])],
    }])
