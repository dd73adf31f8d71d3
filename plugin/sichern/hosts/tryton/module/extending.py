"""What of Tryton itself knows of backups: its scheduler, its companies, its upgrade.

Tryton's own rights come first: who may not do a thing starts no backup by trying.
"""

from typing import Any

from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction

from sichern_hooks import N_


class Cron(metaclass=PoolMeta):
    """One line of the scheduler starts all jobs that are due."""

    __name__ = "ir.cron"

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()  # type: ignore[misc]
        cls.method.selection += [
            ("sichern.job|run_due", N_("Start backups that are due")),
            ("sichern.transfer|clean", N_("Remove backups that nobody downloads or imports")),
        ]


class Company(metaclass=PoolMeta):
    """A company goes only once the jobs that are meant for that have backed it up."""

    __name__ = "company.company"

    @classmethod
    def delete(cls, companies: list[Any]) -> None:
        """Back up, then delete. What fails keeps the company.

        Raises AccessError.
        """
        pool = Pool()
        pool.get("ir.model.access").check(cls.__name__, "delete")
        pool.get("ir.rule").check(cls.__name__, [each.id for each in companies], "delete")
        if companies:
            pool.get("sichern.job").protect("before_deletion", companies)
        super().delete(companies)  # type: ignore[misc]


class ActivateUpgrade(metaclass=PoolMeta):
    """Modules change tables only once the jobs that are meant for that have run."""

    __name__ = "ir.module.activate_upgrade"

    def transition_upgrade(self) -> str:
        """Back up, then go on as Tryton does. What fails leaves all as it is.

        Raises AccessError.
        """
        # Once more: what a client says of the action does not count here.
        with Transaction().set_context(action_id=None):
            self.check_access()  # type: ignore[attr-defined]
        Pool().get("sichern.job").protect("before_upgrade")
        return super().transition_upgrade()  # type: ignore[misc]
