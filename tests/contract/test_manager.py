"""The manager refuses plugins that do not fit the contract, and loads the installed ones."""

from pathlib import Path
from typing import Any

import pytest

from sichern_hooks import (
    BrokenPlugin,
    InvalidPlugin,
    UnknownHooks,
    check_pending,
    create_manager,
    hookimpl,
    installed_hosts,
)


def test_a_misspelt_hook_is_refused_by_name() -> None:
    class Misspelt:
        @hookimpl
        def sichern_authorise(self) -> bool:
            return True

    with pytest.raises(UnknownHooks, match="sichern_authorise"):
        create_manager(Misspelt(), load=False)


def test_optionalhook_does_not_hide_a_misspelt_hook() -> None:
    class Misspelt:
        @hookimpl(optionalhook=True)
        def sichern_tenant(self) -> None: ...

    with pytest.raises(UnknownHooks, match="sichern_tenant"):
        create_manager(Misspelt(), load=False)


def test_a_function_under_another_name_is_found_by_the_name_of_its_hook() -> None:
    class Misspelt:
        @hookimpl(specname="sichern_job")
        def jobs(self) -> None: ...

    with pytest.raises(UnknownHooks, match="sichern_job"):
        create_manager(Misspelt(), load=False)


def test_every_unknown_hook_is_listed() -> None:
    class Misspelt:
        @hookimpl
        def sichern_one(self) -> None: ...

        @hookimpl
        def sichern_two(self) -> None: ...

    with pytest.raises(UnknownHooks) as refused:
        create_manager(Misspelt(), load=False)
    assert "sichern_one" in str(refused.value)
    assert "sichern_two" in str(refused.value)


def test_an_unknown_argument_is_refused_by_name() -> None:
    class Wrong:
        @hookimpl
        def sichern_tenants(self, user: object) -> None: ...

    with pytest.raises(InvalidPlugin, match="user"):
        create_manager(Wrong(), load=False)


def test_a_plugin_that_is_registered_later_can_be_checked() -> None:
    class Late:
        @hookimpl
        def sichern_authorise(self) -> bool:
            return True

    manager = create_manager(load=False)
    manager.register(Late())
    with pytest.raises(UnknownHooks):
        check_pending(manager)


def test_a_fitting_plugin_passes() -> None:
    class Fitting:
        @hookimpl
        def sichern_tenants(self) -> list[object]:
            return []

    plugin = Fitting()
    assert create_manager(plugin, load=False).is_registered(plugin)


PLUGINS = """
from sichern_hooks import hookimpl

class Counting:
    def __init__(self, manager):
        self.manager = manager

    @hookimpl
    def sichern_actions(self):
        return [self.manager]

class Failing:
    def __init__(self, manager):
        raise RuntimeError("not configured")

@hookimpl
def sichern_permissions():
    return ["from a module"]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a distribution with entry points: give a function that takes their lines."""
    (tmp_path / "contract_example.py").write_text(PLUGINS)
    metadata = tmp_path / "contract_example-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: example\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)

    def install(lines: str) -> None:
        (metadata / "entry_points.txt").write_text(lines)

    return install


def test_an_installed_class_is_called_with_the_manager(installed: Any) -> None:
    installed("[sichern.plugins]\ncounting = contract_example:Counting\n")
    manager = create_manager()
    assert [manager] in manager.hook.sichern_actions()
    assert manager.get_plugin("counting") is not None


def test_an_installed_module_is_a_plugin(installed: Any) -> None:
    installed("[sichern.plugins]\nmodule = contract_example\n")
    assert ["from a module"] in create_manager().hook.sichern_permissions()


@pytest.mark.parametrize("place", ["contract_example:Absent", "no_such_module", "math:sqrt.x"])
def test_an_installed_plugin_that_cannot_be_loaded_is_not_passed_over(
    installed: Any, place: str
) -> None:
    installed(f"[sichern.plugins]\nveto = {place}\n")
    with pytest.raises(BrokenPlugin, match="the plugin veto cannot be loaded"):
        create_manager()


def test_an_installed_plugin_that_fails_to_start_is_not_passed_over(installed: Any) -> None:
    installed("[sichern.plugins]\nveto = contract_example:Failing\n")
    with pytest.raises(BrokenPlugin, match="not configured"):
        create_manager()


def test_the_same_plugin_twice_is_refused() -> None:
    class Fitting:
        @hookimpl
        def sichern_jobs(self) -> None: ...

    plugin = Fitting()
    with pytest.raises(InvalidPlugin):
        create_manager(plugin, plugin, load=False)


def test_sichern_itself_is_an_installed_plugin() -> None:
    assert create_manager().get_plugin("sichern") is not None


def test_installed_hosts_are_listed_by_name(installed: Any) -> None:
    installed("[sichern.hosts]\nacme = contract_example:Counting\n")
    assert "acme" in installed_hosts()
    assert "tryton" in installed_hosts()
