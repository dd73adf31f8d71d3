"""Reads a file once from start to end, and hashes it on the way."""

import hashlib
from collections.abc import Callable

from sichern.archive.volume import Input

_READ = 1 << 20

ProgressHook = Callable[[int, int], None]
"""Called with the bytes that were read, and those that there are."""


def counting(progress: ProgressHook | None, total: int) -> Callable[[int], None]:
    """Give what is called with each number of bytes, and tells how many of all they are."""
    done = 0

    def seen(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    return seen


class Sequential:
    """Serves parts of a file in order; `seen` is told the bytes that were read."""

    def __init__(self, source: Input, length: int, seen: Callable[[int], None]) -> None:
        self._source = source
        self._length = length
        self._seen = seen
        self._buffer = b""
        self._start = 0
        self._digest = hashlib.sha256()

    def read_at(self, length: int, offset: int) -> bytes:
        """Give up to `length` bytes; `offset` never goes back behind the last read."""
        while offset + length > (end := self._start + len(self._buffer)):
            # A long part is read as it is: what is read beyond it would be copied once more.
            if not self._fill(max(offset, self._start), max(_READ, offset + length - end)):
                break
        return self._buffer[offset - self._start : offset - self._start + length]

    def finish(self) -> str:
        """Read what is left; give the SHA-256 of the whole file."""
        while self._fill(self._start + len(self._buffer), _READ):
            pass
        return self._digest.hexdigest()

    def _fill(self, keep_from: int, length: int) -> bool:
        position = self._start + len(self._buffer)
        block = self._source.read_at(min(length, self._length - position), position)
        if not block:
            return False
        self._digest.update(block)
        self._seen(len(block))
        kept = self._buffer[max(0, keep_from - self._start) :]
        self._start = position - len(kept)
        self._buffer = kept + block
        return True
