"""Who asks inside Tryton, and whether the contract lets them: asked again at every entry.

A wizard's or a button's group is what people see; a client can call past it. So everything here
asks `authorize`, for each tenant.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pluggy
from trytond.exceptions import UserError
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from sichern.hosts.tryton.host import HOST, TrytonHost
from sichern.hosts.tryton.module.here import host_here
from sichern.i18n import error_lines, language_of, translate
from sichern_hooks import (
    Actor,
    NotAuthorized,
    Permission,
    SichernError,
    Tenant,
    TenantRef,
    UnknownTenant,
    authorize,
    create_manager,
)


@cache
def manager() -> pluggy.PluginManager:
    """The plugins of this process, with a host that asks the current transaction."""
    return create_manager(host_here(TrytonHost))


def login_here() -> str:
    """The login of the transaction's user.

    Raises NotAuthorized for the root of Tryton: that is nobody who could hold a right.
    """
    number = Transaction().user
    if not number:
        raise NotAuthorized(actor="root", permission="*", tenant="*")
    with without_check_access():
        return str(Pool().get("res.user")(number).login)


def actor_of(login: str) -> Actor:
    """Give the actor of a login. Raises UnknownUser."""
    actor: Actor = manager().hook.sichern_actor(login=login)
    return actor


def actor_here() -> Actor:
    """The transaction's user. Raises NotAuthorized, UnknownUser."""
    return actor_of(login_here())


def ref(company: int | str) -> TenantRef:
    """The tenant of a company's id."""
    return TenantRef(host=HOST, key=str(company))


def demand(permission: Permission, *companies: int | str) -> Actor:
    """Give the transaction's user where they hold the right, for each of these companies.

    Raises NotAuthorized, UnknownUser.
    """
    actor = actor_here()
    authorize(manager(), actor, permission)
    for company in companies:
        authorize(manager(), actor, permission, ref(company))
    return actor


def demand_both(company: int | str) -> None:
    """Ask for what replacing a tenant takes. Raises NotAuthorized."""
    for permission in (Permission.IMPORT, Permission.BACK_UP):
        demand(permission, company)


def holds(permission: Permission, *companies: int | str) -> bool:
    """Whether the transaction's user holds the right."""
    try:
        demand(permission, *companies)
    except SichernError:
        return False
    return True


def tenants_here() -> list[Tenant]:
    """The tenants that the transaction's user may see."""
    return list(manager().hook.sichern_tenants(actor=actor_here()) or ())


def visible(companies: Iterable[int]) -> list[int]:
    """Those of these companies that the transaction's user may see, in the same order."""
    seen = {tenant.ref.key for tenant in tenants_here()}
    return [company for company in dict.fromkeys(companies) if str(company) in seen]


def demand_visible(companies: Iterable[int]) -> list[Tenant]:
    """The tenants of these companies. Raises UnknownTenant for one that the user cannot see."""
    seen = {tenant.ref.key: tenant for tenant in tenants_here()}
    chosen = []
    for company in dict.fromkeys(companies):
        if str(company) not in seen:
            raise UnknownTenant(tenant=str(company))
        chosen.append(seen[str(company)])
    return chosen


def language_of_user(user: Any) -> str:
    """The language of a user's row, or of nobody."""
    return language_of(user.language.code if user is not None and user.language else None)


def language_here() -> str:
    """The language of the transaction's user."""
    return language_of(Transaction().language)


def say(text: str, **values: str | int | float) -> str:
    """Translate a msgid for the transaction's user."""
    return translate(text, language_here(), values)


@contextmanager
def telling() -> Iterator[None]:
    """Show what goes wrong as Tryton shows errors: what is wrong, and what to do about it."""
    try:
        yield
    except SichernError as error:
        what, hint = error_lines(error, language_here())
        raise UserError(what, hint) from error
