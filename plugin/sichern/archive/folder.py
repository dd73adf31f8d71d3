"""Files in a folder that is held open: made exclusively, renamed without overwriting, removed."""

import ctypes
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sichern.archive.ahead import read_ahead
from sichern_hooks import SichernError

_NOREPLACE = 1
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class Folder(Protocol):
    """Where pairs are written; `sichern.destination.OpenDestination` is one.

    `fd` is a descriptor of the folder; `max_file_size` in bytes, None where there is no limit.
    """

    @property
    def path(self) -> str: ...

    @property
    def fd(self) -> int: ...

    @property
    def max_file_size(self) -> int | None: ...

    def verify(self) -> None:
        """Raise a SichernError where the path does not lead to this folder any more."""
        ...

    def failure(self, error: OSError, name: str = "") -> SichernError:
        """Give the error to raise for one of the system, met at the file `name`."""
        ...


@contextmanager
def failures(folder: Folder, name: str = "") -> Iterator[None]:
    """Turn the system's errors into those of the folder."""
    try:
        yield
    except OSError as error:
        raise folder.failure(error, name) from error


@dataclass
class HeldFile:
    """A file of ours that is open, locked, and known by its inode.

    `name` is the one that it has now.
    """

    folder: Folder
    name: str
    fd: int
    device: int
    inode: int

    def write_at(self, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`, or raise the folder's error."""
        with failures(self.folder, self.name):
            limit = self.folder.max_file_size
            if limit is not None and offset + len(data) > limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            view = memoryview(data)
            while view:
                written = os.pwrite(self.fd, view, offset)
                view, offset = view[written:], offset + written

    def truncate(self, length: int) -> None:
        """Cut the file to `length` bytes."""
        with failures(self.folder, self.name):
            os.ftruncate(self.fd, length)

    def read_at(self, length: int, offset: int) -> bytes:
        """Read up to `length` bytes; fewer at the end of the file."""
        with failures(self.folder, self.name):
            return read_ahead(self.fd, length, offset)

    def settle(self) -> int:
        """Bring the file to the device and forget it in memory; give its length."""
        with failures(self.folder, self.name):
            os.fsync(self.fd)
            # Without this the bytes that are read back come from memory: a faulty stick is
            # never asked.
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)
            return os.fstat(self.fd).st_size

    def is_at(self, name: str) -> bool:
        """Tell whether `name` is this very file."""
        found = look(self.folder.fd, name)
        return found is not None and (found.st_dev, found.st_ino) == (self.device, self.inode)

    def rename(self, name: str) -> None:
        """Give the file another name. Raises FileExistsError, and other OSErrors, unchanged."""
        rename_exclusively(self.folder.fd, self.name, name)
        self.name = name

    def remove(self) -> None:
        """Remove the name, where it still is this file's. Raises OSError."""
        if self.is_at(self.name):
            os.unlink(self.name, dir_fd=self.folder.fd)

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)


def look(folder_fd: int, name: str) -> os.stat_result | None:
    """Look at a name without following it; None where there is nothing."""
    try:
        return os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def create(folder: Folder, name: str) -> HeldFile | None:
    """Make a file that was not there, 0600 and locked; None where the name is taken."""
    with failures(folder, name):
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(name, flags, 0o600, dir_fd=folder.fd)
        except FileExistsError:
            return None
        try:
            found = os.fstat(fd)
            held = HeldFile(
                folder=folder, name=name, fd=fd, device=found.st_dev, inode=found.st_ino
            )
            # Between making and locking, a run that cleans up may have taken it for a dead one.
            if not lock(fd) or not held.is_at(name):
                os.close(fd)
                return None
        except BaseException:
            os.unlink(name, dir_fd=folder.fd)
            os.close(fd)
            raise
        return held


def lock(fd: int) -> bool:
    """Lock a file of our own making; False where another run holds it.

    Where the file system has no locks the file counts as locked.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        if isinstance(error, BlockingIOError) or error.errno == errno.EACCES:
            return False
        raise
    return True


@contextmanager
def dead(folder_fd: int, name: str) -> Iterator[bool]:
    """Tell whether `name` is a file that no run holds; while the context lasts none can.

    False where it is a link or no file, where it is locked, and where there are no locks.
    """
    try:
        fd = os.open(
            name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd
        )
    except OSError:
        # Gone, a link, or not ours to open: in no case ours to remove.
        yield False
        return
    try:
        found = os.fstat(fd)
        here = look(folder_fd, name)
        same = here is not None and (here.st_dev, here.st_ino) == (found.st_dev, found.st_ino)
        yield same and stat.S_ISREG(found.st_mode) and _locks(fd)
    finally:
        os.close(fd)


def _locks(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held, or a file system without locks: it may be alive, so it stays.
        return False
    return True


def rename_exclusively(folder_fd: int, old: str, new: str) -> None:
    """Rename within a folder. Raises FileExistsError where the new name is taken."""
    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, "renameat2", None)
    if function is not None:
        if function(folder_fd, os.fsencode(old), folder_fd, os.fsencode(new), _NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise OSError(number, os.strerror(number), new)
    # NFS and some FUSE file systems cannot rename exclusively. Our own runs do not meet here
    # (each holds its .part), so what is left is a stranger's file made in this instant.
    if look(folder_fd, new) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
    os.rename(old, new, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
