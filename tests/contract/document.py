"""Read `hooks/HOOKS.md`: its sections, and the blocks of Python in them."""

import importlib.util
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sichern_hooks import host, service

DOCUMENT = Path(__file__).parents[2] / "hooks" / "HOOKS.md"
HOSTS_HOOKS = "Hooks that a host implements"
SERVICE_HOOKS = "Hooks that Sichern implements"
COMPLETE = "A complete host"


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A hook of the contract: its function, and whether the first answer is the only one."""

    name: str
    function: Any
    chapter: str
    first: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with its text up to the next heading of its level or above."""

    title: str
    text: str

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks of Python, in order."""
        return tuple(re.findall(r"^```python\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE))

    def bullet(self, name: str) -> str:
        """The text of `- **name**: ...`, empty where there is none."""
        pattern = rf"^- \*\*{name}\*\*: (.*?)(?=^- |^$)"
        found = re.search(pattern, self.text, re.DOTALL | re.MULTILINE)
        return " ".join(found.group(1).split()) if found else ""


def hooks() -> tuple[Hook, ...]:
    """Every hook of the contract, as pluggy knows it."""
    return (*_hooks(host, HOSTS_HOOKS), *_hooks(service, SERVICE_HOOKS))


def _hooks(module: ModuleType, chapter: str) -> Iterator[Hook]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        options = getattr(function, "sichern_spec", None)
        if options is not None:
            yield Hook(
                name=name, function=function, chapter=chapter, first=bool(options["firstresult"])
            )


def sections(level: int, text: str | None = None) -> dict[str, Section]:
    """The sections of a level by their title, without backticks."""
    document = _without_code(DOCUMENT.read_text(encoding="utf-8") if text is None else text)
    marks = "#" * level
    found = re.findall(
        rf"^{marks} (.+?)\n(.*?)(?=^#{{1,{level}}} |\Z)", document, re.DOTALL | re.MULTILINE
    )
    return {
        title.strip("`"): Section(title=title.strip("`"), text=body.replace(_HASH, "#"))
        for title, body in found
    }


def preamble() -> dict[str, Any]:
    """The names that every example begins with."""
    names: dict[str, Any] = {"__name__": "example"}
    first = Section(title="", text=DOCUMENT.read_text(encoding="utf-8").partition("\n## ")[0])
    for block in first.blocks:
        run(block, names)
    return names


def run(block: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a block among these names; give the names after it."""
    exec(compile(block, str(DOCUMENT), "exec"), names)  # noqa: S102 - the document's own code
    return names


def complete_host() -> str:
    """The source of the complete host."""
    (block,) = sections(2)[COMPLETE].blocks
    return block


def load_complete_host(folder: Path) -> ModuleType:
    """Write the complete host into a folder and import it."""
    path = folder / "acme_sichern.py"
    path.write_text(complete_host(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("acme_sichern", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_HASH = "\N{FULLWIDTH NUMBER SIGN}"


def _without_code(document: str) -> str:
    """Hide the comment signs of code, which look like headings."""
    parts = document.split("```")
    return "```".join(
        part.replace("\n#", f"\n{_HASH}") if place % 2 else part for place, part in enumerate(parts)
    )
