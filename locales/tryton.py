"""Make the Tryton module's own translations, which Tryton demands, from Babel's catalogs.

    python locales/tryton.py            write the module's locale/<language>.po
    python locales/tryton.py --check    write nothing; fail where a file is not what it would be

Tryton itself says which texts it shows: the module is activated in a database in memory.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polib

LOCALES = Path(__file__).resolve().parent
FOLDER = LOCALES.parent / "plugin/sichern/hosts/tryton/module/locale"
MODULE = "sichern"
LANGUAGES = ("de",)
HEADER = "Written by locales/tryton.py from the catalogs of Babel: not edited."


def shown() -> list[Any]:
    """What Tryton shows of the module, from the database of the transaction: context and text."""
    from trytond.pool import Pool

    # Texts that stand only in views are known once this wizard has looked for them.
    wizard = Pool().get("ir.translation.set", type="wizard")
    session, _start, _end = wizard.create()
    wizard(session).set_view()
    exported = Pool().get("ir.translation").translation_export("en", MODULE) or b""
    return list(polib.pofile(exported.decode()))


def catalog(language: str, entries: Iterable[Any]) -> str:
    """Give the file of a language.

    Raises KeyError with all texts that the catalog of Babel does not have.
    """
    known = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(LOCALES / language / "LC_MESSAGES" / "sichern.po"))
        if entry.msgstr
    }
    made = polib.POFile(wrapwidth=100)
    made.header = HEADER
    made.metadata = {"Language": language, "Content-Type": "text/plain; charset=utf-8"}
    texts = sorted(entries, key=lambda entry: (entry.msgctxt, entry.msgid))
    missing = sorted({entry.msgid for entry in texts} - set(known))
    if missing:
        raise KeyError(*missing)
    made.extend(
        polib.POEntry(msgctxt=entry.msgctxt, msgid=entry.msgid, msgstr=known[entry.msgid])
        for entry in texts
    )
    return f"{made}\n"


def problems(entries: list[Any]) -> list[str]:
    """Name the files that are not what they would be."""
    return [
        f"{FOLDER / language}.po is out of date: run python locales/tryton.py"
        for language in LANGUAGES
        if not (path := FOLDER / f"{language}.po").exists()
        or path.read_text(encoding="utf-8") != catalog(language, entries)
    ]


def main(arguments: list[str]) -> int:
    """Write the files, or check them; 1 where one is out of date."""
    os.environ["TRYTOND_DATABASE_URI"] = "sqlite://"
    os.environ["DB_NAME"] = ":memory:"
    from trytond.tests.test_tryton import activate_module, with_transaction

    activate_module([MODULE, "company"])
    entries = with_transaction()(shown)()
    if "--check" not in arguments:
        FOLDER.mkdir(exist_ok=True)
        for language in LANGUAGES:
            text = catalog(language, entries)
            (FOLDER / f"{language}.po").write_text(text, encoding="utf-8")
    found = problems(entries)
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
