"""What of Tryton itself knows of backups: its scheduler."""

from trytond.pool import PoolMeta

from sichern_hooks import N_


class Cron(metaclass=PoolMeta):
    """One line of the scheduler starts all jobs that are due."""

    __name__ = "ir.cron"

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        cls.method.selection.append(  # type: ignore[attr-defined]
            ("sichern.job|run_due", N_("Start backups that are due"))
        )
