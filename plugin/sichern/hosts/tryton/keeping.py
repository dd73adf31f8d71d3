"""Which older pairs of a tenant go: only such as newer ones replace, and never the last one."""

from collections.abc import Sequence
from pathlib import Path

from sichern.archive.stems import INFO, split_ending

Pair = tuple[Path, ...]
"""The files of a checked pair, as the run that made it noted them."""


def superfluous(pairs: Sequence[Pair], keep: int) -> list[Pair]:
    """Give those pairs, newest first, that are older than the newest `keep` that are there.

    What is not there counts as nothing and is left alone: drives take turns at one path. What
    lacks only its info file is no backup any more, and goes when its time has come.
    """
    left = max(1, keep)
    gone = []
    for pair in pairs:
        if left:
            left -= is_whole(pair)
        elif any(file.exists() for file in pair):
            gone.append(pair)
    return gone


def is_whole(pair: Pair) -> bool:
    """Whether all files of a pair are there."""
    return bool(pair) and all(file.is_file() for file in pair)


def remove(pair: Pair, folder: Path) -> None:
    """Remove a pair, the info file first: without it the rest is no backup any more.

    Nothing but files of pairs that lie directly in `folder`. Raises OSError.
    """
    ours = [file for file in pair if file.parent == folder and split_ending(file.name)]
    for file in sorted(ours, key=lambda file: not file.name.endswith(INFO)):
        file.unlink(missing_ok=True)
