"""Compile the catalogs into the package, where the running program reads them."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parent
TARGET = LOCALES.parent / "plugin" / "sichern" / "locale"


def compile_catalogs(target: Path = TARGET) -> None:
    """Write `<target>/<language>/LC_MESSAGES/<domain>.mo` for each catalog."""
    for catalog in sorted(LOCALES.glob("*/LC_MESSAGES/*.po")):
        language = catalog.parent.parent.name
        path = target / language / "LC_MESSAGES" / f"{catalog.stem}.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with catalog.open("rb") as source, path.open("wb") as compiled:
            write_mo(compiled, read_po(source, locale=language))
