"""Extract the marked texts of hooks and plugin, and merge them into the template and the catalogs.

    python locales/update.py            write sichern.pot and the catalogs, compile them
    python locales/update.py --check    write nothing; fail where they are out of date or incomplete
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

sys.path.insert(0, str(Path(__file__).parent))  # the tests load this file by its path

from compiled import compile_catalogs

LOCALES = Path(__file__).resolve().parent
PROJECT = LOCALES.parent
ROOTS = ("hooks", "plugin")
KEYWORDS = {"N_": None, "_": None}
LANGUAGES = ("de", "en")
HEADER = """\
# Sichern: texts that people see. Written by locales/update.py; only the translations are edited.
msgid ""
msgstr ""
"Project-Id-Version: sichern\\n"
"Language: %s\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def template_path() -> Path:
    """The template of all catalogs."""
    return LOCALES / "sichern.pot"


def catalog_path(language: str) -> Path:
    """The catalog of a language."""
    return LOCALES / language / "LC_MESSAGES" / "sichern.po"


def extract() -> Catalog:
    """Collect every marked text of the code, without line numbers: they change too often."""
    with (LOCALES / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    template = Catalog()
    for root in ROOTS:
        found = extract_from_dir(
            PROJECT / root, methods, options, keywords=KEYWORDS, comment_tags=("translators:",)
        )
        for path, _, message, comments, context in found:
            template.add(message, None, [(f"{root}/{path}", 0)], (), comments, context=context)
    return template


def merge(language: str, template: Catalog) -> Catalog:
    """Bring a catalog to the template: known texts stay, new ones are empty, gone ones go.

    Nothing is guessed from similar texts. English is its own translation.
    """
    path = catalog_path(language)
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    merged = Catalog(locale=language)
    for message in template:
        if message.id:
            before = known.get(message.id, message.context)
            text = before.string if before is not None else ""
            merged.add(
                message.id,
                text or (message.id if language == "en" else ""),
                message.locations,
                message.flags,
                message.auto_comments,
                before.user_comments if before is not None else (),
                context=message.context,
            )
    return merged


def text_of(catalog: Catalog) -> bytes:
    """Write a catalog as a PO file, in the order of the code's files.

    The header is our own: Babel's holds the time, which would make a change of every run.
    """
    written = BytesIO()
    write_po(
        written, catalog, width=100, omit_header=True, sort_by_file=True, include_lineno=False
    )
    return (HEADER % (catalog.locale or "")).encode() + written.getvalue()


def catalogs() -> dict[Path, Catalog]:
    """The template and the merged catalogs by their path."""
    template = extract()
    merged = {catalog_path(language): merge(language, template) for language in LANGUAGES}
    return {template_path(): template, **merged}


def problems(catalogs: dict[Path, Catalog]) -> list[str]:
    """Say what is out of date on disk, and what has no translation."""
    found = []
    for path, catalog in catalogs.items():
        name = path.relative_to(PROJECT)
        if not path.exists() or path.read_bytes() != text_of(catalog):
            found.append(f"{name} is out of date: run python locales/update.py")
        if catalog.locale is not None:
            found += [
                f"{name} has no translation of {message.id!r}"
                for message in catalog
                if message.id and not message.string
            ]
    return found


def main(arguments: list[str]) -> int:
    """Update the catalogs, or check them; 1 where a text is missing or a file out of date."""
    updated = catalogs()
    if "--check" not in arguments:
        for path, catalog in updated.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text_of(catalog))
        compile_catalogs()
    found = problems(updated)
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
