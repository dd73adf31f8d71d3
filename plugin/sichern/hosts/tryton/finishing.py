"""What only Tryton's ORM can do, before and after an import: defaults, access, caches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sichern.hosts.tryton.errors import AfterwardsFailed, one_line
from sichern_hooks import N_, Notice

T = TypeVar("T")

ATTEMPTS = 5
"""How often a transaction is tried that another one gets in the way of; trytond's own default."""


def user_defaults(pool: Any, database: str, names: Sequence[str]) -> Mapping[str, object]:
    """Give Tryton's defaults of columns of `res_user`, as the database keeps them."""

    def read() -> Mapping[str, object]:
        user = pool.get("res.user")
        found = user.default_get(list(names), with_rec_name=False)
        return {
            name: user._fields[name].sql_format(value)
            for name, value in found.items()
            if name in names
        }

    return _in_transaction(database, read, readonly=True) if names else {}


def let_in(pool: Any, database: str, login: str | None, company: int) -> Sequence[Notice]:
    """Give the importing user access to the company, drop all caches, and say who sees it when.

    Raises AfterwardsFailed.
    """

    def finish() -> list[Notice]:
        from trytond.cache import Cache

        said = _access(pool, login, company)
        Cache.clear_all()
        return said

    try:
        said = _in_transaction(database, finish, readonly=False)
    except Exception as error:
        raise AfterwardsFailed(reason=one_line(error)) from error
    return [*said, _others()]


def _access(pool: Any, login: str | None, company: int) -> list[Notice]:
    """Link the user to the company, and to no employee: that would be a right of its own."""
    user = pool.get("res.user")
    if login is not None:
        for found in user.search([("login", "=", login)]):
            if found.login == login and company not in {each.id for each in found.companies}:
                found.companies = (*found.companies, company)
                if found.company is None:
                    found.company = company
                found.save()
                return [
                    Notice(
                        code="company-access",
                        message=N_("%(login)s has access to the company now"),
                        values={"login": login},
                        hint=N_("nobody else got it: an administrator of Tryton gives access"),
                        warning=False,
                    )
                ]
    if user.search([("companies", "=", company)], limit=1):
        return []
    return [
        Notice(
            code="company-without-users",
            message=N_("no user has access to the company yet"),
            hint=N_("an administrator of Tryton gives access to users"),
            warning=False,
        )
    ]


def _others() -> Notice:
    """When processes of Tryton see what came in that hold other values in their caches."""
    from trytond import config

    seconds = config.getint("cache", "clean_timeout")
    if not seconds:
        return Notice(
            code="caches-dropped",
            message=N_("all processes of Tryton see the company from now on"),
            warning=False,
        )
    return Notice(
        code="caches-expire",
        message=N_(
            "processes of Tryton that are running may show earlier values for %(seconds)d seconds"
        ),
        values={"seconds": seconds},
        hint=N_("restart Tryton where that is too long"),
        warning=False,
    )


def _in_transaction(database: str, do: Callable[[], T], *, readonly: bool) -> T:
    """Run something as Tryton's own user 0; inside of a request, beside the request's transaction.

    Tried again as Tryton itself does where another transaction got in the way.
    """
    from trytond import backend
    from trytond.transaction import Transaction, TransactionError

    extras: dict[str, object] = {}
    for attempt in range(1, ATTEMPTS + 1):
        transaction = Transaction(new=True)
        with transaction.start(database, 0, readonly=readonly, context={}, **extras):
            try:
                return do()
            except TransactionError as error:
                transaction.rollback()
                error.fix(extras)
            except backend.DatabaseOperationalError:
                transaction.rollback()
                if attempt == ATTEMPTS:
                    raise
    raise RuntimeError("the transaction was tried too often")
