"""A host opened from the configuration, and the user who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pluggy

from sichern.config import Config, load_config
from sichern.destination import lies_at
from sichern_hooks import (
    HOSTS,
    N_,
    Actor,
    Destination,
    HostUnavailable,
    NoHost,
    Permission,
    Tenant,
    UnknownTenant,
    UnknownUser,
    UsageError,
    authorize,
    create_manager,
    installed_hosts,
)


class AmbiguousTenant(UsageError):
    """Several tenants have that name."""

    code = "ambiguous-tenant"
    message = N_("several tenants are called %(tenant)s: their keys are %(keys)s")
    hint = N_("name the one that you mean by its key")


class UnknownDestination(UsageError):
    """A word that is neither a configured destination nor a folder."""

    code = "unknown-destination"
    message = N_("%(name)s is neither a folder that exists nor one of the destinations: %(known)s")
    hint = N_("name one of these, or the path of a folder")


@dataclass(frozen=True, kw_only=True)
class Session:
    """The manager with one host, and the actor whose rights count."""

    manager: pluggy.PluginManager
    actor: Actor
    config: Config

    def tenants(self) -> list[Tenant]:
        """The tenants that the actor may see."""
        return list(self.manager.hook.sichern_tenants(actor=self.actor) or ())

    def choose(self, names: Sequence[str], exclude: Sequence[str], everyone: bool) -> list[Tenant]:
        """Find tenants by key or name, once each, in the order given.

        Raises UnknownTenant for what is not found, AmbiguousTenant for the name of several.
        """
        seen = self.tenants()
        chosen = seen if everyone else [_find(seen, name) for name in names]
        left_out = [_find(seen, name) for name in exclude]
        return [tenant for tenant in dict.fromkeys(chosen) if tenant not in left_out]

    def destinations(self) -> list[Destination]:
        """The destinations of the configuration, then those of the host."""
        offered: list[Destination] = list(
            self.manager.hook.sichern_destinations(actor=self.actor) or ()
        )
        return [*self.config.destinations, *offered]

    def destination(self, path: str) -> Destination:
        """The configured destination of that path or label, else the folder itself.

        Raises UnknownDestination for a bare word that is no folder, where there are labels.
        """
        offered = self.destinations()
        for destination in offered:
            if path == destination.label or lies_at(destination, path):
                return destination
        labels = [each.label for each in offered if each.label]
        if labels and path == Path(path).name and not Path(path).exists():
            raise UnknownDestination(name=path, known=", ".join(labels))
        return Destination(path=path)

    def require(self, permission: Permission) -> None:
        """Raise NotAuthorized where the actor does not hold the right at all."""
        authorize(self.manager, self.actor, permission)


def open_session(config: Config, login: str | None, *observers: object) -> Session:
    """Open the configured host and find the user.

    Raises NoHost, HostUnavailable, UnknownUser, and what `create_manager` raises.
    """
    name: str = config.host["name"]
    found = [entry for entry in entry_points(group=HOSTS) if entry.name == name]
    if not found:
        raise NoHost(host=name, installed=", ".join(installed_hosts()) or "-")
    options = {key: value for key, value in config.host.items() if key != "name"}
    try:
        host = found[0].load()(options)
    except ImportError as error:
        raise HostUnavailable(reason=str(error)) from error
    manager = create_manager(host, *observers)
    actor = manager.hook.sichern_actor(login=login)
    if actor is None:
        raise UnknownUser(login=login or "?")
    return Session(manager=manager, actor=actor, config=config)


def open_manager(config: Path, login: str | None) -> pluggy.PluginManager:
    """Open the configured host once more, where part of a run is done.

    Raises what `load_config` and `open_session` raise.
    """
    return open_session(load_config(config), login).manager


def _find(tenants: Sequence[Tenant], name: str) -> Tenant:
    by_key = [tenant for tenant in tenants if tenant.ref.key == name]
    by_name = [tenant for tenant in tenants if tenant.name == name]
    found = by_key or by_name
    if not found:
        raise UnknownTenant(tenant=name)
    if len(found) > 1:
        keys = ", ".join(tenant.ref.key for tenant in found)
        raise AmbiguousTenant(tenant=name, keys=keys)
    return found[0]
