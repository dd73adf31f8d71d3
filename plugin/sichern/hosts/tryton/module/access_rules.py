"""Record rules can speak of all companies that a user has access to."""

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
