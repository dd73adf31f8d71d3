"""The plugin manager: hook specifications, plugins by entry point, and the check for misspelt hooks."""

from importlib.metadata import entry_points

import pluggy

from sichern_hooks import host, service
from sichern_hooks.errors import UnknownHooks
from sichern_hooks.markers import PROJECT

CONTRACT = 1
HOSTS = "sichern.hosts"
PLUGINS = "sichern.plugins"


def create_manager(*plugins: object, load: bool = True) -> pluggy.PluginManager:
    """Build the manager, register `plugins`, and load the installed ones by entry point.

    Raises UnknownHooks where a plugin implements a hook that the contract does not have:
    pluggy itself would register it and never call it.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(host)
    manager.add_hookspecs(service)
    for plugin in plugins:
        manager.register(plugin)
    if load:
        manager.load_setuptools_entrypoints(PLUGINS)
    check_pending(manager)
    return manager


def check_pending(manager: pluggy.PluginManager) -> None:
    """Raise UnknownHooks for implementations without a specification, `optionalhook` or not."""
    unknown = sorted(
        f"{manager.get_name(implementation.plugin)}.{caller.name}"
        for plugin in manager.get_plugins()
        for caller in manager.get_hookcallers(plugin) or ()
        if not caller.has_spec()
        for implementation in caller.get_hookimpls()
    )
    if unknown:
        raise UnknownHooks(hooks=", ".join(dict.fromkeys(unknown)))


def installed_hosts() -> tuple[str, ...]:
    """Name the installed hosts."""
    return tuple(sorted(entry.name for entry in entry_points(group=HOSTS)))
