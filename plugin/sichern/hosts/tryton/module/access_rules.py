"""Record rules speak of all companies that a user has access to, and hold for exports too."""

from typing import Any

from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction, without_check_access


class Rule(metaclass=PoolMeta):
    """Tryton's `companies` are those that the user works in now; rights are for all of them."""

    __name__ = "ir.rule"

    @classmethod
    def _sichern_companies(cls) -> tuple[int, ...]:
        link = Pool().get("res.user-company.company")
        with without_check_access():
            found = link.search([("user", "=", Transaction().user)])
        return tuple(sorted(each.company.id for each in found))

    @classmethod
    def _get_cache_key(cls, model_names: Any) -> Any:
        key = super()._get_cache_key(model_names)  # type: ignore[misc]
        if any(name.startswith("sichern.") for name in model_names):
            return (*key, Transaction().user, cls._sichern_companies())
        return key

    @classmethod
    def _get_context(cls, model_name: str) -> dict[str, Any]:
        context: dict[str, Any] = super()._get_context(model_name)  # type: ignore[misc]
        if model_name.startswith("sichern."):
            context["user"] = Transaction().user
            context["sichern_companies"] = list(cls._sichern_companies())
        return context


class GuardedExport:
    """Rows are exported only where the rules let the user read them.

    Tryton takes the rows that a client names, and reads them without asking for the rules.
    """

    __slots__ = ()

    @classmethod
    def export_data(
        cls, records: list[Any], fields_names: list[str], header: bool = False
    ) -> list[Any]:
        """Export rows. Raises AccessError for one that the user may not read."""
        cls.read([record.id for record in records], ["id"])  # type: ignore[attr-defined]
        exported: list[Any] = super().export_data(  # type: ignore[misc]
            records, fields_names, header=header
        )
        return exported
