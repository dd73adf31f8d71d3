"""Every text that a person sees is marked, in both catalogs, with the same placeholders."""

import ast
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import polib
import pytest
from babel.support import Translations

from sichern.i18n import DOMAIN, LANGUAGES, LOCALE, catalog, error_lines, language_of, translate
from sichern_hooks import SichernError, UnknownTenant
from tests.structure.tree import ROOT, files, name_of, parsed, sources

LOCALES = ROOT / "locales"
SAME_IN_BOTH = {
    "%(reason)s", "Import", "Mandant", "Name", "Status", "Version", "Host", "MB", "JSON", "Alarm",
    "Mail", "Phase", "Plan", "Token",
}  # fmt: skip
"""Texts that are rightly the same in German."""
TEXTS = ("message", "hint")
PLACEHOLDER = re.compile(r"%\((\w+)\)([a-z])")


def load_locales(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, LOCALES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def po(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "sichern.po"


@cache
def texts(path: Path) -> dict[str, str]:
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


each_language = pytest.mark.parametrize("language", LANGUAGES)
CATALOGS = [LOCALES / "sichern.pot", *map(po, LANGUAGES)]
each_catalog = pytest.mark.parametrize("path", CATALOGS, ids=name_of)


# --- what the code marks -----------------------------------------------------------------------


def marked() -> Iterator[tuple[str, ast.Call]]:
    """Each call of `N_` in hooks and plugin, with the file that it stands in."""
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"N_", "_"}:
                yield name_of(path), node


def text_of(call: ast.Call) -> str | None:
    """The literal text of a call of `N_`, None where it is no literal."""
    match call.args:
        case [ast.Constant(value=str(text))]:
            return text
    return None


def test_only_literal_texts_are_marked() -> None:
    """What is put together while the program runs is in no catalog."""
    assert [f"{name}:{call.lineno}" for name, call in marked() if not text_of(call)] == []


def in_views() -> set[str]:
    """The texts of the views, menus and messages of Tryton's module."""
    views = load_locales("texts_of_xml")
    found: set[str] = set()
    for path in files():
        if path.suffix == ".xml" and "module" in path.relative_to(ROOT).parts:
            with path.open("rb") as file:
                found.update(views.texts(file))
    return found


@each_catalog
def test_each_marked_text_is_in_the_template_and_in_both_catalogs(path: Path) -> None:
    wanted = {text for _, call in marked() if (text := text_of(call))} | in_views()
    assert wanted
    assert {f"{text}: run python locales/update.py" for text in wanted - set(texts(path))} == set()


@each_catalog
def test_no_catalog_keeps_a_text_that_is_gone(path: Path) -> None:
    assert set(texts(path)) - {text_of(call) for _, call in marked()} - in_views() == set()
    assert polib.pofile(str(path)).obsolete_entries() == []


def test_the_catalogs_are_as_the_update_writes_them() -> None:
    update = load_locales("update")
    assert update.problems(update.catalogs()) == []


SHOWING = {"translate": 0, "say": 0, "echo": 0}
SHOWN = {"help", "short_help", "epilog", "label", "message", "hint"}


def test_no_text_is_shown_without_being_marked() -> None:
    """A literal with words in it that goes to `translate`, `say`, `echo` or a help text."""
    found = []
    for path in sources():
        if name_of(path).startswith("plugin/sichern/hosts/"):
            continue  # a host's own forms follow the ERP's rules
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            shown = node.args[:1] if called in SHOWING else []
            shown += [keyword.value for keyword in node.keywords if keyword.arg in SHOWN]
            found += [
                f"{name_of(path)}:{text.lineno}: {text.value}"
                for text in shown
                if isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and re.search(r"[A-Za-z]{3}", text.value)
            ]
    assert found == []


# --- the catalogs ------------------------------------------------------------------------------


@each_language
def test_a_catalog_is_complete_and_guesses_nothing(language: str) -> None:
    entries = polib.pofile(str(po(language)))
    assert [entry.msgid for entry in entries if not entry.msgstr.strip()] == []
    assert [entry.msgid for entry in entries if entry.fuzzy] == []


def test_german_texts_are_german() -> None:
    same = {text for text, german in texts(po("de")).items() if text == german}
    assert same - SAME_IN_BOTH == set()


def test_english_texts_are_those_of_the_code() -> None:
    assert [text for text, english in texts(po("en")).items() if text != english] == []


@each_catalog
def test_placeholders_are_named_and_hold_a_text_or_a_number(path: Path) -> None:
    """No braces: through them a translation could reach into an object."""
    for text in (*texts(path), *texts(path).values()):
        assert not re.search(r"[{}]", text), text
        assert "%" not in PLACEHOLDER.sub("", text), text
        assert {kind for _, kind in PLACEHOLDER.findall(text)} <= {"s", "d"}, text


@each_language
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    for text, translated in texts(po(language)).items():
        assert sorted(PLACEHOLDER.findall(translated)) == sorted(PLACEHOLDER.findall(text)), text


@each_language
def test_a_translation_begins_and_ends_like_its_text(language: str) -> None:
    """Errors begin in lower case, help texts end with a stop; German nouns are capital."""
    for text, translated in texts(po(language)).items():
        assert translated.endswith(".") == text.endswith("."), text
        assert translated == translated.strip(), text
        if text[0].isupper():
            assert not translated[0].islower(), text


# --- errors ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ErrorClass:
    """What the code of an error class says, without running it."""

    name: str
    file: str
    bases: tuple[str, ...]
    values: dict[str, ast.expr]


def classes() -> Iterator[ErrorClass]:
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                values: dict[str, ast.expr] = {}
                for statement in node.body:
                    match statement:
                        case ast.Assign(targets=[ast.Name(id=name)], value=value):
                            values[name] = value
                        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                            values[name] = value
                bases = tuple(ast.unparse(base).rpartition(".")[2] for base in node.bases)
                yield ErrorClass(name=node.name, file=name_of(path), bases=bases, values=values)


def errors() -> list[ErrorClass]:
    """SichernError and every class below it, wherever it is defined."""
    below, found = list(classes()), [error for error in classes() if error.name == "SichernError"]
    while True:
        names = {error.name for error in found}
        more = [one for one in below if one.name not in names and names & set(one.bases)]
        if not more:
            return found
        found += more


ALL_ERRORS = errors()
KINDS = [
    error
    for error in ALL_ERRORS
    if not {"code", *TEXTS} & set(error.values)
    and any(error.name in other.bases for other in ALL_ERRORS)
]
"""Kinds of errors: they bring no texts, others are derived from them."""
ERRORS = [error for error in ALL_ERRORS if error not in KINDS]
each_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.name)


