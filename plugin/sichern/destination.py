"""A folder that backups go to: checked before anything runs, then held open until the end."""

import errno
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sichern_hooks import N_, Destination, SichernError

MOUNTS = Path("/proc/self/mountinfo")
FSTAB = Path("/etc/fstab")

_FAT_LIMIT = 2**32 - 1
_FAT = frozenset({"vfat", "msdos", "fat"})
_PROBE_NAME = ".sichern-write-test.tmp"
_PROBE = b"sichern tries whether it can write here\n"


class DestinationMissing(SichernError):
    """The folder does not exist."""

    code = "destination-missing"
    message = N_("the destination %(path)s does not exist")
    hint = N_("create the folder, or plug in the drive that it lies on")


class DestinationNotFolder(SichernError):
    """The path leads to a file."""

    code = "destination-not-folder"
    message = N_("the destination %(path)s is not a folder")
    hint = N_("give a folder")


class DestinationReadOnly(SichernError):
    """The file system is mounted read-only."""

    code = "destination-read-only"
    message = N_("the destination %(path)s is read-only")
    hint = N_("mount it for writing; a drive that fails is often made read-only by the system")


class DestinationNotWritable(SichernError):
    """The folder may not be written to."""

    code = "destination-not-writable"
    message = N_("no file can be made in the destination %(path)s: %(reason)s")
    hint = N_("give the user that runs the ERP the right to write there")


class DestinationFull(SichernError):
    """The device or the quota is used up."""

    code = "destination-full"
    message = N_("the destination %(path)s is full")
    hint = N_("make room, or choose another destination; nothing of this run was kept")


class DestinationFilled(DestinationFull):
    """What was free at the start was taken meanwhile, or the estimate was too low."""

    code = "destination-filled"
    message = N_(
        "the destination became full: the backup needs about %(needed)s MB, and %(path)s has"
        " %(free)s MB free"
    )


class NotEnoughRoom(SichernError):
    """The estimate does not fit into what is free."""

    code = "not-enough-room"
    message = N_("the backup needs about %(needed)s MB, and %(path)s has %(free)s MB free")
    hint = N_("make room, or choose another destination")


class DestinationNotMounted(SichernError):
    """A drive or share that should be there is not."""

    code = "destination-not-mounted"
    message = N_("nothing is mounted at %(mount)s, where the destination %(path)s lies")
    hint = N_("plug in the drive or connect the share, and mount it")


class MarkerMissing(SichernError):
    """The marker file of the destination is not there."""

    code = "marker-missing"
    message = N_("the marker file %(marker)s is missing in the destination %(path)s")
    hint = N_("this may be another drive: check it, or create the marker file on the right one")


class FileTooLarge(SichernError):
    """The file system cannot hold a file of that size."""

    code = "file-too-large"
    message = N_("%(path)s (%(filesystem)s) cannot hold a file of about %(needed)s MB")
    hint = N_("format the drive with exFAT or NTFS, or choose another destination")


class DestinationVanished(SichernError):
    """The drive or share went away during the run."""

    code = "destination-vanished"
    message = N_("the destination %(path)s went away: %(reason)s")
    hint = N_("check the cable or the network; nothing that was written counts as a backup")


class DestinationReplaced(DestinationVanished):
    """The path leads to another folder than at the start: often an empty mount point."""

    code = "destination-replaced"
    message = N_("the destination %(path)s went away: another folder is in its place")


