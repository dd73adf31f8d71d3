"""Make a database of Tryton whose modules are active, with nothing in it; or let one grow on.

A new one has no company and no country. Its modules are activated in two steps: those that are
named as `--first` and what they depend on, then the others. So the rows that they ship have other
ids than where the order was another, as on any two systems that grew on their own. A copy without
a company grows on by further modules, in such steps as well, and by the records of the demo; it
is a system of its own from there, but keeps the ids of what it began with.

A program, since trytond belongs to the process:
`python -m tests.tryton.grow FOLDER DATABASE --uri URI [--new] [--first M...] [--module M...]
[--invoices N]`.
"""

import argparse
from pathlib import Path

from sichern.hosts.tryton.demo import ADMIN_PASSWORD, DEMO_MODULES
from sichern.hosts.tryton.demo.configuration import check_backend, use_config, write_config
from sichern.hosts.tryton.demo.progress import silent

LANGUAGES = ("de",)


def main() -> None:
    """Make the database, or let it grow."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("database")
    parser.add_argument("--uri", required=True)
    parser.add_argument("--new", action="store_true")
    parser.add_argument("--first", action="append", default=[])
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--invoices", type=int)
    chosen = parser.parse_args()
    check_backend(chosen.uri)
    use_config(write_config(chosen.folder, chosen.uri))
    from trytond.pool import Pool

    from sichern.hosts.tryton.demo.database import Session, activate, create
    from sichern.hosts.tryton.demo.story import fill

    session = Session(chosen.database)
    if chosen.new:
        create(chosen.database)
    else:
        Pool(chosen.database).init()
        session.run(_begin_anew)
    modules = (*(DEMO_MODULES if chosen.new else ()), *chosen.module)
    for step in (chosen.first, modules):
        if step:
            activate(session, step, LANGUAGES, ADMIN_PASSWORD)
    if chosen.invoices is not None:
        fill(
            session, count=chosen.invoices, modules=(*DEMO_MODULES, *chosen.module),
            languages=LANGUAGES, progress=silent,
        )


def _begin_anew() -> None:
    """Tell a copy from its origin, by the moment in which its administrator was made."""
    from sql.functions import CurrentTimestamp
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    user = Pool().get("res.user").__table__()
    Transaction().connection.cursor().execute(
        *user.update([user.create_date], [CurrentTimestamp()], where=user.id == 1)
    )


if __name__ == "__main__":
    main()
