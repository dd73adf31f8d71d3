"""For the upgrade script: `python -m sichern.hosts.tryton.before_upgrade CONFIG DATABASE`.

Runs the jobs that are marked for it. 0 where all of their tenants were backed up, else 1: the
script should go no further.
"""

import sys


def main(arguments: list[str]) -> int:
    """Run the jobs to their end, and say what failed."""
    config_path, database = arguments
    from trytond import config

    config.update_etc(config_path)
    from trytond.exceptions import UserError
    from trytond.transaction import Transaction

    from sichern.hosts.tryton.registry import initialised

    pool = initialised(database)
    with Transaction().start(database, 0, readonly=True):
        try:
            pool.get("sichern.job").protect("before_upgrade")
        except UserError as error:
            sys.stderr.write(f"{error.message}\n{error.description}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
