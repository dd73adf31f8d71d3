"""The shape of the project: its top level, names, sizes, first lines, and texts."""

import ast
import re
from pathlib import Path

import pytest

from tests.structure.tree import ROOT, files, name_of, parsed, sources

TOP = {
    ".ci", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "hooks", "locales", "plugin",
    "pyproject.toml", "tests",
}  # fmt: skip
LINES = 450
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "manager2"}
TEXTS = {".py", ".md", ".toml", ".po", ".pot", ".cfg", ".xml", ".txt", ".html", ".js", ""}
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:home|root|Users|work|workspace|builds|workspaces)/\w", re.IGNORECASE
)


def test_the_top_level_holds_what_the_design_allows_and_no_more() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in files()} <= TOP


@pytest.mark.parametrize("name", ["pyproject.toml", "README.md", "plugin", "locales", "hooks"])
def test_the_top_level_holds_what_others_rely_on(name: str) -> None:
    assert (ROOT / name).exists()


def test_no_file_of_hooks_and_plugin_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part.removesuffix(".py") for path in sources() for part in Path(name_of(path)).parts}
    assert parts & VAGUE == set()


def test_every_module_says_in_its_first_line_what_it_does() -> None:
    silent = [
        name_of(path)
        for path in sources()
        if parsed(path).body and not (ast.get_docstring(parsed(path)) or "").strip()
    ]
    assert silent == []


def test_no_module_imports_everything_of_another() -> None:
    stars = [
        name_of(path)
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert stars == []


def test_no_text_of_the_project_holds_a_path_of_a_machine() -> None:
    found = [
        f"{name_of(path)}: {match.group()}"
        for path in files()
        if path.suffix in TEXTS and path != Path(__file__)
        for match in MACHINE_PATHS.finditer(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("path", ["/home/anna/x", "see /root/x", "'/Users/anna'"])
def test_a_path_of_a_machine_is_recognised(path: str) -> None:
    assert MACHINE_PATHS.search(path)
