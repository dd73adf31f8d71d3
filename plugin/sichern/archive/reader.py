"""A pair as it lies in a folder: its info file is read, its zips are opened beside it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sichern.archive.ahead import read_ahead
from sichern.archive.errors import (
    ExpandsTooFar,
    InfoDamaged,
    InfoMissing,
    InfoUnreadable,
    NoSuchMember,
    PairMismatch,
    VolumeLonger,
    VolumeMissing,
    VolumeTruncated,
    VolumeUnreadable,
    ZipGiven,
)
from sichern.archive.info import Info, Member, Volume
from sichern.archive.info_text import InfoText, read_info
from sichern.archive.layout import Entry
from sichern.archive.stems import DATA, DOCUMENTS, INFO
from sichern.archive.volume import ZipVolume, open_volume
from sichern_hooks import N_

LARGEST_INFO = 1 << 28

_SMALL = 1 << 24


@dataclass
class OpenVolume:
    """A zip that is open for reading; `name` is its name in the folder."""

    name: str
    fd: int
    length: int

    def read_at(self, length: int, offset: int) -> bytes:
        """Read up to `length` bytes. Raises VolumeUnreadable."""
        try:
            return read_ahead(self.fd, length, offset)
        except OSError as error:
            raise VolumeUnreadable(volume=self.name, reason=str(error.strerror)) from error


@dataclass
class OpenPair:
    """A pair, open for reading; a context manager. Nothing was checked but the info file."""

    file: str
    text: InfoText
    volumes: tuple[OpenVolume, ...]

    @property
    def info(self) -> Info:
        """The content of the info file."""
        return self.text.info

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the zips."""
        for volume in self.volumes:
            if volume.fd >= 0:
                os.close(volume.fd)
                volume.fd = -1


@dataclass
class ArchiveReader:
    """Gives the members of an open pair as streams of blocks, never by a path.

    `limit` is the most that all members may unpack to, in bytes. Raises ExpandsTooFar,
    StructureDamaged, MembersDiffer on opening.
    """

    pair: OpenPair
    limit: int | None = None

    def __post_init__(self) -> None:
        total = sum(member.size for member in self.pair.info.members)
        if self.limit is not None and total > self.limit:
            raise ExpandsTooFar(volume=self.pair.file, size=total, limit=self.limit)
        self._members: dict[str, tuple[ZipVolume, Member, Entry]] = {}
        for number, source in enumerate(self.pair.volumes):
            listed = [m for m in self.pair.info.members if m.volume == number]
            volume = open_volume(source, source.name, source.length, listed)
            for member, entry in volume.members:
                self._members.setdefault(member.name, (volume, member, entry))

    @property
    def members(self) -> tuple[Member, ...]:
        """The members in the order of the archive."""
        return self.pair.info.members

    def blocks(self, name: str) -> Iterator[bytes]:
        """Give a member in blocks of at most 1 MiB.

        What was given is proven only when the iterator ends without an error. Raises
        NoSuchMember, StructureDamaged, MemberDamaged, VolumeUnreadable.
        """
        if name not in self._members:
            raise NoSuchMember(member=name)
        volume, member, entry = self._members[name]
        return volume.blocks(member, entry)

    def read(self, name: str, limit: int = _SMALL) -> bytes:
        """Give a small member whole. Raises ExpandsTooFar where it is larger than `limit`."""
        if name in self._members and self._members[name][1].size > limit:
            size = self._members[name][1].size
            raise ExpandsTooFar(volume=name, size=size, limit=limit)
        return b"".join(self.blocks(name))


def read_info_file(path: Path) -> InfoText:
    """Read an info file.

    Raises ZipGiven, InfoMissing, InfoUnreadable, InfoDamaged, FormatTooNew, FormatTooOld.
    """
    if path.name.endswith(DATA) and path.is_file():
        raise ZipGiven(file=path.name)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InfoMissing(file=str(path)) from error
    except OSError as error:
        raise InfoUnreadable(file=str(path), reason=str(error.strerror)) from error
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise InfoUnreadable(file=str(path), reason=N_("not a file"))
        if found.st_size > LARGEST_INFO:
            raise InfoDamaged(file=path.name, reason=f"{found.st_size} bytes")
        data = b"".join(_read_all(fd, found.st_size))
    except OSError as error:
        raise InfoUnreadable(file=str(path), reason=str(error.strerror)) from error
    finally:
        os.close(fd)
    return read_info(data, path.name)


def _read_all(fd: int, length: int) -> Iterator[bytes]:
    """Read a file that may not grow beyond its length; a change shows in its hash."""
    left = length
    while left and (block := os.read(fd, left)):
        left -= len(block)
        yield block


def open_pair(path: Path) -> OpenPair:
    """Open a pair by its info file; the zips lie beside it, under the info file's own name.

    No name is taken from the info file: a pair that was renamed as a whole is still a pair.
    Raises InfoMissing, InfoUnreadable, InfoDamaged, FormatTooNew, FormatTooOld,
    VolumeMissing, VolumeUnreadable.
    """
    text = read_info_file(path)
    stem = path.name.removesuffix(INFO)
    names = [stem + ending for ending in (DATA, DOCUMENTS)][: len(text.info.volumes)]
    opened: list[OpenVolume] = []
    pair = OpenPair(file=path.name, text=text, volumes=())
    try:
        for name in names:
            opened.append(_open_volume(path, name))
            pair.volumes = tuple(opened)
    except BaseException:
        pair.close()
        raise
    return pair


def compare_length(pair: OpenPair, volume: OpenVolume, expected: Volume) -> None:
    """Hold a zip's length against the info file.

    Raises VolumeTruncated, VolumeLonger, PairMismatch.
    """
    if volume.length == expected.size:
        return
    if volume.name != expected.name:
        raise PairMismatch(volume=volume.name, file=pair.file, expected=expected.name)
    wrong = VolumeTruncated if volume.length < expected.size else VolumeLonger
    raise wrong(volume=volume.name, found=volume.length, expected=expected.size)


def _open_volume(info: Path, name: str) -> OpenVolume:
    try:
        fd = os.open(info.with_name(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise VolumeMissing(volume=name, file=info.name) from error
    except OSError as error:
        raise VolumeUnreadable(volume=name, reason=str(error.strerror)) from error
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise VolumeUnreadable(volume=name, reason=N_("not a file"))
    return OpenVolume(name=name, fd=fd, length=found.st_size)
