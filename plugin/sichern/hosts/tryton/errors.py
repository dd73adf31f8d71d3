"""What can be wrong with a Tryton system, seen from outside."""

from sichern_hooks import N_, HostUnavailable, SichernError, UsageError


class SettingMissing(UsageError):
    """The section of the host lacks what it cannot do without."""

    code = "tryton-setting-missing"
    message = N_("the section [host] of the configuration lacks %(setting)s")
    hint = N_("name Tryton's configuration (config) and its database (database)")


class SettingUnknown(UsageError):
    """The section of the host has what nobody reads: most likely a slip."""

    code = "tryton-setting-unknown"
    message = N_("the section [host] of the configuration has unknown settings: %(settings)s")
    hint = N_("it may have name, config, database, and the section [host.tables]")


class RoleUnclear(UsageError):
    """The section `[host.tables]` gives a table a role that cannot be understood or used."""

    code = "tryton-role-unclear"
    message = N_("the role of %(table)s in [host.tables] is not clear: %(role)s")
    hint = N_("write a role, or a table with role and parent; the roles are: %(roles)s")


class RoleKnown(UsageError):
    """The section `[host.tables]` names tables whose role Sichern knows by itself."""

    code = "tryton-role-known"
    message = N_("the role of these tables is known and cannot be changed: %(tables)s")
    hint = N_("remove them from [host.tables]")


class ConfigUnreadable(HostUnavailable):
    """Tryton's configuration cannot be read."""

    code = "tryton-config-unreadable"
    message = N_("Tryton's configuration %(path)s cannot be read: %(reason)s")
    hint = N_("correct the path in the section [host], and check who may read the file")


class DatabaseUnavailable(HostUnavailable):
    """Tryton's database is not there, or does not answer."""

    code = "tryton-database-unavailable"
    message = N_("Tryton's database %(database)s cannot be opened: %(reason)s")
    hint = N_("check the name in the section [host], and that the database is running")


class DatabaseMissing(HostUnavailable):
    """Tryton's database on SQLite is not there."""

    code = "tryton-database-missing"
    message = N_("Tryton's database %(database)s does not exist: there is no file %(path)s")
    hint = N_("correct the name in the section [host], or the path in Tryton's configuration")


class BackendUnknown(HostUnavailable):
    """Tryton works on a kind of database that Sichern does not read."""

    code = "tryton-backend-unknown"
    message = N_("Tryton's kind of database is not known: %(scheme)s")
    hint = N_("Sichern reads Tryton on PostgreSQL and SQLite")


class BackendLoaded(HostUnavailable):
    """trytond chose another kind of database when this process imported it."""

    code = "tryton-backend-loaded"
    message = N_("this process's trytond works with %(loaded)s, the configuration with %(wanted)s")
    hint = N_("use one process for each kind of database")


class VersionDiffers(HostUnavailable):
    """The database was made by another series of Tryton than the installed one."""

    code = "tryton-version-differs"
    message = N_("the database %(database)s is of Tryton %(found)s, installed is %(installed)s")
    hint = N_("install the version of the database, or upgrade the database with trytond-admin")


class PoolUnavailable(HostUnavailable):
    """Tryton cannot load the modules of the database."""

    code = "tryton-pool-unavailable"
    message = N_("Tryton cannot load the modules of the database %(database)s: %(reason)s")
    hint = N_("run Sichern where Tryton itself runs, with all modules of the database installed")


def one_line(error: BaseException) -> str:
    """Give the words of another library's error on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class StoreUnreadable(SichernError):
    """The file store cannot be read, though the document may be there."""

    code = "tryton-store-unreadable"
    message = N_("the document %(document)s cannot be read from the document store: %(reason)s")
    hint = N_("check that the folder of the file store is mounted, and who may read it")


class StoreUnwritable(SichernError):
    """A document cannot be written into the file store, or not be removed from it."""

    code = "tryton-store-unwritable"
    message = N_("the document store cannot be written at %(folder)s: %(reason)s")
    hint = N_("check the space that is left in the file store's folder, and who may write there")


class AfterwardsFailed(SichernError):
    """Tryton did not do what is due after an import; the import itself stands."""

    code = "tryton-afterwards-failed"
    message = N_("the company came in, but Tryton did not do what is due afterwards: %(reason)s")
    hint = N_("restart Tryton, and give users access to the company by hand")