class DestinationFailed(SichernError):
    """The device reported an error."""

    code = "destination-failed"
    message = N_("the destination %(path)s failed: %(reason)s")
    hint = N_("check the drive or the share, and use another one until then")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mounted file system: where, and of which type."""

    point: str
    filesystem: str


@dataclass
class OpenDestination:
    """A folder that was found fit; a context manager that holds it open.

    `fd` is a descriptor of the folder, `free` the bytes that were free on opening, `needed` those
    that are to be written, as far as that is known, `max_file_size` in bytes or None.
    """

    path: str
    fd: int
    free: int
    filesystem: str
    max_file_size: int | None
    marker: str | None = None
    needed: int = 0

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
        """Let go of the folder."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def check_fits(self, *estimates: int) -> None:
        """Hold the estimated bytes of each file against the room.

        Raises FileTooLarge, NotEnoughRoom.
        """
        for estimate in estimates:
            if self.max_file_size is not None and estimate > self.max_file_size:
                raise FileTooLarge(
                    path=self.path, filesystem=self.filesystem, needed=_megabytes(estimate)
                )
        self.needed = sum(estimates)
        if self.needed > self.free:
            raise NotEnoughRoom(
                path=self.path, needed=_megabytes(self.needed), free=_free_megabytes(self.free)
            )

    def verify(self) -> None:
        """Raise DestinationVanished where the path does not lead to this folder any more."""
        try:
            held, found = os.fstat(self.fd), Path(self.path).stat()
        except OSError as error:
            raise self.failure(error) from error
        if (held.st_dev, held.st_ino) != (found.st_dev, found.st_ino):
            raise DestinationReplaced(path=self.path)
        _check_marker(self.fd, self.path, self.marker)

    def failure(self, error: OSError, name: str = "") -> SichernError:
        """Give the error for one of the system that was met at the file `name`."""
        if error.errno == errno.ENOSPC:
            try:
                free = _free(self.fd)
            except OSError:  # gone meanwhile; what was met first is told
                free = self.needed
            # Otherwise it is not bytes that are used up.
            if free < self.needed:
                return DestinationFilled(
                    path=self.path, needed=_megabytes(self.needed), free=_free_megabytes(free)
                )
        return failure(error, self.path, self.filesystem, name)


def failure(error: OSError, path: str, filesystem: str = "", name: str = "") -> SichernError:
    """Give the error of Sichern for one of the operating system at a destination."""
    reason = f"{name}: {error.strerror}" if name else str(error.strerror)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return DestinationFull(path=path)
        case errno.EFBIG:
            return FileTooLarge(
                path=path, filesystem=filesystem, needed=_megabytes(_FAT_LIMIT + 1)
            )
        case errno.EROFS:
            return DestinationReadOnly(path=path)
        case errno.EACCES | errno.EPERM:
            return DestinationNotWritable(path=path, reason=reason)
        case (
            errno.ENOENT | errno.ENODEV | errno.ENXIO | errno.ESTALE | errno.ENOTCONN
            | errno.EHOSTDOWN | errno.EHOSTUNREACH | errno.ENETUNREACH | errno.ETIMEDOUT
            | errno.ESHUTDOWN | errno.ENOMEDIUM
        ):
            return DestinationVanished(path=path, reason=reason)
        case _:
            return DestinationFailed(path=path, reason=reason)


def open_destination(
    destination: Destination,
    *,
    mounts: Path = MOUNTS,
    fstab: Path = FSTAB,
) -> OpenDestination:
    """Check a destination, and hold it open.

    `mounts` and `fstab` are the system's tables. A file is made, and removed, to see whether
    the folder can be written to. Raises the errors of this module.
    """
    path = str(Path(destination.path).absolute())
    fd, mount = _hold(destination, path, mounts, fstab)
    try:
        _try_to_write(fd, path, mount.filesystem)
        free = _free(fd)
    except BaseException:
        os.close(fd)
        raise
    return OpenDestination(
        path=path,
        fd=fd,
        free=free,
        filesystem=mount.filesystem,
        max_file_size=_FAT_LIMIT if mount.filesystem in _FAT else None,
        marker=destination.marker,
    )


def lies_at(destination: Destination, path: str) -> bool:
    """Whether a path leads to the destination's folder, however it was typed from here."""
    return os.path.realpath(destination.path) == os.path.realpath(path)


def demand_there(destination: Destination) -> None:
    """See that the folder is the one that is meant, for somebody who only reads in it.

    Raises what `open_destination` raises before it tries to write.
    """
    fd, _ = _hold(destination, str(Path(destination.path).absolute()), MOUNTS, FSTAB)
    os.close(fd)


