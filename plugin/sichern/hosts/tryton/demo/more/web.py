"""A customer's login to a shop, with a password (module `web_user`)."""

from trytond.pool import Pool

from sichern.hosts.tryton.demo.more.scene import Scene


def add(scene: Scene) -> None:
    """Add a web user with a session: secrets that no backup may hold."""
    pool = Pool()
    (user,) = pool.get("web.user").create([{
        "email": f"shop-{scene.short.lower()}@example.com",
        "password": f"geheim-{scene.short}-4711", "party": scene.customer[0],
    }])
    pool.get("web.user.session").create([{"key": f"sitzung-{scene.short}", "user": user.id}])
