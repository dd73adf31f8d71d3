"""The plugin manager: hook specifications, plugins by entry point, and the check of their hooks."""

from importlib.metadata import EntryPoint, entry_points

import pluggy

from sichern_hooks import host, service
from sichern_hooks.errors import BrokenPlugin, InvalidPlugin, UnknownHooks
from sichern_hooks.markers import PROJECT

CONTRACT = 1
HOSTS = "sichern.hosts"
PLUGINS = "sichern.plugins"


def create_manager(*plugins: object, load: bool = True) -> pluggy.PluginManager:
    """Build the manager, register `plugins`, and load the installed ones by entry point.

    An entry point gives the plugin, or a class of it that is called with the manager.

    Raises UnknownHooks where a plugin implements a hook that the contract does not have:
    pluggy itself would register it and never call it. Raises InvalidPlugin where a hook asks
    for an argument that the contract does not have, or a name is taken twice. Raises
    BrokenPlugin where an installed one cannot be loaded: it might be one that vetoes.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(host)
    manager.add_hookspecs(service)
    for plugin in plugins:
        _register(manager, plugin)
    if load:
        for entry in entry_points(group=PLUGINS):
            _register(manager, _load(entry, manager), entry.name)
    check_pending(manager)
    return manager


def _load(entry: EntryPoint, manager: pluggy.PluginManager) -> object:
    try:
        plugin = entry.load()
        return plugin(manager) if isinstance(plugin, type) else plugin
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise BrokenPlugin(plugin=entry.name, reason=reason) from error


def _register(manager: pluggy.PluginManager, plugin: object, name: str | None = None) -> None:
    try:
        manager.register(plugin, name=name)
    except (pluggy.PluginValidationError, ValueError) as error:
        raise InvalidPlugin(reason=" ".join(str(error).split())) from error


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
