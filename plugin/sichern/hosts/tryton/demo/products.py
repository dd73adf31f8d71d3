"""Products of both companies with prices of their own, and lots."""

from decimal import Decimal

from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.demo.companies import translate
from sichern.hosts.tryton.demo.records import Company, Goods

GOODS = (("Chair", "Stuhl"), ("Table", "Tisch"), ("Shelf", "Regal"), ("Lamp", "Leuchte"),
         ("Cupboard", "Schränkchen"), ("Screw M8", "Schraube M8"))
SERVICES = (("Consulting", "Beratung"), ("Delivery", "Lieferung"))
LOTS = 3


def add_products(category: int, languages: tuple[str, ...]) -> Goods:
    """Add goods with lots, services, one product and one lot that nobody uses, one inactive."""
    pool = Pool()
    unit = pool.get("product.uom")(pool.get("ir.model.data").get_id("product", "uom_unit"))
    goods = _add(GOODS, "goods", "W", category, unit.id, languages)
    services = _add(SERVICES, "service", "D", category, unit.id, languages)
    unused, former = _add(
        (("Unsold prototype", "Ladenhüter"), ("Discontinued", "Ausgelaufen")), "goods", "X",
        category, unit.id, languages,
    )
    product = pool.get("product.product")
    product.write([product(former)], {"active": False})
    lots = pool.get("stock.lot").create([
        {"number": f"L2026-{n:04d}", "product": product_id}
        for n, product_id in enumerate(
            [p for p in goods for _ in range(LOTS)] + [unused], start=1
        )
    ])
    pool.get("stock.lot").create([{"number": "L2026-FREI", "product": goods[0]}])
    return Goods(
        goods=goods, services=services, unused=unused, unit=unit.id,
        lots=tuple((lot.product.id, lot.id) for lot in lots if lot.product.id != unused),
    )


def _add(
    names: tuple[tuple[str, str], ...], kind: str, letter: str, category: int, unit: int,
    languages: tuple[str, ...],
) -> tuple[int, ...]:
    pool = Pool()
    template = pool.get("product.template")
    values: list[dict[str, object]] = []
    for number, (name, _) in enumerate(names, start=1):
        one: dict[str, object] = {
            "name": name, "type": kind, "default_uom": unit, "account_category": category,
            "code": f"{letter}{number:03d}",
            "products": [("create", [{
                "description": f"{name} {letter}{number:03d}", "suffix_code": "1",
            }])],
        }
        for flag, needed in (("salable", "sale_uom"), ("purchasable", "purchase_uom")):
            if flag in template._fields:
                one |= {flag: True, needed: unit}
        values.append(one)
    templates = template.create(values)
    if "de" in languages:
        for record, (_, german) in zip(templates, names, strict=True):
            translate(record, "name", german)
    return tuple(record.products[0].id for record in templates)


def set_prices(company: Company, goods: Goods) -> None:
    """Give every product the prices of this company, different in each."""
    pool = Pool()
    product = pool.get("product.product")
    everything = [*goods.goods, *goods.services, goods.unused]
    with Transaction().set_context(company=company.id):
        for number, record in enumerate(product.browse(everything), start=1):
            price = Decimal(number * 10 + company.id).quantize(Decimal("0.01"))
            record.template.list_price = price + Decimal("4.99")
            record.template.save()
            record.cost_price = price / 2
            record.save()
