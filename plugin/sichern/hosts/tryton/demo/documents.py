"""Attachments in the file store and in the table, links, and notes."""

from collections.abc import Sequence

from trytond.pool import Pool
from trytond.transaction import Transaction

from sichern.hosts.tryton.demo.records import Company, Goods

# The smallest PNG: one grey pixel. A document that is not text.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6368000000820081dd436af40000000049454e44ae426082"
)


def add_own(company: Company, invoices: Sequence[int]) -> None:
    """Attach documents to the company's invoices: every fifth in the store, some in the table."""
    pool = Pool()
    invoice = pool.get("account.invoice")
    chosen = invoice.browse(list(invoices[::5]))
    _attach([(str(one), f"Rechnung {one.number}.txt", _text(company, one.number))
             for one in chosen])
    in_table = invoice.browse(list(invoices[1::25]))
    _attach([(str(one), f"Beleg {one.number}.txt", _text(company, one.number))
             for one in in_table], store=False)
    pool.get("ir.attachment").create([{
        "name": "Bestellung", "type": "link", "link": "https://example.com/bestellung",
        "resource": str(chosen[0]),
    }])
    pool.get("ir.note").create([
        {"resource": str(one), "message": f"Rückfrage zu {one.number} von {company.profile.name}"}
        for one in invoice.browse(list(invoices[::20]))
    ])
    own = pool.get("company.company")(company.id)
    _attach([(str(own.party), f"Briefkopf {company.profile.short}.png", PIXEL)])


def add_common(companies: tuple[Company, ...], goods: Goods) -> None:
    """Attach documents to shared parties and products, the same bytes twice among them."""
    pool = Pool()
    party, product = pool.get("party.party"), pool.get("product.product")
    shared = party.search([("name", "like", "Bäckerei%")])
    unused = party.search([("name", "like", "Noch Ohne%")])
    sheet = "Datenblatt, für beide Mandanten gleich\n".encode()
    _attach([(str(product(goods.goods[0])), "Datenblatt Stuhl.txt", sheet),
             (str(product(goods.goods[1])), "Datenblatt Tisch.txt", sheet),
             (str(shared[0]), "Rahmenvertrag.txt", "Rahmenvertrag über Brötchen\n".encode()),
             (str(unused[0]), "Anfrage.txt", b"Noch kein Beleg\n")])
    _attach([(str(product(goods.unused)), "Skizze.png", PIXEL)], store=False)
    pool.get("ir.note").create([
        {"resource": str(shared[0]), "message": "Liefert an beide Firmen täglich"},
        {"resource": str(product(goods.goods[0])), "message": f"Für {len(companies)} Firmen"},
    ])


def empty_queue() -> None:
    """Drop the tasks that a worker would run: printing every invoice is not the demo's point."""
    queue = Pool().get("ir.queue")
    queue.delete(queue.search([]))


def _text(company: Company, number: str) -> bytes:
    return f"{company.profile.name}\nBeleg {number}\nGrüße aus {company.profile.city}\n".encode()


def _attach(documents: Sequence[tuple[str, str, bytes]], *, store: bool = True) -> None:
    """Attach `(resource, name, content)`; with `store` False the content stays in the table."""
    attachment = Pool().get("ir.attachment")
    made = attachment.create([
        {"name": name, "type": "data", "resource": resource,
         **({"data": content} if store else {})}
        for resource, name, content in documents
    ])
    if store:
        return
    # Which place the field writes to is decided when trytond is imported, for the process.
    table = attachment.__table__()
    cursor = Transaction().connection.cursor()
    for record, (_, _, content) in zip(made, documents, strict=True):
        cursor.execute(*table.update(
            [table.data], [attachment.data.sql_format(content)], where=table.id == record.id
        ))
