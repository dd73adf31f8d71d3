"""HOOKS.md says of every hook what is true, and its examples run."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import sichern_hooks
from sichern.schema.fields import WIRES
from sichern_hooks import (
    CONTRACT,
    Clash,
    Permission,
    Reader,
    Role,
    Source,
    Table,
    Target,
    Way,
    Writer,
)
from tests.contract import document
from tests.contract.document import Hook, Section

HOOKS = document.hooks()
CHAPTERS = document.sections(2)
MENTIONED = {
    chapter: document.sections(3, CHAPTERS[chapter].text)
    for chapter in (document.HOSTS_HOOKS, document.SERVICE_HOOKS)
}
each_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)


def section_of(hook: Hook) -> Section:
    return MENTIONED[hook.chapter][hook.name]


def test_the_contract_has_hooks_of_both_directions() -> None:
    assert {hook.chapter for hook in HOOKS} == set(MENTIONED)


@pytest.mark.parametrize("chapter", sorted(MENTIONED))
def test_the_document_names_the_hooks_of_the_code_and_no_others(chapter: str) -> None:
    assert set(MENTIONED[chapter]) == {hook.name for hook in HOOKS if hook.chapter == chapter}


@each_hook
def test_a_hook_is_documented_with_its_true_signature(hook: Hook) -> None:
    names = document.preamble()
    document.run(section_of(hook).blocks[0], names)
    assert inspect.signature(names[hook.name]) == inspect.signature(hook.function)


@each_hook
def test_a_hook_says_when_it_is_called_who_answers_and_what_none_means(hook: Hook) -> None:
    section = section_of(hook)
    assert section.bullet("Called")
    assert section.bullet("None")
    assert section.bullet("Answered by") == ("the first" if hook.first else "every plugin")


@each_hook
def test_a_hook_has_an_example_that_runs_and_implements_it(hook: Hook) -> None:
    _, example = section_of(hook).blocks
    assert re.search(rf"@hookimpl\n +def {hook.name}\(", example)
    document.run(example, document.preamble())


@each_hook
def test_a_hook_has_a_docstring_of_its_own(hook: Hook) -> None:
    assert inspect.getdoc(hook.function)


@pytest.mark.parametrize(
    "title", [title for title in CHAPTERS if title not in {*MENTIONED, document.COMPLETE}]
)
def test_the_other_blocks_run_too(title: str) -> None:
    names = document.preamble()
    for block in CHAPTERS[title].blocks:
        document.run(block, names)


def test_the_document_states_the_version_of_the_contract() -> None:
    assert f"`CONTRACT = {CONTRACT}`" in document.DOCUMENT.read_text(encoding="utf-8")


def tables_of(title: str) -> dict[str, list[str]]:
    """The first column of each table of a chapter, by its heading."""
    found = re.findall(r"(?:^\|.*\n)+", CHAPTERS[title].text, re.MULTILINE)
    columns = [re.findall(r"^\| (.+?) \|", table, re.MULTILINE) for table in found]
    return {heading: cells for heading, *cells in columns}


def rows_of(title: str) -> list[str]:
    (rows,) = tables_of(title).values()
    return rows


def test_the_table_of_roles_has_every_role() -> None:
    assert rows_of("Roles of tables") == [f"`{role.name}`" for role in Role]


def test_the_table_of_permissions_has_every_permission() -> None:
    assert rows_of("Authorisation") == [
        f"`Permission.{right.name}` (`{right}`)" for right in Permission
    ]


def test_the_fields_of_a_table_are_documented() -> None:
    said = re.findall(r"`(\w+)`", " ".join(rows_of("Describing tables")))
    assert sorted(said) == sorted(Table.__dataclass_fields__)


def test_the_wire_types_are_those_that_the_archive_has() -> None:
    found = re.search(
        r"^Wire types are .*?: (.*?), and `<type>\[\]`",
        CHAPTERS["Describing tables"].text,
        re.DOTALL | re.MULTILINE,
    )
    assert found is not None
    assert sorted(re.findall(r"`(\w+)`", found.group(1))) == sorted(WIRES)


def test_the_members_of_a_source_are_documented() -> None:
    said = re.findall(r"`(\w+)", " ".join(rows_of("The data plane")))
    assert said == [name for name in vars(Source) if not name.startswith("_")]


def members(protocol: Any) -> list[str]:
    """Its own, after those of what it builds on."""
    classes = [each for each in reversed(protocol.__mro__) if each in (Reader, protocol)]
    return [name for each in classes for name in vars(each) if not name.startswith("_")]


@pytest.mark.parametrize("protocol", [Target, Writer], ids=lambda each: each.__name__)
def test_the_members_of_what_an_import_writes_with_are_documented(protocol: Any) -> None:
    said = tables_of("Taking a tenant in")[f"member of `{protocol.__name__}`"]
    assert [re.findall(r"`(\w+)", member)[0] for member in said] == members(protocol)


def test_the_arguments_of_a_target_are_documented() -> None:
    for member in tables_of("Taking a tenant in")["member of `Target`"]:
        name, arguments = re.findall(r"`(\w+)(.*)`", member)[0]
        function = getattr(Target, name)
        if inspect.isfunction(function):
            _self, *expected = inspect.signature(function).parameters
            assert arguments == f"({', '.join(expected)})"


@pytest.mark.parametrize(("heading", "values"), [("way", Way), ("rule", Clash)])
def test_the_ways_and_the_rules_are_all_documented(heading: str, values: Any) -> None:
    assert tables_of("Taking a tenant in")[heading] == [
        f"`{values.__name__}.{each.name}` (`{each}`)" for each in values
    ]


def test_what_the_document_imports_from_the_contract_is_public() -> None:
    imported = {
        alias.name
        for block in CHAPTERS[document.COMPLETE].blocks
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module == "sichern_hooks"
        for alias in node.names
    }
    assert imported <= set(sichern_hooks.__all__)


def calls(path: Path) -> set[str]:
    """The hooks that a test file calls through pluggy: `manager.hook.<name>(...)`."""

    def called(node: ast.AST) -> Any:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="hook"), attr=name)):
                return name
        return None

    return {name for node in ast.walk(ast.parse(path.read_text())) if (name := called(node))}


def test_every_hook_is_called_through_pluggy_by_a_test_of_this_folder() -> None:
    called = set[str]().union(*(calls(path) for path in Path(__file__).parent.glob("test_*.py")))
    assert {hook.name for hook in HOOKS} - called == set()
