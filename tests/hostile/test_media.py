"""Destinations that fill up, freeze, or go away while a pair is written."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from sichern.archive.check import check_pair
from sichern.archive.pair import PairWriter
from sichern.destination import (
    DestinationFull,
    DestinationReadOnly,
    DestinationVanished,
    FileTooLarge,
    MarkerMissing,
    open_destination,
)
from sichern_hooks import Destination
from tests.archive.making import STEM, destination, facts, fill, make_pair
from tests.hostile.mounts import run, tmpfs

NOISE = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(3000))
OLD = STEM.replace("2026", "2025")
STEPS = ["open", "written", "read back", "info written", "named .zip", "named .ztx"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def noisy(pair: PairWriter) -> None:
    fill(pair, documents=[NOISE[n * 8000 : (n + 1) * 8000] for n in range(12)])


def test_a_full_disk_at_any_moment_is_reported_and_leaves_the_old_pair_alone(
    tmp_path: Path,
) -> None:
    reported, complete = 0, 0
    stages: set[str] = set()
    with tmpfs(tmp_path / "disk") as disk:
        old = sorted(make_pair(disk).files)
        for room in range(0, 160_000, 4096):
            with (disk / "filler").open("wb") as filler:
                free = subprocess.check_output(
                    ["df", "--output=avail", "-B1", disk], text=True
                ).split()[-1]
                filler.write(bytes(max(0, int(free) - room)))
            reached = ["start"]
            try:
                with (
                    destination(disk) as held,
                    PairWriter(held, OLD, reached=reached.append) as pair,
                ):
                    noisy(pair)
                    committed = pair.commit(facts())
            except DestinationFull:
                reported += 1
                stages.add(reached[-1])
                assert names(disk) == ["filler", *old]
            else:
                complete += 1
                assert check_pair(disk / committed.files[-1]).sound
                for name in committed.files:
                    (disk / name).unlink()
            (disk / "filler").unlink()
        assert check_pair(disk / f"{STEM}.ztx").sound
    assert reported > 20
    assert complete > 3
    # Before anything is written, among the members, and at the info file.
    assert stages == {"start", "open", "read back"}


@pytest.mark.parametrize("inodes", range(2, 7))
def test_a_disk_without_room_for_another_file_is_reported(tmp_path: Path, inodes: int) -> None:
    with tmpfs(tmp_path / "disk", f"size=1m,nr_inodes={inodes}") as disk:
        try:
            committed = make_pair(disk, separate=True)
        except DestinationFull:
            assert names(disk) == []
        else:
            assert inodes >= 4
            assert check_pair(disk / committed.files[-1]).sound


def test_a_file_system_that_is_mounted_read_only_is_reported(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk") as disk:
        run("mount", "-o", "remount,ro", disk)
        with pytest.raises(DestinationReadOnly):
            make_pair(disk)


def test_a_folder_that_becomes_read_only_between_opening_and_writing_is_reported(
    tmp_path: Path,
) -> None:
    with tmpfs(tmp_path / "disk") as disk, destination(disk) as held:
        run("mount", "-o", "remount,ro", disk)
        with pytest.raises(DestinationReadOnly), PairWriter(held, STEM):
            pass


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("way", ["pulled", "mounted over"])
def test_a_drive_that_goes_away_is_never_a_success(tmp_path: Path, step: str, way: str) -> None:
    with tmpfs(tmp_path / "disk") as disk:

        def pull(reached: str) -> None:
            if reached == step and way == "pulled":
                run("umount", "-l", disk)
            elif reached == step:
                run("mount", "-t", "tmpfs", "tmpfs", disk)

        with pytest.raises(DestinationVanished):
            make_pair(disk, reached=pull)
        assert names(disk) == []
        if way == "mounted over":
            run("umount", disk)
            assert names(disk) == []


def test_a_folder_that_is_renamed_or_removed_is_never_a_success(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def rename(step: str) -> None:
        if step == "read back":
            folder.rename(tmp_path / "elsewhere")

    with pytest.raises(DestinationVanished):
        make_pair(folder, reached=rename)
    assert names(tmp_path / "elsewhere") == []


def test_a_marker_that_goes_away_during_the_run_fails_it(tmp_path: Path) -> None:
    (tmp_path / ".marker").touch()

    def unmark(step: str) -> None:
        if step == "read back":
            (tmp_path / ".marker").unlink()

    with pytest.raises(MarkerMissing):
        make_pair(tmp_path, marker=".marker", reached=unmark)
    assert names(tmp_path) == []


def test_a_file_that_outgrows_fat32_fails_the_run_and_leaves_nothing(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 8:1 / {tmp_path}/disk rw - vfat /dev/sdb1 rw\n")
    (tmp_path / "disk").mkdir()
    opened = open_destination(
        Destination(path=str(tmp_path / "disk")), mounts=mounts, fstab=tmp_path / "none"
    )
    assert opened.max_file_size == 2**32 - 1
    opened.max_file_size = 50_000
    with opened, pytest.raises(FileTooLarge), PairWriter(opened, STEM) as pair:
        noisy(pair)
    assert names(tmp_path / "disk") == []
