"""Documents go into the target's own store or its tables, each to its row, or are taken back."""

import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from sichern.source.errors import DatabaseGone
from sichern.target.session import TargetSession
from sichern_hooks import (
    Description,
    DocumentColumn,
    DocumentRef,
    Outcome,
    Way,
)
from tests.restore.conftest import EMPTY, MakeWorld, World
from tests.restore.reading import arrival_of, error_of, protocol_of, with_table
from tests.support import world as small
from tests.support.small_target import SmallTarget

FILES = {"one": b"first of the store", "two": b"second of the store"}


def in_store(description: Description) -> Description:
    """Attachments lie in the store or in the table."""
    column = DocumentColumn(label="data", data="data", locator="file", name="name")
    table = replace(description.tables["attachment"], documents=(column,))
    return with_table(description, table)


def stored(world: World, files: Mapping[str, bytes] = FILES) -> World:
    """Let a world keep documents in its store: those of attachments 1 and 3 to begin with."""
    world.host.change = in_store
    world.run(
        "alter table attachment add column file text",
        "update attachment set file = 'one', data = null where id = 1",
        "update attachment set file = 'two', data = null where id = 3",
    )
    assert world.host.store is not None
    for name, content in files.items():
        (world.host.store / name).write_bytes(content)
    return world


@pytest.fixture
def source(make_world: MakeWorld) -> World:
    return stored(make_world(small.ROWS))


@pytest.fixture
def target(make_world: MakeWorld) -> World:
    """A system without a tenant, with a store of its own."""
    return stored(make_world(EMPTY), {})


def attachments(world: World) -> dict[object, tuple[object, object]]:
    """What attachments hold, by name: their document, and where it lies."""
    assert world.host.store is not None
    found = {}
    for name, data, file in world.ask("select name, data, file from attachment"):
        content = (world.host.store / str(file)).read_bytes() if file else data
        found[name] = (content, file)
    return found


def test_documents_of_store_and_table_go_into_the_store(source: World, target: World) -> None:
    report = target.take(source.back_up(), Way.NEW)
    arrived = attachments(target)
    assert {name: content for name, (content, _) in arrived.items()} == {
        "a.pdf": b"first of the store",
        "p3.pdf": b"second of the store",
        "p5.pdf": b"R",
        "u.pdf": b"U",
    }
    assert arrival_of(report).documents == 4
    assert target.ask("select count(*) from attachment where data is not null") == [(0,)]


def test_documents_go_into_the_table_where_there_is_no_store(
    source: World, make_world: MakeWorld
) -> None:
    target = make_world(EMPTY)
    target.take(source.back_up(), Way.NEW)
    assert sorted(target.ask("select name, data from attachment")) == [
        ("a.pdf", "first of the store"),
        ("p3.pdf", "second of the store"),
        ("p5.pdf", "R"),
        ("u.pdf", "U"),
    ]


def test_each_row_gets_a_file_of_its_own(make_world: MakeWorld, target: World) -> None:
    source = stored(make_world(small.ROWS), dict.fromkeys(FILES, b"the same"))
    report = target.take(source.back_up(), Way.NEW)
    arrived = attachments(target)
    assert arrived["a.pdf"][0] == arrived["p3.pdf"][0] == b"the same"
    assert len({file for _, file in arrived.values()}) == 4
    assert arrival_of(report).documents == 4


def test_a_document_that_the_source_lost_is_told_and_its_row_arrives(
    make_world: MakeWorld, target: World
) -> None:
    source = stored(make_world(small.ROWS), {"one": FILES["one"]})
    report = target.take(source.back_up(), Way.NEW)
    assert report.outcome is Outcome.WARNINGS
    (absent,) = [n for n in protocol_of(report).notices if n.code == "documents-absent"]
    assert absent.values["count"] == 1
    assert attachments(target)["p3.pdf"] == (None, None)


@pytest.mark.parametrize("way", [Way.NEW, Way.EMPTY])
@pytest.mark.parametrize("table", ["invoice", "party", "product"])
def test_a_document_that_names_a_row_which_is_gone_gets_no_new_row(
    make_world: MakeWorld, source: World, way: Way, table: str
) -> None:
    """Such references dangle: a number that is given again would bring them to life."""
    target = stored(make_world(EMPTY if way is Way.EMPTY else small.ROWS), {})
    target.run(
        *(
            f"insert into attachment values ({90 + key}, '{table},{key}', 'old.pdf', 'O', null)"
            for key in range(1, 15)
            if target.ask(f"select count(*) from {table} where id = {key}") == [(0,)]
        )
    )
    protocol_of(target.take(source.back_up(), way))
    assert (
        target.ask(
            "select a.resource from attachment a"
            f" join {table} on a.resource = '{table},' || {table}.id where a.name = 'old.pdf'"
        )
        == []
    )


