"""Compile the catalogs when the package is built, so that an installation never lacks them."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LOCALES = Path(__file__).parent
COMPILED = LOCALES.parent / "plugin" / "sichern" / "locale"


def compile_catalogs() -> None:
    """Write `<language>/LC_MESSAGES/sichern.mo` into the package for each catalog."""
    for catalog in sorted(LOCALES.glob("*/LC_MESSAGES/sichern.po")):
        language = catalog.parent.parent.name
        target = COMPILED / language / "LC_MESSAGES" / "sichern.mo"
        target.parent.mkdir(parents=True, exist_ok=True)
        with catalog.open("rb") as source, target.open("wb") as compiled:
            write_mo(compiled, read_po(source, locale=language))


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for wheels and editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        compile_catalogs()
