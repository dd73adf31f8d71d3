"""What can be wrong when the demo system is made."""

from sichern_hooks import N_, UsageError


class OtherBackend(UsageError):
    """This process's trytond works with another kind of database."""

    code = "demo-other-backend"
    message = N_("trytond is loaded for %(loaded)s, the demo is to be made on %(wanted)s")
    hint = N_("make the demo in a process of its own: python -m sichern.hosts.tryton.demo")


class NoCopies(UsageError):
    """Copies are made of files: a database on PostgreSQL is none."""

    code = "demo-no-copies"
    message = N_("bare copies of a demo on %(backend)s cannot be made")
    hint = N_("leave the copies out, or make the demo on SQLite")


class DatabaseExists(UsageError):
    """The database to be made is there already."""

    code = "demo-database-exists"
    message = N_("the database %(database)s exists already")
    hint = N_("choose another name or another folder")


class ModuleMissing(UsageError):
    """A module that the demo is to activate is not installed."""

    code = "demo-module-missing"
    message = N_("these modules of Tryton are not installed: %(modules)s")
    hint = N_("install the demo: pip install 'sichern[demo]'")
