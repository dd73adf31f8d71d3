"""A destination that is not what it should be is refused, and one that goes away fails the run."""

import dataclasses
import functools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import sichern.backup
from sichern.archive.check import check_pair
from sichern.backup import back_up
from sichern.destination import open_destination
from sichern_hooks import (
    Description,
    Destination,
    DocumentColumn,
    Options,
    Outcome,
    Report,
    Table,
    create_manager,
)
from tests.hostile.mounts import run, tmpfs
from tests.support import world
from tests.support.pipeline import ALPHA, AtStep, failure
from tests.support.small_host import ADMIN, SmallHost

SHARES = [0.0, 0.3, 0.6, 1.0]
ROOT = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"


class Small:
    """The small world in a file, with some thousand rows that hardly compress."""

    def __init__(self, folder: Path) -> None:
        self.host = SmallHost(url=f"sqlite:///{folder / 'world.sqlite'}", store=folder / "store")
        (folder / "store").mkdir()
        with closing(sqlite3.connect(folder / "world.sqlite")) as connection:
            connection.executescript(world.SCHEMA)
            for table, rows in world.ROWS.items():
                marks = ", ".join("?" for _ in rows[0])
                connection.executemany(f"insert into {table} values ({marks})", rows)
            connection.executemany(
                "insert into translation (id, name, res_id, value)"
                " values (?, 'product,name', 1, hex(randomblob(60)))",
                [(number,) for number in range(100, 3100)],
            )
            connection.commit()

    def back_up(self, to: Destination, *observers: object) -> Report:
        """Back up Alpha."""
        return back_up(create_manager(self.host, *observers), ADMIN, [ALPHA], to, Options())


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Let runs read tables of mounts and of fstab that the test writes."""

    def use(mounts: str = ROOT, fstab: str = "") -> None:
        (tmp_path / "mountinfo").write_text(mounts)
        (tmp_path / "fstab").write_text(fstab)
        opened = functools.partial(
            open_destination, mounts=tmp_path / "mountinfo", fstab=tmp_path / "fstab"
        )
        monkeypatch.setattr(sichern.backup, "open_destination", opened)

    return use


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_missing_a_read_only_and_a_full_destination_are_refused(
    small: Small, tmp_path: Path
) -> None:
    assert failure(small.back_up(Destination(path=str(tmp_path / "no")))) == "destination-missing"
    with tmpfs(tmp_path / "disk") as disk:
        run("mount", "-o", "remount,ro", disk)
        assert failure(small.back_up(Destination(path=str(disk)))) == "destination-read-only"
    with tmpfs(tmp_path / "disk", "size=32k") as disk:
        assert failure(small.back_up(Destination(path=str(disk)))) == "not-enough-room"
        assert names(disk) == []


@pytest.mark.parametrize("share", SHARES)
def test_a_disk_that_fills_up_during_the_run_fails_it_and_keeps_the_older_pair(
    small: Small, tmp_path: Path, share: float
) -> None:
    with tmpfs(tmp_path / "disk", "size=4m") as disk:
        older = small.back_up(Destination(path=str(disk)))
        assert older.outcome is Outcome.COMPLETE
        kept = names(disk)

        def fill() -> None:
            with (disk / "filler").open("wb", buffering=0) as filler:
                while True:
                    try:
                        filler.write(bytes(4096))
                    except OSError:
                        return

        struck = AtStep(share=share, what=fill)
        report = small.back_up(Destination(path=str(disk)), struck)
        assert failure(report) == "destination-filled"
        assert names(disk) == sorted([*kept, "filler"])
        assert check_pair(Path(older.tenants[0].files[-1])).sound


def test_an_archive_that_fat32_cannot_hold_is_refused_before_anything_is_written(
    small: Small, tmp_path: Path, tables: Callable[..., None]
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    tables(f"{ROOT}2 1 8:17 / {folder} rw - vfat /dev/sdb1 rw\n")
    assert small.back_up(Destination(path=str(folder))).outcome is Outcome.COMPLETE
    before = names(folder)
    # A document of 5 GiB that takes no room: the file is one hole.
    small.host.change = in_store
    with (tmp_path / "store" / "A").open("wb") as file:
        file.truncate(5 * 2**30)
    assert failure(small.back_up(Destination(path=str(folder)))) == "file-too-large"
    assert names(folder) == before


def in_store(description: Description) -> Description:
    """Let the attachment's content be the name of a file in the store."""
    table = description.tables["attachment"]
    column = DocumentColumn(label="data", locator="data", name="name")
    changed: Table = dataclasses.replace(table, documents=(column,))
    return dataclasses.replace(description, tables={**description.tables, "attachment": changed})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"marker": ".the-nas"}, "marker-missing"),
        ({"mounted": True}, "destination-not-mounted"),
        ({}, "destination-not-mounted"),
    ],
    ids=["marker", "mounted", "fstab"],
)
def test_an_empty_mount_point_in_place_of_the_drive_is_refused(
    small: Small, tmp_path: Path, tables: Callable[..., None], told: dict[str, object], code: str
) -> None:
    with tmpfs(tmp_path / "disk", "size=4m") as disk:
        (disk / ".the-nas").touch()
        to = Destination(path=str(disk), **told)  # type: ignore[arg-type]
        assert small.back_up(to).outcome is Outcome.COMPLETE
    assert names(tmp_path / "disk") == []
    if not told:
        tables(fstab=f"//nas/erp {tmp_path / 'disk'} cifs noauto 0 0\n")
    assert failure(small.back_up(to)) == code
    assert names(tmp_path / "disk") == []


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("way", ["pulled", "mounted over", "renamed"])
def test_a_drive_that_goes_away_during_the_run_fails_it(
    small: Small, tmp_path: Path, share: float, way: str
) -> None:
    with tmpfs(tmp_path / "disk", "size=4m") as disk:
        folder = disk / "erp"
        folder.mkdir()

        def pull() -> None:
            if way == "pulled":
                run("umount", "-l", disk)
                folder.mkdir()
            elif way == "mounted over":
                run("mount", "-t", "tmpfs", "tmpfs", disk)
                folder.mkdir()
            else:
                folder.rename(disk / "moved")

        struck = AtStep(share=share, what=pull)
        report = small.back_up(Destination(path=str(folder)), struck)
        assert struck.done
        assert failure(report) in {"destination-vanished", "destination-replaced"}
        assert report.tenants[0].files == ()
        assert [path for path in disk.rglob("*") if path.is_file()] == []
        if way == "mounted over":
            run("umount", disk)
            assert [path for path in disk.rglob("*") if path.is_file()] == []
