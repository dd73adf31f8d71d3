"""Who belongs to whom (module `party_relationship`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene

NAME = "ist Tochter von"


def add(scene: Scene) -> None:
    """Relate the company's first two customers."""
    pool = Pool()
    kinds = pool.get("party.relation.type")
    found = kinds.search([("name", "=", NAME)])
    kind = found[0] if found else kinds.create([{"name": NAME}])[0]
    first, second = (party for party, _ in scene.partners.customers[:2])
    pool.get("party.relation").create([{"from_": first, "to": second, "type": kind.id}])
