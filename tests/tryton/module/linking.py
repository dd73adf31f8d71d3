"""Make links for transfers inside Tryton, as the wizards do.

A program, since trytond belongs to the process: `python -m tests.tryton.module.linking CONFIG
DATABASE` reads requests as JSON lines, `["down", login, tenant, path]` or `["up", login,
tenant]`, and prints the address (and the upload's id) of each.
"""

import json
import sys
from pathlib import Path


def main(config_path: str, database: str) -> None:
    """Make the links that stdin asks for."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool.start()
    pool = Pool(database)
    with Transaction().start(database, 0, readonly=True):
        pool.init()
    for line in sys.stdin:
        kind, login, tenant, *path = json.loads(line)
        with Transaction().start(database, 0):
            transfer = pool.get("sichern.transfer")
            (user,) = pool.get("res.user").search([("login", "=", login)])
            if kind == "down":
                made = [transfer.offer(user.id, tenant, Path(path[0]))]
            else:
                made = list(reversed(transfer.expect(user.id, tenant)))
        print(json.dumps(made), flush=True)  # noqa: T201 - this is what the program is for


if __name__ == "__main__":
    main(*sys.argv[1:])
