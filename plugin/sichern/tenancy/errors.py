"""Why a plan or a proof stops a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from sichern_hooks import N_, SichernError
from sichern_hooks.errors import Scalar


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One table that cannot be planned: what is wrong, and what to do about it (two msgids)."""

    table: str
    message: str
    hint: str
    detail: str = ""

    @property
    def values(self) -> dict[str, Scalar]:
        """What fills the placeholders of both texts."""
        return {"table": self.table, "detail": self.detail}


class Refused(SichernError):
    """A run was not begun, for reasons that are listed in `problems`."""

    problems: tuple[Problem, ...] = ()


class PlanRefused(Refused):
    """Some tables have no role, an unknown column type or no primary key: never a guess."""

    code = "plan-refused"
    message = N_("%(count)d tables cannot be planned: %(tables)s")
    hint = N_("see the list: each table says what it lacks")

    def __init__(self, problems: Sequence[Problem]) -> None:
        names = sorted({problem.table for problem in problems})
        super().__init__(count=len(names), tables=", ".join(names))
        self.problems = tuple(problems)


class SchemaDiffers(Refused):
    """The target's tables are not those of the pair, nor do they only have more."""

    code = "schema-differs"
    message = N_("the backup does not fit this system; differences: %(count)d")
    hint = N_("see the list: each difference says what to do")

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(count=len(problems))
        self.problems = tuple(problems)


class HostDiffers(SichernError):
    """The pair comes from another kind of ERP."""

    code = "host-differs"
    message = N_("the backup comes from another ERP: %(there)s, and this is %(here)s")
    hint = N_("import it into a system of the same ERP")


class PairOlder(SichernError):
    """The pair was made by an older series of the ERP; its tables are brought on by an upgrade."""

    code = "pair-older"
    message = N_("the backup is of %(host)s %(there)s, and this system has %(here)s")
    hint = N_(
        "set up a system of version %(there)s, import the backup there as empty, upgrade that"
        " system to %(here)s, and back up again"
    )


class PairNewer(SichernError):
    """The pair was made by a newer series of the ERP."""

    code = "pair-newer"
    message = N_("the backup is of %(host)s %(there)s, and this system has only %(here)s")
    hint = N_("upgrade this system to %(there)s first")


class RowsLost(SichernError):
    """Fewer or more rows were written than the plan counted in the same snapshot."""

    code = "rows-lost"
    message = N_("%(written)d rows of %(table)s were written, but %(planned)d were counted")
    hint = N_("nothing was kept; report this with the protocol, it is an error of the reader")


class ForeignRow(SichernError):
    """The proof found a row or document in the archive that is not the tenant's."""

    code = "foreign-row"
    message = N_("a row of another tenant was about to be written: %(table)s %(key)s (%(reason)s)")
    hint = N_("nothing was kept; report this with the protocol, it is an error of the plan")


class ManifestDamaged(SichernError):
    """The description of the tables in an archive cannot be read, or contradicts itself."""

    code = "manifest-damaged"
    message = N_("the archive's description of its tables is damaged or forged: %(reason)s")
    hint = N_("take another copy of the pair, or an older backup")
