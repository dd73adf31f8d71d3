"""A dunning procedure and a dunning (module `account_dunning`)."""

from datetime import timedelta

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Dun the oldest open invoice of the company; the procedure is shared."""
    pool = Pool()
    model = pool.get("account.dunning.procedure")
    found = model.search([("name", "=", "Mahnwesen")])
    procedure = found[0] if found else model.create([{
        "name": "Mahnwesen",
        "levels": [("create", [
            {"sequence": number, "overdue": timedelta(days=10 * number)} for number in (1, 2)
        ])],
    }])[0]
    lines = scene.open_lines("receivable", 2)
    pool.get("account.dunning").create([
        {"company": scene.company.id, "line": line.id, "procedure": procedure.id,
         "level": procedure.levels[0].id}
        for line in lines
    ])
