"""Bank accounts of the company and of a customer (module `bank`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene

IBANS = {
    "MU": ("DE89370400440532013000", "DE02120300000000202051"),
    "BE": ("CH9300762011623852957", "CH5604835012345678009"),
}


def add(scene: Scene) -> None:
    """Add a bank with an account of the company and one of its first customer."""
    pool = Pool()
    (party,) = pool.get("party.party").create([{"name": f"Sparkasse {scene.short} Süd"}])
    (bank,) = pool.get("bank").create([{"party": party.id}])
    pool.get("bank.account").create([
        {
            "bank": bank.id, "owners": [("add", [owner])], "currency": scene.company.currency,
            "numbers": [("create", [{"type": "iban", "number": number}])],
        }
        for owner, number in zip(
            (scene.company.party, scene.customer[0]), IBANS[scene.short], strict=True
        )
    ])
