"""A destination is what it must be before anything runs."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from sichern.destination import (
    DestinationFailed,
    DestinationFull,
    DestinationMissing,
    DestinationNotFolder,
    DestinationNotMounted,
    DestinationNotWritable,
    DestinationReadOnly,
    DestinationReplaced,
    DestinationVanished,
    FileTooLarge,
    MarkerMissing,
    NotEnoughRoom,
    OpenDestination,
    failure,
    open_destination,
)
from sichern_hooks import Destination, SichernError
from tests.hostile.mounts import run, tmpfs
from tests.support.need import need


def opened(
    path: Path, *, mounts: str | None = None, fstab: str = "", **options: object
) -> OpenDestination:
    """Open a path with tables of the test's own; `mounts` None are the system's."""
    tables = path.parent
    (tables / "fstab").write_text(fstab)
    if mounts is not None:
        (tables / "mountinfo").write_text(mounts)
    return open_destination(
        Destination(path=str(path), **options),  # type: ignore[arg-type]
        mounts=tables / "mountinfo" if mounts is not None else Path("/proc/self/mountinfo"),
        fstab=tables / "fstab",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_a_folder_that_can_be_written_is_held_open_and_left_as_it_was(folder: Path) -> None:
    with opened(folder) as held:
        assert held.free > 0
        assert held.max_file_size is None
        assert list(folder.iterdir()) == []
        held.verify()
        fd = held.fd
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)


def test_what_a_killed_run_left_of_the_trial_is_replaced_and_a_planted_link_not_followed(
    folder: Path,
) -> None:
    victim = folder.parent / "victim"
    victim.write_text("precious")
    left = folder / ".sichern-write-test.tmp"
    left.touch()
    opened(folder).close()
    assert list(folder.iterdir()) == []
    left.symlink_to(victim)
    opened(folder).close()
    assert list(folder.iterdir()) == []
    left.hardlink_to(victim)
    opened(folder).close()
    assert list(folder.iterdir()) == []
    assert victim.read_text() == "precious"


def test_what_is_missing_or_no_folder_is_told_apart(folder: Path) -> None:
    with pytest.raises(DestinationMissing):
        opened(folder / "absent")
    (folder / "file").touch()
    with pytest.raises(DestinationNotFolder):
        opened(folder / "file")
    with pytest.raises(DestinationNotFolder):
        open_destination(Destination(path=str(folder / "file" / "below")), fstab=folder / "none")
    os.mkfifo(folder / "fifo")
    with pytest.raises(DestinationNotFolder):
        opened(folder / "fifo")


@pytest.mark.parametrize("path", ["/nowhere\0", "/" + "x" * 300, "/" + "x/" * 3000])
def test_a_path_that_cannot_be_is_an_error_with_a_hint(tmp_path: Path, path: str) -> None:
    with pytest.raises(SichernError):
        open_destination(Destination(path=path), fstab=tmp_path / "none")


def test_a_read_only_file_system_is_named_so(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk") as disk:
        run("mount", "-o", "remount,ro", disk)
        with pytest.raises(DestinationReadOnly):
            opened(disk)


@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_a_folder_without_the_right_to_write_is_named_so(mode: int) -> None:
    # Below /tmp, because pytest's own folders are closed to everybody else.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(mode)
        root = os.geteuid() == 0
        if root:
            # Permission bits do not bind root.
            os.seteuid(65534)
        try:
            with pytest.raises(DestinationNotWritable):
                open_destination(Destination(path=name), fstab=Path("/nonexistent"))
        finally:
            if root:
                os.seteuid(0)
            Path(name).chmod(0o700)


def test_a_full_disk_is_found_before_anything_runs(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", "size=64k") as disk:
        with pytest.raises(OSError, match="No space"):
            (disk / "filler").write_bytes(bytes(100_000))
        with pytest.raises(DestinationFull):
            opened(disk)
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_an_estimate_that_does_not_fit_names_what_is_needed_and_what_is_free(
    tmp_path: Path,
) -> None:
    with tmpfs(tmp_path / "disk", "size=5m") as disk, opened(disk) as held:
        held.check_fits(2_000_000, 2_000_000)
        with pytest.raises(NotEnoughRoom, match=r"needs about 6.5 MB.* has 5.2 MB free"):
            held.check_fits(4_000_000, 2_500_000)


@pytest.mark.parametrize("filesystem", ["vfat", "msdos"])
def test_fat32_holds_no_file_of_4_gib(folder: Path, filesystem: str) -> None:
    mounts = (
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"2 1 8:17 / {folder} rw,relatime shared:5 - {filesystem} /dev/sdb1 rw\n"
    )
    with opened(folder, mounts=mounts) as held:
        assert (held.filesystem, held.max_file_size) == (filesystem, 2**32 - 1)
        held.free = 2**40
        held.check_fits(2**32 - 1, 2**32 - 1)
        with pytest.raises(FileTooLarge, match="4295 MB"):
            held.check_fits(2**32, 1)


def test_the_last_mount_at_a_point_counts_and_odd_names_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "USB Stick"
    folder.mkdir()
    escaped = str(folder).replace(" ", "\\040")
    mounts = (
        f"1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / {escaped} rw - vfat b rw\n"
        f"3 1 8:3 / {escaped} rw - exfat c rw\n4 1 8:4 / {tmp_path}/USB rw - vfat d rw\n"
    )
    with opened(folder, mounts=mounts) as held:
        assert held.filesystem == "exfat"
        assert held.max_file_size is None


def test_the_marker_must_be_there(folder: Path) -> None:
    with pytest.raises(MarkerMissing, match=r"\.sichern"):
        opened(folder, marker=".sichern")
    (folder / ".sichern").touch()
    with opened(folder, marker=".sichern") as held:
        held.verify()
        (folder / ".sichern").unlink()
        with pytest.raises(MarkerMissing):
            held.verify()


def test_a_mount_that_is_demanded_must_be_there(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk") as disk:
        (disk / "deep").mkdir()
        opened(disk / "deep", mounted=True).close()
    (disk / "deep").mkdir()
    with pytest.raises(DestinationNotMounted):
        opened(disk / "deep", mounted=True)


def test_a_bind_mount_of_the_root_file_system_is_no_file_system_of_its_own(tmp_path: Path) -> None:
    need("mount")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    if tmp_path.stat().st_dev != Path("/").stat().st_dev:
        pytest.skip("the tests' folder is not on the root file system")
    run("mount", "--bind", tmp_path / "a", tmp_path / "b")
    try:
        with pytest.raises(DestinationNotMounted):
            opened(tmp_path / "b", mounted=True)
    finally:
        run("umount", tmp_path / "b")


def test_a_mount_point_of_fstab_at_which_nothing_is_mounted_is_refused(tmp_path: Path) -> None:
    point = tmp_path / "NAS share"
    below = point / "erp"
    below.mkdir(parents=True)
    fstab = (
        "# comment\n\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n"
        f"//nas/x {str(point).replace(' ', chr(92) + '040')}/ cifs noauto,user 0 0\n"
    )
    root = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
    with pytest.raises(DestinationNotMounted, match="NAS share"):
        opened(below, mounts=root, fstab=fstab)
    # The folder on the share is missing because the share is: that is what is said.
    with pytest.raises(DestinationNotMounted):
        opened(point / "absent", mounts=root, fstab=fstab)
    escaped = str(point).replace(" ", "\\040")
    there = f"{root}2 1 0:9 / {escaped} rw - cifs //nas/x rw\n"
    opened(below, mounts=there, fstab=fstab).close()
    neighbour = tmp_path / "NAS share 2"
    neighbour.mkdir()
    opened(neighbour, mounts=root, fstab=fstab).close()


def test_a_link_to_an_unmounted_share_is_seen_through(tmp_path: Path) -> None:
    point = tmp_path / "nas"
    point.mkdir()
    (tmp_path / "link").symlink_to(point)
    with pytest.raises(DestinationNotMounted):
        opened(tmp_path / "link", mounts="", fstab=f"nas:/x {point} nfs defaults 0 0\n")


def test_another_folder_in_its_place_is_noticed(folder: Path) -> None:
    with opened(folder) as held:
        folder.rename(folder.with_name("moved"))
        with pytest.raises(DestinationVanished):
            held.verify()
        folder.mkdir()
        with pytest.raises(DestinationReplaced):
            held.verify()


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, DestinationFull), (errno.EDQUOT, DestinationFull),
     (errno.EFBIG, FileTooLarge), (errno.EROFS, DestinationReadOnly),
     (errno.EACCES, DestinationNotWritable), (errno.EIO, DestinationFailed),
     (errno.ENODEV, DestinationVanished), (errno.ESTALE, DestinationVanished),
     (errno.EHOSTDOWN, DestinationVanished), (errno.EMFILE, DestinationFailed)],
)
def test_errors_of_the_system_become_errors_with_a_hint(
    number: int, expected: type[SichernError]
) -> None:
    error = failure(OSError(number, os.strerror(number)), "/dest", name="x.part")
    assert type(error) is expected
    assert "/dest" in str(error)
    assert error.hint % error.values
