"""Files that come in pieces from a browser: appending, and what is there."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sichern.archive.stems import DATA, INFO, parse_stem, split_ending
from sichern_hooks import N_, SichernError

BLOCK = 1 << 20
"""Bytes that are in memory at once, per transfer."""
KEEP_FREE = 1 << 28
"""Bytes of the disk that no upload takes: the database may lie on the same one."""

# A browser that finds the name taken saves `name (1).zip`.
_AGAIN = re.compile(r" ?\([0-9]{1,4}\)$")


class Incoming(Protocol):
    """A body that is read once."""

    def read(self, size: int, /) -> bytes: ...


class NotAPairsFile(SichernError):
    """The name is none that Sichern gives to a file."""

    code = "upload-name"
    message = N_("%(name)s is not the name of a file of a backup")
    hint = N_("choose the .ztx and the .zip under the names that Sichern gave them")


class UploadElsewhere(SichernError):
    """The piece does not begin where the file ends, or another one is being received."""

    code = "upload-offset"
    message = N_("the upload of %(name)s goes on at byte %(offset)d")
    hint = N_("let the page go on: it asks for the place by itself")


class UploadTooLarge(SichernError):
    """The disk of the server has no room for the rest."""

    code = "upload-space"
    message = N_("the server has no room for %(name)s: %(needed)d bytes needed, %(free)d free")
    hint = N_("make room on the server, or import the file from a folder there")


class NoInfo(SichernError):
    """The small file of the pair did not come."""

    code = "upload-no-info"
    message = N_("the .ztx of this backup has not arrived")
    hint = N_("choose all files of the backup, the .ztx too, and upload them")


class ManyPairs(SichernError):
    """Whole pairs, and nobody said which one is meant."""

    code = "upload-many"
    message = N_("these are files of more than one backup: %(names)s")
    hint = N_("choose the files of one backup, and upload them")


def file_name(sent: str) -> str:
    """Give the name under which a sent file is kept: nothing but the grammar of pairs.

    Raises NotAPairsFile.
    """
    parts = split_ending(sent)
    bare = _AGAIN.sub("", parts[0]) if parts is not None else ""
    if parts is None or parse_stem(bare) is None:
        raise NotAPairsFile(name=sent[:200])
    return bare + parts[1]


def received(folder: Path, name: str) -> int:
    """Give how many bytes of a file are there."""
    try:
        return (folder / name).lstat().st_size
    except FileNotFoundError:
        return 0


def append(folder: Path, name: str, offset: int, length: int, body: Incoming) -> int:
    """Append `length` bytes at `offset` and give the file's new length.

    What arrived before a connection broke is kept. Raises UploadElsewhere where the file ends
    elsewhere or is held by another request, UploadTooLarge, OSError.
    """
    with _held(folder, name) as fd:
        end = os.fstat(fd).st_size
        if end != offset:
            raise UploadElsewhere(name=name, offset=end)
        disk = os.fstatvfs(fd)
        free = max(disk.f_bavail * disk.f_frsize - KEEP_FREE, 0)
        if length > free:
            raise UploadTooLarge(name=name, needed=length, free=free)
        left = length
        while left:
            block = body.read(min(BLOCK, left))
            if not block:
                break
            left -= len(block)
            _write(fd, block)
        return os.fstat(fd).st_size


def settle(folder: Path) -> Path:
    """Write everything to the disk and give the one info file whose zip is there, or the only one.

    Where several have theirs, all info files go, and one is sent again. Raises NoInfo, ManyPairs.
    """
    there = sorted(folder.iterdir())
    for path in there:
        with _held(folder, path.name) as fd:
            os.fsync(fd)
    infos = [path for path in there if path.suffix == INFO]
    if not infos:
        raise NoInfo
    if len(infos) > 1:
        infos = [path for path in infos if path.with_suffix(DATA) in there] or infos[:1]
    if len(infos) > 1:
        for path in infos:
            path.unlink()
        raise ManyPairs(names=", ".join(path.name for path in infos))
    return infos[0]


def _write(fd: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(fd, view) :]


@contextmanager
def _held(folder: Path, name: str) -> Iterator[int]:
    """Open a file for appending, alone. Raises UploadElsewhere where another request has it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(folder / name, flags, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadElsewhere(name=name, offset=os.fstat(fd).st_size) from None
        yield fd
    finally:
        os.close(fd)
