"""Removes what a run left behind that was killed, and never what a living run holds."""

import os
from contextlib import ExitStack

from sichern.archive.folder import Folder, dead, failures, look
from sichern.archive.stems import DATA, DOCUMENTS, INFO, PART, parse_stem, split_ending


def remove_dead(folder: Folder, slug: str) -> tuple[str, ...]:
    """Remove the unfinished files of dead runs of one tenant; give their names.

    A run makes `<stem>.ztx.part` before it gives the zips their names, and that file gets its
    own name last. So a zip without its info file is a dead run's only where the `.ztx.part`
    lies beside it: one whose info file somebody moved away, or whose copy is still under way,
    is not touched.
    """
    removed: list[str] = []
    with failures(folder):
        for stem in sorted(_unfinished(folder.fd, slug)):
            removed.extend(_remove(folder.fd, stem))
    return tuple(removed)


def _unfinished(folder_fd: int, slug: str) -> set[str]:
    stems: set[str] = set()
    for name in os.listdir(folder_fd):
        parts = split_ending(name.removesuffix(PART)) if name.endswith(PART) else None
        parsed = parse_stem(parts[0]) if parts is not None else None
        if parts is not None and parsed is not None and parsed.slug == slug:
            stems.add(parts[0])
    return stems


def _remove(folder_fd: int, stem: str) -> list[str]:
    names = [stem + DATA + PART, stem + DOCUMENTS + PART]
    broken = look(folder_fd, stem + INFO + PART) is not None
    if broken and look(folder_fd, stem + INFO) is None:
        names = [stem + DATA, stem + DOCUMENTS, *names]
    if broken:
        # Last, so that a clean-up that is killed can be taken up again.
        names.append(stem + INFO + PART)
    present = [name for name in names if look(folder_fd, name) is not None]
    with ExitStack() as locks:
        if not all(locks.enter_context(dead(folder_fd, name)) for name in present):
            return []
        for name in present:
            os.unlink(name, dir_fd=folder_fd)
    return present
