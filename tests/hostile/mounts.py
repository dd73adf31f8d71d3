"""Real file systems of a megabyte, for tests that fill, freeze and pull them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.need import missing, need


def run(*command: str | Path) -> None:
    """Run a command of the system; the test ends where it is not permitted."""
    done = subprocess.run([need(str(command[0])), *command[1:]], capture_output=True, text=True)
    if done.returncode:
        missing(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


@contextmanager
def tmpfs(point: Path, options: str = "size=1m") -> Iterator[Path]:
    """Mount an empty file system at `point`, which is made."""
    point.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", point)
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", point], capture_output=True)
