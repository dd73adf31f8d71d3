"""Goods that come in from suppliers and go out to customers, by lot."""

from datetime import date, timedelta
from decimal import Decimal

from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.demo.records import Company, Goods, Partners

FIRST_DAY = date(2026, 1, 7)


def add_sequence(company: Company) -> None:
    """Number the company's deliveries by a sequence of its own."""
    pool = Pool()
    kind = pool.get("ir.model.data").get_id("stock", "sequence_type_shipment_out")
    sequence, = pool.get("ir.sequence").create([{
        "name": f"Lieferscheine {company.profile.short}", "sequence_type": kind,
        "company": company.id, "prefix": f"L{company.profile.short}-", "padding": 4,
    }])
    with Transaction().set_context(company=company.id):
        pool.get("stock.configuration")(1).set_multivalue(
            "shipment_out_sequence", sequence, company=company.id
        )


def _location(name: str) -> int:
    return int(Pool().get("ir.model.data").get_id("stock", name))


def receive(company: Company, goods: Goods, count: int) -> None:
    """Book the company's lots from the supplier into the store, done, each at least once."""
    move = Pool().get("stock.move")
    done = move.create([
        {
            **_move(company, goods, product, lot, 10.0 + count),
            "from_location": _location("location_supplier"),
            "to_location": _location("location_storage"),
            "effective_date": FIRST_DAY + timedelta(days=number),
        }
        for number, (product, lot) in enumerate(_lots(company, goods))
    ])
    move.do(done)
    # One that was cancelled, and one that is still to come.
    cancelled, _ = move.create([
        {
            **_move(company, goods, *_lots(company, goods)[0], 1.0),
            "from_location": _location("location_supplier"),
            "to_location": _location("location_storage"),
            "planned_date": date(2026, 12, 1),
        }
        for _ in range(2)
    ])
    move.cancel([cancelled])


def deliver(company: Company, partners: Partners, goods: Goods, count: int) -> None:
    """Ship goods to customers: packed and shipped, with moves into and out of the dock."""
    pool = Pool()
    shipment, move = pool.get("stock.shipment.out"), pool.get("stock.move")
    values = []
    lots_of_company = _lots(company, goods)
    for number in range(max(count // 20, 2)):
        party, address = partners.customers[number % len(partners.customers)]
        product, lot = lots_of_company[number % len(lots_of_company)]
        values.append({
            "company": company.id, "customer": party, "delivery_address": address,
            "warehouse": _location("location_warehouse"),
            "warehouse_storage": _location("location_storage"),
            "warehouse_output": _location("location_output"),
            "reference": f"Lieferung {company.profile.short}-{number + 1}",
            "planned_date": FIRST_DAY + timedelta(days=30 + number),
            "effective_date": FIRST_DAY + timedelta(days=30 + number),
            "moves": [("create", [{
                **_move(company, goods, product, lot, 2.0),
                "from_location": _location("location_output"),
                "to_location": _location("location_customer"),
            }])],
        })
    made = shipment.create(values)
    shipment.wait(made)
    inner = [each for one in shipment.browse(made) for each in one.inventory_moves]
    lots = {each.product.id: each.lot.id for one in made for each in one.outgoing_moves}
    for each in inner:
        if not each.lot:
            move.write([each], {"lot": lots[each.product.id]})
    shipment.assign_force(made)
    shipment.pick(made)
    shipment.pack(made)
    shipment.do(made)


def _lots(company: Company, goods: Goods) -> tuple[tuple[int, int], ...]:
    """Every second lot: the companies share products, and never a lot."""
    return goods.lots[company.id % 2 :: 2]


def _move(
    company: Company, goods: Goods, product: int, lot: int, quantity: float
) -> dict[str, object]:
    return {
        "company": company.id, "product": product, "lot": lot, "unit": goods.unit,
        "quantity": quantity, "unit_price": Decimal("12.50"), "currency": company.currency,
    }
