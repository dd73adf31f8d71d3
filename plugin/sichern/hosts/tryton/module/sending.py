"""A file on its way to a browser: which bytes are asked for, and the blocks that hold them."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20
"""Bytes that are in memory at once, per transfer."""

_RANGE = re.compile(r"\s*bytes\s*=\s*(?P<first>[0-9]{1,18})?\s*-\s*(?P<last>[0-9]{1,18})?\s*")


class OutsideOfFile(ValueError):
    """The bytes that are asked for are not in the file."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """The bytes from `first` to before `end` of a file of `size` bytes.

    `partial` says that a part was asked for, if only the part that is everything.
    """

    first: int
    end: int
    size: int
    partial: bool

    @property
    def content_range(self) -> str:
        """The value of the header `Content-Range`."""
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


def span_of(header: str | None, size: int) -> Span:
    """Read the header `Range` (RFC 9110, section 14.2).

    A header that is malformed, of another unit or for several ranges is as none at all, as the
    RFC allows. Raises OutsideOfFile where nothing of the file is asked for.
    """
    whole = Span(first=0, end=size, size=size, partial=False)
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found["first"] or found["last"]):
        return whole
    if not found["first"]:
        first, end = max(size - int(found["last"]), 0), size
    else:
        first = int(found["first"])
        end = min(int(found["last"]) + 1, size) if found["last"] else size
        if found["last"] and int(found["last"]) < first:
            return whole
    if first >= end:
        raise OutsideOfFile(header)
    return Span(first=first, end=end, size=size, partial=True)


@dataclass
class OpenFile:
    """A regular file that is open for reading."""

    fd: int
    size: int

    def close(self) -> None:
        """Let go of it; once is enough, twice does no harm."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def open_file(path: Path) -> OpenFile:
    """Open a file, but no link, pipe or device. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise FileNotFoundError(str(path))
    return OpenFile(fd=fd, size=found.st_size)


def blocks(file: OpenFile, span: Span, before_last: Callable[[], None]) -> Iterator[bytes]:
    """Give the bytes of the span in blocks, and close the file.

    `before_last` is called once, before the block is given that ends the span: what it raises
    keeps that block back. Raises OSError where the file became shorter.
    """
    try:
        place = span.first
        while place < span.end:
            block = os.pread(file.fd, min(BLOCK, span.end - place), place)
            if not block:
                raise OSError("the file became shorter while it was read")
            place += len(block)
            if place >= span.end:
                before_last()
            yield block
    finally:
        file.close()
