"""A disk that fills up during an import: said in one line, and the target is as it was."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from sichern.target.errors import DatabaseFull
from sichern_hooks import Outcome, Way
from tests.hostile.mounts import tmpfs
from tests.restore.conftest import World
from tests.restore.reading import error_of
from tests.support import world as small
from tests.support.postgres import Server
from tests.support.small_host import SmallHost

LINES = 20_000
LEFT = 150_000
"""Bytes that are free when the import begins: less than the lines need."""


def make(url: str, folder: Path, schema: str | None) -> World:
    (folder / "store").mkdir(parents=True)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        small.create(connection, small.ROWS)
    return World(host=SmallHost(url=url, schema=schema, store=folder / "store"), folder=folder)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair that is larger than what is free."""
    source = make(f"sqlite:///{tmp_path / 'source.db'}", tmp_path / "source", None)
    source.run(
        "insert into line (id, invoice, product, amount)"
        f" with recursive n (i) as (select 1 union all select i + 1 from n where i < {LINES})"
        " select i + 100, 1, 1, i from n"
    )
    return source.back_up()


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave little free on a file system."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(b"\0" * (free.f_bavail * free.f_bsize - LEFT))
    try:
        yield
    finally:
        filler.unlink()


def fails_and_goes_through_with_space(world: World, disk: Path, pair: Path) -> None:
    before = world.content()
    with filled(disk):
        error = error_of(world.take(pair, Way.NEW))
        assert isinstance(error, DatabaseFull)
        assert "\n" not in str(error)
        assert world.content() == before
    report = world.take(pair, Way.NEW)
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS), report.tenants[0].error
    assert len(world.content()["line"]) == len(before["line"]) + LINES + 2


def test_a_full_disk_under_sqlite_leaves_the_file_as_it_was(tmp_path: Path, pair: Path) -> None:
    with tmpfs(tmp_path / "disk", "size=8m") as disk:
        world = make(f"sqlite:///{disk / 'world.db'}", tmp_path / "world", None)
        fails_and_goes_through_with_space(world, disk, pair)


def test_a_full_disk_under_postgresql_leaves_the_database_as_it_was(
    tmp_path: Path, pair: Path, postgres: Server
) -> None:
    account = postgres.account
    owner = f",uid={account.pw_uid},gid={account.pw_gid},mode=700" if account else ""
    assert postgres._folder is not None
    with tmpfs(postgres._folder / "disk", f"size=64m{owner}") as disk:
        drop: list[Callable[[], None]] = []
        inside = disk / "tablespace"
        inside.mkdir()
        if account:
            os.chown(inside, account.pw_uid, account.pw_gid)
        postgres.run(f"create tablespace small_disk location '{inside}'")
        try:
            postgres.run("create database on_small_disk tablespace small_disk")
            drop.append(lambda: postgres.drop_database("on_small_disk"))
            world = make(postgres.url("on_small_disk"), tmp_path / "world", "public")
            fails_and_goes_through_with_space(world, disk, pair)
        finally:
            for each in drop:
                each()
            postgres.run("drop tablespace small_disk")
