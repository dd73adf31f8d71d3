"""The linters hold over the whole project: layers, style, types."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from tests.structure.tree import ROOT

LINT_IMPORTS = "import importlinter.cli as c, sys; sys.exit(c.lint_imports(no_cache=True))"


def run(*arguments: str) -> str:
    """Run Python in the project; the words of a tool that is not content are the failure."""
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def settings() -> Mapping[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tools: dict[str, Any] = read["tool"]
    return tools


def test_ruff_finds_nothing() -> None:
    run("-m", "ruff", "check", "--quiet", "--output-format=concise", "--no-cache", ".")


def test_mypy_strict_finds_nothing(settings: Mapping[str, Any]) -> None:
    assert settings["mypy"]["strict"] is True
    assert "no issues found in" in run("-m", "mypy")


def test_imports_point_down_the_core_knows_no_host_and_the_contract_stands_alone(
    settings: Mapping[str, Any],
) -> None:
    contracts = len(settings["importlinter"]["contracts"])
    said = re.search(r"Contracts: (\d+) kept, (\d+) broken", run("-c", LINT_IMPORTS))
    assert said is not None
    assert said.groups() == (str(contracts), "0")


def test_every_part_of_the_plugin_has_its_layer(settings: Mapping[str, Any]) -> None:
    layers = {
        layer.strip()
        for contract in settings["importlinter"]["contracts"]
        for entry in contract.get("layers", ())
        for layer in entry.split("|")
    }
    parts = {
        path.stem
        for path in (ROOT / "plugin" / "sichern").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__"}
    assert {f"sichern.{part}" for part in parts} | {"sichern_hooks"} <= layers
