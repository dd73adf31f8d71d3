"""Reads a pair back from the device, and holds it against what was written.

Each piece was inflated when it was compressed, and its CRC taken then, wherever that was: the
bytes on the device need not be inflated once more.
"""

from collections.abc import Sequence

from sichern.archive.deflate import crc_of
from sichern.archive.documents import DocumentList
from sichern.archive.errors import MembersDiffer
from sichern.archive.info import Info
from sichern.archive.names import DOCUMENTS
from sichern.archive.sequential import ProgressHook, Sequential, counting
from sichern.archive.volume import Input, ZipVolume, open_volume
from sichern.archive.writer import MemberRecord
from sichern_hooks import N_

Written = Sequence[MemberRecord]


def read_back(
    info: Info,
    inputs: Sequence[Input],
    lengths: Sequence[int],
    written: Sequence[Written],
    progress: ProgressHook | None = None,
) -> tuple[str, ...]:
    """Read every byte of every volume once; give the SHA-256 of each.

    `lengths` are bytes, `written` the members of each volume. `progress` takes bytes read and
    bytes in all. Raises an ArchiveError at the first thing that is wrong.
    """
    seen = counting(progress, sum(lengths))
    documents = DocumentList()
    found: list[str] = []
    for number, (source, length) in enumerate(zip(inputs, lengths, strict=True)):
        members = [member for member in info.members if member.volume == number]
        volume = open_volume(source, info.volumes[number].name, length, members)
        once = Sequential(source, length, seen)
        _compare(volume, once, written[number], documents)
        found.append(once.finish())
    for problem in documents.compare(info):
        raise problem
    return tuple(found)


def _compare(
    volume: ZipVolume, once: Sequential, written: Written, documents: DocumentList
) -> None:
    for (member, entry), record in zip(volume.members, written, strict=True):
        if entry != record.entry:
            raise MembersDiffer(volume=volume.name, reason=entry.name)
        if member.name == DOCUMENTS:
            for _ in documents.watch(volume.blocks(member, entry, once)):
                pass
            continue
        crc = 0
        for block in volume.packed(entry, once):
            crc = crc_of(block, crc)
        if crc != record.packed_crc:
            raise volume.damaged(entry, N_("its CRC differs"))
