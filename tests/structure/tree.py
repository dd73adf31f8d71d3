"""The files of the project, as the tests of its structure see them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("hooks", "plugin")


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project: what git tracks or would track.

    Without git (an unpacked archive of the sources) all files that are not hidden.
    """
    if not (ROOT / ".git").exists():
        found = (path for path in ROOT.rglob("*") if path.is_file())
        return tuple(
            path
            for path in found
            if not {"__pycache__", "build", "dist"} & set(path.parts)
            and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        )
    listed = subprocess.run(
        [
            "git", "-c", "safe.directory=*", "ls-files", "-z",
            "--cached", "--others", "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def sources() -> tuple[Path, ...]:
    """The Python files of hooks and plugin."""
    return tuple(
        path
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in SOURCES
    )


@cache
def parsed(path: Path) -> ast.Module:
    """A Python file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    """The path within the project."""
    return path.relative_to(ROOT).as_posix()
