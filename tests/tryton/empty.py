"""Make a database of Tryton whose modules are active, with nothing in it: no company, no country.

Modules are activated in two steps, in another order than the demo's: the rows that they ship
have other ids than there, as on any two systems that grew on their own. A database that is there
grows on, by the modules that are named.

A program, since trytond belongs to the process:
`python -m tests.tryton.empty FOLDER DATABASE --uri URI [--module M...]`.
"""

import argparse
from pathlib import Path

from sichern.hosts.tryton.demo import ADMIN_PASSWORD, DEMO_MODULES
from sichern.hosts.tryton.demo.configuration import check_backend, use_config, write_config

FIRST = ("stock_lot",)
"""Activated before the others, with what they depend on."""
LANGUAGES = ("de",)


def main() -> None:
    """Make the database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("database")
    parser.add_argument("--uri", required=True)
    parser.add_argument("--module", action="append", default=[])
    chosen = parser.parse_args()
    check_backend(chosen.uri)
    use_config(write_config(chosen.folder, chosen.uri))
    from sichern.hosts.tryton.demo.database import Session, activate, create

    session = Session(chosen.database)
    if chosen.module:
        activate(session, chosen.module, LANGUAGES, ADMIN_PASSWORD)
        return
    create(chosen.database)
    activate(session, FIRST, LANGUAGES, ADMIN_PASSWORD)
    activate(session, DEMO_MODULES, LANGUAGES, ADMIN_PASSWORD)


if __name__ == "__main__":
    main()
