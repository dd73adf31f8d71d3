"""What can be wrong with a database."""

from sichern_hooks import N_, SichernError, UsageError


class UnsupportedDatabase(SichernError):
    """The URL names a database that cannot be read, or none at all."""

    code = "unsupported-database"
    message = N_("this kind of database cannot be backed up: %(kind)s")
    hint = N_("PostgreSQL (in UTF-8) and files of SQLite can be")


class DatabaseUnavailable(SichernError):
    """The database cannot be opened."""

    code = "database-unavailable"
    message = N_("the database cannot be opened: %(reason)s")
    hint = N_("check that it is running, its address, and the login of the configuration")


class DatabaseGone(SichernError):
    """The database broke off while it was read."""

    code = "database-gone"
    message = N_("the database broke off while it was read: %(reason)s")
    hint = N_("nothing was kept of this run; start it again when the database is back")


class DatabaseDamaged(SichernError):
    """The database itself says that it is damaged."""

    code = "database-damaged"
    message = N_("the database is damaged: %(reason)s")
    hint = N_("have the database checked; keep the last backups, and do not delete any")


class DatabaseBusy(SichernError):
    """Somebody kept the database locked for too long."""

    code = "database-busy"
    message = N_("the database is locked by another program: %(reason)s")
    hint = N_("start the run again when the other program has finished")


class RowsHidden(SichernError):
    """Row level security would have hidden rows: they would be missing in the backup."""

    code = "rows-hidden"
    message = N_("row level security hides rows from this login: %(reason)s")
    hint = N_("give the login the attribute BYPASSRLS, or use that of the tables' owner")


class ReadDenied(SichernError):
    """The login may not read something."""

    code = "read-denied"
    message = N_("the login of the database may not read everything: %(reason)s")
    hint = N_("grant it SELECT on all tables and USAGE on the schema")


class TemporaryTablesDenied(SichernError):
    """Keys cannot be collected, since the login may not make temporary tables."""

    code = "temporary-tables-denied"
    message = N_("the login of the database may not make temporary tables: %(reason)s")
    hint = N_("grant it TEMPORARY on the database; a standby server cannot be used")


class ReadFailed(SichernError):
    """The database refused a statement for a reason of its own."""

    code = "read-failed"
    message = N_("the database could not be read: %(reason)s")
    hint = N_("look at the database's own log")


class UnreadableRow(SichernError):
    """A row holds a value that does not fit its column's type, as SQLite allows."""

    code = "unreadable-value"
    message = N_("the table %(table)s holds a value that does not fit %(column)s: %(value)s")
    hint = N_("correct the row with the key %(key)s, or let the host name another type for it")


class SnapshotBusy(UsageError):
    """Something was asked of a snapshot while a table streams from it."""

    code = "snapshot-busy"
    message = N_("the snapshot is still streaming a table")
    hint = N_("read the table to its end, or close its rows, before the next statement")


class SnapshotLost(SichernError):
    """The transaction of the snapshot has ended: what follows would be of another instant."""

    code = "snapshot-lost"
    message = N_("the snapshot has ended before everything was read")
    hint = N_("report this, it is an error of the program")
