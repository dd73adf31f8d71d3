"""Cost centres, and an invoice line that is charged to one (module `analytic_invoice`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a root with two cost centres, and charge the line of a draft to one."""
    pool = Pool()
    model = pool.get("analytic_account.account")
    base = {"company": scene.company.id, "state": "opened"}
    (root,) = model.create([{**base, "name": f"Kostenstellen {scene.short}", "type": "root"}])
    sales, _ = model.create([
        {**base, "name": f"{name} {scene.short}", "type": "normal", "code": f"{scene.short}{n}",
         "root": root.id, "parent": root.id}
        for n, name in enumerate(("Vertrieb", "Küche"))
    ])
    (line,) = pool.get("account.invoice.line").search(
        [("company", "=", scene.company.id), ("invoice.state", "=", "draft")], limit=1
    )
    entry = pool.get("analytic.account.entry")
    for each in line.analytic_accounts:
        if each.root == root:
            entry.write([each], {"account": sales.id})
            return
    entry.create([{"origin": str(line), "root": root.id, "account": sales.id}])
