"""A member that was packed away from the archive: by another process, to be appended in order."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sichern.archive.deflate import CompressedChunk, compress_chunk, pieces


@dataclass(frozen=True, kw_only=True)
class PackedMember:
    """All chunks of a member; `sha256` in hex and `lines` are of its bytes before compression."""

    chunks: tuple[CompressedChunk, ...]
    sha256: str
    lines: int


def pack_member(blocks: Iterable[bytes], lines: Callable[[], int]) -> PackedMember:
    """Compress and hash a member: the same bytes as `ZipWriter.add` writes of the same blocks.

    `lines` is asked at the end: whoever read them has counted them.
    """
    digest = hashlib.sha256()
    chunks: list[CompressedChunk] = []
    for piece in pieces(blocks):
        digest.update(piece)
        chunks.append(compress_chunk(piece))
    return PackedMember(chunks=tuple(chunks), sha256=digest.hexdigest(), lines=lines())
