"""Compile the catalogs into the package, where the running program reads them."""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parent
TARGET = LOCALES.parent / "plugin" / "sichern" / "locale"
DOMAIN = "sichern"


def compile_catalogs(target: Path = TARGET) -> None:
    """Write `<target>/<language>/LC_MESSAGES/sichern.mo` for each language.

    What stands in `sichern.po` goes before what the libraries say (`click.po`).
    """
    for own in sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = own.parent.parent.name
        catalog = _read(own, language)
        for path in sorted(own.parent.glob("*.po")):
            for message in _read(path, language):
                if message.id and catalog.get(message.id) is None:
                    catalog.add(message.id, message.string)
        compiled = target / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
        compiled.parent.mkdir(parents=True, exist_ok=True)
        with compiled.open("wb") as file:
            write_mo(file, catalog)


def _read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)