def _hold(destination: Destination, path: str, mounts: Path, fstab: Path) -> tuple[int, Mount]:
    """Hold the folder open that is meant: mounted, and with its marker."""
    # Before it is opened: a drive that is not mounted lets its folder be missing as well.
    _check_listed(path, _read_mounts(mounts), fstab)
    fd = _open(path)
    try:
        # Only now: opening may have made an automount mount.
        real = str(Path(path).resolve())
        mount = _mount_of(real, _read_mounts(mounts))
        if destination.mounted and (mount.point == "/" or _on_root(fd)):
            raise DestinationNotMounted(path=path, mount=real)
        _check_marker(fd, path, destination.marker)
    except BaseException:
        os.close(fd)
        raise
    return fd, mount


def _free(fd: int) -> int:
    """The bytes that are free for us."""
    found = os.fstatvfs(fd)
    return found.f_bavail * found.f_frsize


def _open(path: str) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise DestinationMissing(path=path) from error
    except NotADirectoryError as error:
        raise DestinationNotFolder(path=path) from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            raise failure(error, path) from error
        raise DestinationMissing(path=path) from error
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        os.close(fd)
        raise DestinationNotFolder(path=path)
    return fd


def _check_marker(fd: int, path: str, marker: str | None) -> None:
    if marker is None:
        return
    try:
        os.stat(marker, dir_fd=fd)
    except FileNotFoundError as error:
        raise MarkerMissing(path=path, marker=marker) from error
    except OSError as error:
        raise failure(error, path, name=marker) from error


def _try_to_write(fd: int, path: str, filesystem: str) -> None:
    """Make a file and bring it to the device.

    Its name is fixed: what a run left that was killed here is replaced by the next. That it
    may be another run's, which is just doing the same, harms neither.
    """
    try:
        probe = _make_probe(fd)
        try:
            os.write(probe, _PROBE)
            os.fsync(probe)
        finally:
            os.close(probe)
            _remove_probe(fd)
    except OSError as error:
        raise failure(error, path, filesystem) from error


def _make_probe(fd: int) -> int:
    """Make the file; never open one that is there, which may be a link to somebody's."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(100):
        _remove_probe(fd)
        with suppress(FileExistsError):
            return os.open(_PROBE_NAME, flags, 0o600, dir_fd=fd)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), _PROBE_NAME)


def _remove_probe(fd: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(_PROBE_NAME, dir_fd=fd)


def _check_listed(path: str, mounted: list[Mount], fstab: Path) -> None:
    """Refuse a path on or below a mount point of fstab at which nothing is mounted."""
    there = {mount.point for mount in mounted}
    for point in _listed(fstab):
        if point not in there and _covers(point, str(Path(path).resolve())):
            raise DestinationNotMounted(path=path, mount=point)


def _listed(fstab: Path) -> list[str]:
    try:
        lines = fstab.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    fields = [line.split() for line in lines if not line.lstrip().startswith("#")]
    points = [_unescape(field[1]) for field in fields if len(field) >= 3]
    return [point.rstrip("/") for point in points if point.startswith("/") and point != "/"]


def _read_mounts(mounts: Path) -> list[Mount]:
    """Read mountinfo: field 5 is the mount point, the first behind ` - ` the type (proc(5))."""
    found: list[Mount] = []
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) >= 5 and after.split():
            found.append(Mount(point=_unescape(fields[4]), filesystem=after.split()[0]))
    return found


def _mount_of(path: str, mounted: list[Mount]) -> Mount:
    """Give the mount that covers a path: the deepest, and of those at one point the last."""
    best = Mount(point="/", filesystem="")
    for mount in mounted:
        if _covers(mount.point, path) and len(mount.point) >= len(best.point):
            best = mount
    return best


def _covers(point: str, path: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _on_root(fd: int) -> bool:
    return os.fstat(fd).st_dev == Path("/").stat().st_dev


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _megabytes(size: int) -> float:
    """Rounded up, small ones to a tenth: what is needed."""
    return -(-size // 10**6) if size >= 10**7 else _tenths(-(-size // 10**5))


def _free_megabytes(size: int) -> float:
    """Rounded down, small ones to a tenth: what is there."""
    return size // 10**6 if size >= 10**7 else _tenths(size // 10**5)


def _tenths(count: int) -> float:
    return count / 10 if count % 10 else count // 10
