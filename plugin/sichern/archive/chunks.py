"""Cut a stream of lines into chunks of so many rows."""

from collections.abc import Iterable, Iterator
from itertools import repeat

CHUNK_ROWS = 25_000
"""Rows of a `data/` member: a few MB of text, compressed and loaded side by side."""


class Chunks:
    """Iterates over chunks; each is an iterator of blocks that must be used up before the next.

    The blocks are complete lines, however long. `rows` are the most of each chunk, and must not
    end before the blocks do; without a 0 among them no chunk is empty. `taken` are the rows of
    the chunk that was used up last.
    """

    def __init__(self, blocks: Iterator[bytes], rows: Iterable[int] = repeat(CHUNK_ROWS)) -> None:
        self._blocks = blocks
        self._rows = iter(rows)
        self._rest = b""
        self.taken = 0

    def __iter__(self) -> Iterator[Iterator[bytes]]:
        while self._fill():
            yield self._chunk(next(self._rows))

    def _fill(self) -> bool:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._rest = block
        return True

    def _chunk(self, rows: int) -> Iterator[bytes]:
        room = rows
        while room and self._fill():
            block, self._rest = self._rest, b""
            lines = block.count(b"\n")
            if lines <= room:
                room -= lines
                yield block
            else:
                end = _end_of_line(block, room)
                room = 0
                self._rest = block[end:]
                yield block[:end]
        self.taken = rows - room


def _end_of_line(block: bytes, line: int) -> int:
    """Where the n-th line of a block ends."""
    end = 0
    for _ in range(line):
        end = block.index(b"\n", end) + 1
    return end
