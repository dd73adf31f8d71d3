"""Read a file while its device reads on."""

import contextlib
import os

AHEAD = 4 << 20
"""Bytes that the device reads on while those before them are unpacked and hashed."""


def read_ahead(fd: int, length: int, offset: int) -> bytes:
    """Read up to `length` bytes; fewer only at the end of the file. Raises OSError."""
    data = os.pread(fd, length, offset)
    # It is advice: a file system that takes none has given its bytes all the same.
    with contextlib.suppress(OSError):
        os.posix_fadvise(fd, offset + length, AHEAD, os.POSIX_FADV_WILLNEED)
    return data
