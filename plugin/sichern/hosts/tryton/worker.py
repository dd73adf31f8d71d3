"""The process of one run: `python -m sichern.hosts.tryton.worker CONFIG DATABASE RUN`.

Started by the module, with the configuration of the server that starts it.
"""

import sys


def main(arguments: list[str]) -> int:
    """Take the configuration, then do the run: trytond chooses its kind of database only once."""
    config_path, database, run = arguments
    from trytond import config

    config.update_etc(config_path)
    from sichern.hosts.tryton.module.work import work_on

    return work_on(config_path, database, int(run))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