# -- in place ---------------------------------------------------------------------------


def test_replace_brings_documents_back_and_rewrites_none_that_is_the_same(
    source: World,
) -> None:
    file = source.back_up()
    before = attachments(source)
    assert source.host.store is not None
    (source.host.store / "later").write_bytes(b"put there since")
    source.run("update attachment set file = 'later' where id = 1")
    protocol_of(source.take(file, Way.REPLACE))
    after = attachments(source)
    assert {n: c for n, (c, _) in after.items()} == {n: c for n, (c, _) in before.items()}
    assert {name for name in after if after[name] != before[name]} == {"a.pdf"}
    assert len(source.host.targets[-1].put) == 1


def test_replace_writes_no_document_where_nothing_happened(source: World) -> None:
    file = source.back_up()
    before = source.content()
    protocol_of(source.take(file, Way.REPLACE))
    assert source.content() == before
    assert source.host.targets[-1].put == []


# -- failures ---------------------------------------------------------------------------


class Broken(Exception):
    """The injected failure."""


@pytest.mark.parametrize("way", list(Way))
def test_a_failure_at_any_step_leaves_the_store_as_it_was(
    make_world: MakeWorld, source: World, target: World, way: Way
) -> None:
    file = source.back_up()
    world = source if way is Way.REPLACE else target
    if way is Way.REPLACE:
        world.run("update attachment set data = 'changed', file = null where id = 1")
    before = world.content()
    put, asked = set[int](), 0

    def breaks(at: int) -> bool:
        nonlocal asked
        asked += 1
        if asked == at:
            put.add(len(world.host.targets[-1].put))
            raise Broken
        return False

    for at in range(1, 10_000):
        asked = 0
        report = world.take(file, way, cancelled=lambda at=at: breaks(at))  # type: ignore[misc]
        if report.outcome is not Outcome.FAILED:
            break
        assert world.content() == before, f"step {at}"
    assert max(put) == (1 if way is Way.REPLACE else 4)
    assert world.content() != before


@pytest.mark.parametrize("number", [1, 3])
def test_a_store_that_refuses_a_document_ends_the_import_and_keeps_none(
    source: World, target: World, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, file = target.content(), source.back_up()

    def full(self: SmallTarget) -> None:
        if len(self.put) + 1 == number:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(SmallTarget, "before_put", full)
    error = error_of(target.take(file, Way.NEW))
    assert "No space left" in str(error)
    assert target.content() == before


def test_a_document_that_cannot_be_taken_back_hides_neither_the_error_nor_the_others(
    source: World,
    target: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = source.back_up()
    real, failed = SmallTarget.drop_document, list[DocumentRef]()

    def drop(self: SmallTarget, document: DocumentRef) -> None:
        if not failed:
            failed.append(document)
            raise OSError(30, "Read-only file system")
        real(self, document)

    def commit(_session: TargetSession) -> None:
        raise Broken("at the commit")

    monkeypatch.setattr(SmallTarget, "drop_document", drop)
    monkeypatch.setattr(TargetSession, "commit", commit)
    with caplog.at_level(logging.ERROR):
        error = error_of(target.take(file, Way.NEW))
    assert "at the commit" in str(error)
    assert "Read-only file system" in caplog.text
    assert target.host.store is not None
    assert [each.name for each in target.host.store.iterdir()] == [failed[0].locator]


def test_documents_stay_where_nobody_knows_whether_the_commit_went_through(
    source: World, target: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files too many harm nobody; rows without their files would be a loss."""
    real = TargetSession.commit

    def commit(session: TargetSession) -> None:
        real(session)
        raise DatabaseGone(reason="the server closed the connection")

    file = source.back_up()
    monkeypatch.setattr(TargetSession, "commit", commit)
    assert error_of(target.take(file, Way.NEW)).code == "end-unknown"
    assert len(attachments(target)) == 4
    assert target.host.targets[-1].dropped == []
