"""Reads one zip of a pair, hostile or damaged as it may be: bounded, and never by name.

Nothing is believed twice: the central directory is rebuilt and compared, every local header
is rebuilt from it and compared, and the members must fill the file without gap or overlap.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sichern.archive.deflate import MOST_EXPANSION, InflateError, crc_of, inflate
from sichern.archive.errors import MemberDamaged, MembersDiffer, StructureDamaged
from sichern.archive.info import Member
from sichern.archive.layout import (
    CENTRAL_FIXED,
    END_LONGEST,
    STORED,
    Entry,
    LayoutError,
    local_length,
    pack_local,
    parse_central,
    parse_end,
)
from sichern.archive.names import parse_member
from sichern_hooks import N_

_READ = 1 << 18
_LONGEST_RECORD = CENTRAL_FIXED + 300 + 28


class Input(Protocol):
    """A file that can be read at any place."""

    def read_at(self, length: int, offset: int) -> bytes:
        """Read up to `length` bytes; fewer only at the end of the file."""
        ...


@dataclass(frozen=True, kw_only=True)
class ZipVolume:
    """A zip whose directory fits the info file's list, member by member.

    `name` is the file's, for errors.
    """

    name: str
    input: Input
    length: int
    members: tuple[tuple[Member, Entry], ...]

    def blocks(self, member: Member, entry: Entry, source: Input | None = None) -> Iterator[bytes]:
        """Give a member's bytes in blocks; what was given is proven only at the end.

        Raises StructureDamaged where the local header differs, MemberDamaged where size, CRC
        or SHA-256 do.
        """
        packed = self.packed(entry, source)
        digest = hashlib.sha256()
        crc = 0
        try:
            for block in packed if entry.method == STORED else inflate(packed, entry.size):
                digest.update(block)
                crc = crc_of(block, crc)
                yield block
        except InflateError as error:
            raise self.damaged(entry, str(error)) from error
        if crc != entry.crc:
            raise self.damaged(entry, N_("its CRC differs"))
        if digest.hexdigest() != member.sha256:
            raise self.damaged(entry, N_("its SHA-256 differs"))

    def packed(self, entry: Entry, source: Input | None = None) -> Iterator[bytes]:
        """Give a member's bytes as they lie in the zip.

        Raises StructureDamaged where the local header differs, MemberDamaged where the file ends.
        """
        read = source or self.input
        header = read.read_at(local_length(entry.name), entry.offset)
        if header != pack_local(entry):
            raise StructureDamaged(volume=self.name, reason=f"the header of {entry.name}")
        position = entry.data_offset
        while position < entry.end:
            block = read.read_at(min(_READ, entry.end - position), position)
            if not block:
                raise self.damaged(entry, N_("the file ends in it"))
            yield block
            position += len(block)

    def damaged(self, entry: Entry, reason: str) -> MemberDamaged:
        """Give the error to raise for a member."""
        return MemberDamaged(member=entry.name, volume=self.name, reason=reason)


def open_volume(source: Input, name: str, length: int, members: Sequence[Member]) -> ZipVolume:
    """Read the directory of a zip of `length` bytes and hold it against `members`, in order.

    Memory is bounded by `members`. Raises StructureDamaged or MembersDiffer.
    """
    try:
        entries = _directory(source, length, len(members))
        _check_places(entries)
    except LayoutError as error:
        raise StructureDamaged(volume=name, reason=str(error)) from error
    for member, entry in zip(members, entries, strict=True):
        if entry.name != member.name:
            raise MembersDiffer(volume=name, reason=f"{entry.name[:300]} for {member.name}")
        if entry.size != member.size:
            raise MembersDiffer(volume=name, reason=f"the size of {member.name}")
    pairs = tuple(zip(members, entries, strict=True))
    return ZipVolume(name=name, input=source, length=length, members=pairs)


def _directory(source: Input, length: int, count: int) -> list[Entry]:
    tail_length = min(length, END_LONGEST)
    end = parse_end(source.read_at(tail_length, length - tail_length), length)
    if end.count != count:
        raise LayoutError(f"{end.count} members instead of {count}")
    if end.size > count * _LONGEST_RECORD:
        raise LayoutError(N_("the central directory is too large"))
    data = source.read_at(end.size, end.offset)
    if len(data) != end.size:
        raise LayoutError(N_("the central directory is cut short"))
    entries: list[Entry] = []
    position = 0
    for _ in range(count):
        entry, position = parse_central(data, position)
        entries.append(entry)
    if position != len(data):
        raise LayoutError(N_("bytes behind the central directory"))
    if (entries[-1].end if entries else 0) != end.offset:
        raise LayoutError(N_("bytes before the central directory"))
    return entries


def _check_places(entries: list[Entry]) -> None:
    position = 0
    names: set[str] = set()
    for entry in entries:
        if parse_member(entry.name) is None:
            raise LayoutError(f"a member named {entry.name[:80]!r}")
        if entry.name in names:
            raise LayoutError(f"{entry.name} twice")
        names.add(entry.name)
        if entry.offset != position:
            raise LayoutError(f"a gap or overlap before {entry.name}")
        if entry.stamp != entries[0].stamp:
            raise LayoutError(f"the time of {entry.name}")
        if entry.method == STORED and entry.size != entry.packed:
            raise LayoutError(f"the sizes of {entry.name}")
        if entry.size > entry.packed * MOST_EXPANSION:
            raise LayoutError(f"{entry.name} claims to unpack further than Deflate can")
        position = entry.end