def literal(error: ErrorClass, name: str) -> str:
    """The literal of a class attribute, inside `N_()` where it is a text."""
    match error.values.get(name):
        case ast.Constant(value=str(value)):
            return value
        case ast.Call(func=ast.Name(id="N_")) as call if name in TEXTS:
            return text_of(call) or ""
    return ""


def test_the_errors_of_both_packages_are_found() -> None:
    assert {"hooks", "plugin"} <= {error.file.partition("/")[0] for error in ERRORS}
    assert len(ERRORS) > 10


@each_error
def test_an_error_has_a_code_of_its_own(error: ErrorClass) -> None:
    codes = Counter(literal(one, "code") for one in ERRORS)
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", literal(error, "code"))
    assert codes[literal(error, "code")] == 1


def source_of(error: ErrorClass, text: str) -> ErrorClass:
    """The class that says it: the error itself, or the more general error that it is one of."""
    if text in error.values or error.name == "SichernError":
        return error
    above = [one for one in ALL_ERRORS if one.name in error.bases]
    return source_of(above[0], text)


@each_error
@pytest.mark.parametrize("text", TEXTS)
def test_an_error_says_what_is_wrong_and_what_to_do(error: ErrorClass, text: str) -> None:
    source = source_of(error, text)
    assert source.name != "SichernError" or error.name == "SichernError", "it says nothing itself"
    assert isinstance(source.values[text], ast.Call), f"{source.name}.{text} is not marked"
    said = literal(source, text)
    assert said
    assert not said.endswith(".")
    assert not re.match(r"(?!Tryton|Sichern)[A-Z][a-z]+\b", said), "an error begins in lower case"
    assert texts(po("de"))[said]


