"""Why an import does not go on, where the pair is sound and the database works."""

from sichern_hooks import N_, SichernError


class TenantExists(SichernError):
    """EMPTY keeps the keys of the pair: that needs a system without a tenant."""

    code = "tenant-exists"
    message = N_("this system has a tenant already: %(tenant)s")
    hint = N_("import as a new tenant (new), or into a fresh system")


class OtherSystem(SichernError):
    """REPLACE needs the system that made the pair."""

    code = "other-system"
    message = N_("the pair was made by another system: database %(database)s on %(machine)s")
    hint = N_("import it as a new tenant (new), or into a fresh system (empty)")


class CopyOfSystem(SichernError):
    """Same ids, but another database or machine: a copy of the system that made the pair."""

    code = "copy-of-system"
    message = N_(
        "this is a copy of the system that made the pair: database %(database)s on %(machine)s"
        " made it, here is %(here)s on %(host)s"
    )
    hint = N_("if this copy is what you mean, confirm it (on the command line: --confirm-copy)")


class TenantGone(SichernError):
    """REPLACE needs the tenant that the pair was made of."""

    code = "tenant-gone"
    message = N_("this system no longer has the tenant %(tenant)s")
    hint = N_("import it as a new tenant (new)")


class NoTenant(SichernError):
    """The pair holds no row that is the tenant itself."""

    code = "no-tenant"
    message = N_("the pair does not hold the row of its tenant %(tenant)s")
    hint = N_("make a new backup; this one cannot be imported")


class ForeignRows(SichernError):
    """Rows of the pair would be another tenant's, or give somebody a right."""

    code = "foreign-rows"
    message = N_("%(count)d rows of %(table)s in the pair are not the tenant's own")
    hint = N_("make a new backup; this one cannot be imported")


class KeysTaken(SichernError):
    """Keys of the tenant's rows belong to somebody else by now."""

    code = "keys-taken"
    message = N_("%(count)d rows of %(table)s are still there, but not the tenant's any more")
    hint = N_("import the pair as a new tenant (new)")


class RowsHeld(SichernError):
    """Rows of others point at rows that REPLACE would remove."""

    code = "rows-held"
    message = N_("%(count)d rows of %(table)s that stay point at rows of %(target)s that would go")
    hint = N_("change these rows in the ERP, or import the pair as a new tenant (new)")


class ChangedMeanwhile(SichernError):
    """What is about to be replaced is not what was backed up before."""

    code = "changed-meanwhile"
    message = N_("somebody changed %(table)s while the tenant was backed up for replacing it")
    hint = N_("nothing was changed; start the import again while nobody works in the system")


class EndUnknown(SichernError):
    """The database was gone when it was asked to keep everything, and may have done so."""

    code = "end-unknown"
    message = N_("the database was gone at the very end, so the import may be there: %(reason)s")
    hint = N_("look whether the tenant is there before you start the import again")


class ValuesTaken(SichernError):
    """Values that must be unique are taken, and no rule says what to do."""

    code = "values-taken"
    message = N_("%(table)s: the target has these values of %(columns)s already: %(values)s")
    hint = N_("change them in the target or in the system that made the pair")


class ReferencesEmpty(SichernError):
    """References that may not be empty cannot be kept."""

    code = "references-empty"
    message = N_("%(count)d rows of %(table)s lose what %(columns)s points at, and need it")
    hint = N_("create in the target what they point at; a dry run lists every lost reference")


class RowsDiffer(SichernError):
    """The database took another number of rows than the plan says."""

    code = "rows-differ"
    message = N_("%(table)s: %(written)d rows were written, %(planned)d were planned")
    hint = N_(
        "nothing was changed; start again while nobody works in the system, or import the pair as"
        " a new tenant (new)"
    )
