"""Record rules speak of all companies that a user has access to, and hold for exports too."""

from collections.abc import Collection
from typing import Any

from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction, check_access, without_check_access


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
    def _sichern_sees_all(cls) -> bool:
        """Whether the user is an administrator with access to all companies that there are.

        Of companies that are gone nobody knows who had access to them.
        """
        pool = Pool()
        company, user = pool.get("company.company"), pool.get("res.user")
        with without_check_access():
            admin = pool.get("ir.model.data").get_id("res", "group_admin")
            return admin in user.get_groups() and not company.search(
                [("id", "not in", list(cls._sichern_companies()))], limit=1
            )

    @classmethod
    def _get_cache_key(cls, model_names: Any) -> Any:
        key = super()._get_cache_key(model_names)  # type: ignore[misc]
        if any(name.startswith("sichern.") for name in model_names):
            return (
                *key, Transaction().user, cls._sichern_companies(), cls._sichern_sees_all()
            )
        return key

    @classmethod
    def _get_context(cls, model_name: str) -> dict[str, Any]:
        context: dict[str, Any] = super()._get_context(model_name)  # type: ignore[misc]
        if model_name.startswith("sichern."):
            context["user"] = Transaction().user
            context["sichern_companies"] = list(cls._sichern_companies())
            context["sichern_sees_all"] = cls._sichern_sees_all()
        return context


class GuardedDefaults:
    """No dialog, Tryton's own included, names a row of ours that the user may not read.

    Tryton takes the values of a new row from the context that a client sends, and says the
    names of the rows that these are without asking for the rules.
    """

    __slots__ = ()

    @classmethod
    def default_get(
        cls, fields_names: Collection[str] | None = None, *args: Any, **how: Any
    ) -> dict[str, Any]:
        """Give the values of a new row. Raises AccessError for one that the user may not read.

        What else models take here differs: it is handed on as it came.
        """
        if Transaction().user:
            fields: dict[str, Any] = cls._fields  # type: ignore[attr-defined]
            for name in fields if fields_names is None else fields_names:
                named = Transaction().context.get(f"default_{name}")
                if named is not None:
                    _demand_readable(fields[name], named)
        values: dict[str, Any] = super().default_get(  # type: ignore[misc]
            fields_names, *args, **how
        )
        return values


def _demand_readable(field: Any, named: Any) -> None:
    """Raise AccessError where a field's value is a row of ours that the user may not read."""
    if field._type == "many2one":
        model, number = field.model_name, named
    elif field._type == "reference":
        model, _, number = str(named).partition(",")
    else:
        return
    if model.startswith("sichern."):
        with check_access():
            Pool().get(model).read([int(number)], ["id"])


class GuardedRows:
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


class HiddenButtons:
    """A button is shown to who may press it; Tryton would show it to all, in grey."""

    __slots__ = ()

    @classmethod
    def parse_view(cls, tree: Any, *args: Any, **values: Any) -> Any:
        """Leave out of a view the buttons that are not for the user's groups."""
        pool = Pool()
        button, held = pool.get("ir.model.button"), set(pool.get("res.user").get_groups())
        for element in tree.xpath("//button"):
            groups = button.get_groups(cls.__name__, element.get("name"))
            if groups and not groups & held:
                element.getparent().remove(element)
        return super().parse_view(tree, *args, **values)  # type: ignore[misc]