def test_a_kind_of_errors_without_texts_is_never_raised() -> None:
    kinds = {error.name for error in KINDS}
    raised = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Raise)
        and node.exc is not None
        and ast.unparse(node.exc).partition("(")[0].rpartition(".")[2] in kinds
    ]
    assert raised == []


# --- what click says ---------------------------------------------------------------------------


FIELD = re.compile(r"\{(\w+)(?:!r)?\}")
CLICK = polib.pofile(str(LOCALES / "de" / "LC_MESSAGES" / "click.po"))


def click_pairs() -> Iterator[tuple[str, str]]:
    for entry in CLICK:
        if entry.msgid_plural:
            yield entry.msgid, entry.msgstr_plural[0]
            yield entry.msgid_plural, entry.msgstr_plural[1]
        else:
            yield entry.msgid, entry.msgstr


def test_what_click_says_keeps_its_placeholders_and_reaches_into_nothing() -> None:
    """Click fills braces: a translation has the same plain names, and no other brace."""
    for text, german in click_pairs():
        assert german
        assert sorted(FIELD.findall(german)) == sorted(FIELD.findall(text)), text
        assert not re.search(r"[{}]", FIELD.sub("", german)), text
        assert sorted(PLACEHOLDER.findall(german)) == sorted(PLACEHOLDER.findall(text)), text


def test_no_text_of_click_hides_one_of_ours() -> None:
    assert {entry.msgid for entry in CLICK} & set(texts(po("de"))) == set()


# --- translating -------------------------------------------------------------------------------


@each_language
def test_the_program_reads_the_catalog_that_lies_in_the_project(language: str) -> None:
    """An installation without compiled catalogs, or with old ones, would speak English."""
    assert (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo").exists()
    loaded = catalog(language)
    assert isinstance(loaded, Translations)
    stale = [
        text
        for text, translated in texts(po(language)).items()
        if loaded.gettext(text) != translated
    ]
    assert stale == [], "run python locales/update.py"


def test_an_error_is_shown_in_the_readers_language() -> None:
    error = UnknownTenant(tenant="Nord")
    assert error_lines(error, "en") == (str(error), error.hint)
    assert error_lines(error, "de") == (
        "es gibt keinen Mandanten Nord, den Sie sehen dürfen",
        "der Befehl `sichern tenants` zeigt die Mandanten, die Sie sehen dürfen",
    )


def test_an_unknown_language_is_english() -> None:
    assert translate("Tenant", "fr") == "Tenant"


def test_an_empty_text_stays_empty() -> None:
    """The empty msgid of a catalog is its header."""
    assert translate("", "de") == ""


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    error = SichernError(reason="100 %(secret)s {0.__class__}")
    assert error_lines(error, "de")[0] == "100 %(secret)s {0.__class__}"


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de_DE.UTF-8", "de"), ("de-AT", "de"), ("DE", "de"), ("en_US", "en"), ("C", "en"),
        ("C.UTF-8", "en"), ("POSIX", "en"), ("fr_FR", "en"), ("", "en"), (None, "en"),
    ],
)  # fmt: skip
def test_a_locale_leads_to_a_language_that_there_is(locale: str | None, language: str) -> None:
    assert language_of(locale) == language
