"""A member that was packed away from the archive: by another process, to be appended in order."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sichern.archive.deflate import CompressedChunk, hash_and_compress, pieces


@dataclass(frozen=True, kw_only=True)
class PackedMember:
    """All chunks of a member; `sha256` in hex and `lines` are of its bytes before compression."""

    chunks: tuple[CompressedChunk, ...]
    sha256: str
    lines: int


def pack_member(blocks: Iterable[bytes], lines: Callable[[], int]) -> PackedMember:
    """Compress and hash a member: the same bytes as `ZipWriter.add` writes of the same blocks.

    `lines` is asked at the end: whoever read them has counted them. Raises CompressedWrong, and
    what the blocks raise.
    """
    digest = hashlib.sha256()
    chunks = tuple([hash_and_compress(piece, digest) for piece in pieces(blocks)])
    return PackedMember(chunks=chunks, sha256=digest.hexdigest(), lines=lines())
