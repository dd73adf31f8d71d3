"""Authorisation that fails closed: only the owning host grants, everybody else can only veto."""

import logging

import pluggy

from sichern_hooks.errors import NotAuthorized
from sichern_hooks.values import Actor, Permission, TenantRef

logger = logging.getLogger(__name__)


def find_host(manager: pluggy.PluginManager, name: str) -> object | None:
    """Give the one plugin that is the host of that name, None where there is none or two."""
    hosts = []
    for implementation in manager.hook.sichern_host_name.get_hookimpls():
        try:
            claimed = implementation.function()
        except Exception:
            logger.exception("sichern_host_name failed in %s", implementation.plugin_name)
            continue
        if claimed == name:
            hosts.append(implementation.plugin)
    return hosts[0] if len(hosts) == 1 else None


def authorize(
    manager: pluggy.PluginManager,
    actor: Actor,
    permission: Permission,
    tenant: TenantRef | None = None,
) -> None:
    """Return where the owning host says True and nobody says anything but True or None.

    The owner is the one plugin whose `sichern_host_name` is the tenant's host and the actor's;
    where two claim that name nobody owns it. Each implementation is called on its own, because
    pluggy drops None from the results and stops at the first exception: no answer, None, an
    exception and any value other than True are a no of the host; anything but True or None is
    a veto of another plugin.

    Raises NotAuthorized.
    """
    owner = find_host(manager, actor.host)
    granted = False
    if tenant is not None and tenant.host != actor.host:
        owner = None
    for implementation in manager.hook.sichern_authorize.get_hookimpls():
        arguments = {"actor": actor, "permission": permission, "tenant": tenant}
        try:
            answer = implementation.function(
                *(arguments[name] for name in implementation.argnames)
            )
        except Exception:
            logger.exception("sichern_authorize failed in %s", implementation.plugin_name)
            answer = False
        if owner is not None and implementation.plugin is owner:
            granted = answer is True
        if answer is not None and answer is not True:
            granted = False
            break
    if not granted:
        raise NotAuthorized(
            actor=actor.name, permission=str(permission), tenant=tenant.key if tenant else "*"
        )
