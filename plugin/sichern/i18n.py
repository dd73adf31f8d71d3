"""Translation at the border: msgids inside, a person's language where texts are shown."""

import gettext
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations

from sichern_hooks import N_, SichernError

DOMAIN = "sichern"
LANGUAGES = ("de", "en")
LOCALE = Path(__file__).parent / "locale"

__all__ = [
    "DOMAIN",
    "LANGUAGES",
    "LOCALE",
    "N_",
    "environment_language",
    "error_lines",
    "install",
    "language_of",
    "translate",
]


@cache
def catalog(language: str) -> gettext.NullTranslations:
    """Load the catalog of a language; English where there is none."""
    found = Translations.load(str(LOCALE), [language], DOMAIN)
    return found if isinstance(found, gettext.NullTranslations) else NullTranslations()


def install(language: str) -> None:
    """Let libraries that ask the process's default domain (click) speak the language too."""
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)


def language_of(locale: str | None) -> str:
    """Reduce `de_CH.UTF-8`, `de-AT`, None to a language that there is a catalog for."""
    language = (locale or "").replace("-", "_").split(".")[0].split("_")[0].lower()
    return language if language in LANGUAGES else "en"


def environment_language() -> str:
    """The language of the process's locale."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return language_of(next((os.environ[name] for name in names if os.environ.get(name)), None))


def translate(
    text: str, language: str, values: Mapping[str, str | int | float] | None = None
) -> str:
    """Translate a msgid and fill its `%(name)s` placeholders. An empty text stays empty.

    A `reason` may be a msgid too.
    """
    gettext_ = catalog(language).gettext
    translated = gettext_(text) if text else ""
    if values is None:
        return translated
    reason = values.get("reason")
    if isinstance(reason, str) and reason:
        values = {**values, "reason": gettext_(reason)}
    return translated % values


def error_lines(error: SichernError, language: str) -> tuple[str, str]:
    """Give the two lines of an error: what is wrong, and what to do."""
    return (
        translate(error.message, language, error.values),
        translate(error.hint, language, error.values),
    )
