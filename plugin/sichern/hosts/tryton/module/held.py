"""What this process holds open in a folder, taken away before it ends in the middle of its work."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sichern.archive.stems import INFO, PART, split_ending

logger = logging.getLogger(__name__)


def remove(folder: str) -> list[str]:
    """Remove the unfinished files that this process holds in a folder; give their names.

    A pair whose info file has its own name is finished, and stays.
    """
    names = {path.name: path for path in _held(Path(folder).resolve())}
    if any(name.endswith(INFO) for name in names):
        return []
    # The info file's draft last: while it is there, others see what is unfinished.
    ours = sorted(names, key=lambda name: name.endswith(INFO + PART))
    for name in ours:
        with suppress(FileNotFoundError):
            names[name].unlink()
    return ours


def _held(folder: Path) -> Iterator[Path]:
    for link in Path("/proc/self/fd").iterdir():
        try:
            path = link.readlink()
        except OSError:
            continue
        if path.parent == folder and split_ending(path.name.removesuffix(PART)) is not None:
            yield path


def leave() -> None:
    """End this process at once, whatever its threads wait for."""
    logging.shutdown()
    os._exit(1)
