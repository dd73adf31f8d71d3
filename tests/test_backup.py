"""The way out, end to end, over the small world: what is kept, and that failures keep nothing."""

import dataclasses
import io
import itertools
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pluggy
import pytest
import sqlalchemy as sa

from sichern.archive.check import check_pair
from sichern.backup import back_up, plan_tenant
from sichern.report.mail import loaded
from sichern.report.text import protocol_text
from sichern.source.rows import read_rows
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.model import TenantTable
from sichern_hooks import (
    Counter,
    Description,
    Destination,
    DocumentColumn,
    DocumentMissing,
    DocumentRef,
    Documents,
    NotAuthorized,
    Options,
    Outcome,
    Progress,
    Report,
    SharedRows,
    Tenant,
    TenantRef,
    create_manager,
    hookimpl,
)
from tests.support import world
from tests.support.archive import Pair, unresolved
from tests.support.small_host import ADMIN, ANNA, TENANTS, SmallHost, SmallSource

ALPHA, BETA = TENANTS["1"], TENANTS["2"]
OWNED = ["company", "invoice", "line"]


class Small:
    """The small world with a host, a manager and a destination."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "world.sqlite"
        self.target = folder / "backups"
        self.target.mkdir()
        self.host = SmallHost(url=f"sqlite:///{self.file}", store=folder / "store")
        self.manager: pluggy.PluginManager = create_manager(self.host)
        self.run_sql()

    def run_sql(self, *statements: str) -> None:
        """Create the world once, then change it."""
        engine = sa.create_engine(self.host.url)
        with engine.begin() as connection:
            if not sa.inspect(connection).get_table_names():
                world.create(connection, world.ROWS)
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def back_up(self, *tenants: Tenant, options: Options | None = None) -> Report:
        """Back up as the administrator."""
        destination = Destination(path=str(self.target))
        return back_up(self.manager, ADMIN, tenants or (ALPHA,), destination, options)

    def pair(self, *tenants: Tenant, options: Options | None = None) -> Pair:
        """Back up one tenant, and open its pair."""
        report = self.back_up(*tenants, options=options)
        assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS), report.tenants[0].error
        return Pair(Path(report.tenants[0].files[-1]))

    @property
    def left(self) -> list[str]:
        """What lies at the destination."""
        return sorted(os.listdir(self.target))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def test_each_tenant_gets_a_sound_pair_of_its_own(small: Small) -> None:
    report = small.back_up(ALPHA, BETA)
    assert report.outcome is Outcome.COMPLETE
    for entry, name in zip(report.tenants, ("alpha-gmbh", "beta-ag"), strict=True):
        assert [Path(file).name.split("_")[0] for file in entry.files] == [name, name]
        assert check_pair(Path(entry.files[-1])).sound
    assert len(small.left) == 4


def test_the_archive_holds_the_rows_that_the_closure_took(small: Small) -> None:
    pair = small.pair()
    assert pair.keys("invoice") == {"1", "2"}
    assert pair.keys("party") == {"1", "3", "5", "6", "7", "8"}
    assert pair.rows("cost") == [
        {"id": "1", "company": "1", "product": "1", "amount": "1.1"},
        {"id": "3", "company": None, "product": "1", "amount": "3.3"},
    ]
    assert pair.named("unit") == [
        {"id": "1", "external:module": "product", "external:fs_id": "unit_u"}
    ]
    assert {row["login"] for row in pair.named("users")} == {"anna", "bernd"}


def test_every_reference_resolves_is_named_or_listed(small: Small) -> None:
    for tenant in (ALPHA, BETA):
        assert unresolved(small.pair(tenant)) == ([], 0)


def test_nothing_of_the_other_tenant_and_no_secret_is_inside(small: Small) -> None:
    everything = b"".join(small.pair(ALPHA).members.values())
    others = (b"\tB-Weg", b"used by Beta", b"only Beta", b"\tB1", b"b.pdf")
    for marker in (*others, b"secret-", b"token"):
        assert marker not in everything
    assert b"A-Weg" in everything


def test_documents_are_inside_once_and_belong_to_rows(small: Small) -> None:
    small.run_sql("update attachment set data = 'same' where id in (1, 3)")
    pair = small.pair()
    listed = pair.lines("documents.tsv")
    assert [(row[1], row[3], row[7]) for row in listed] == [
        ("1", "a.pdf", "table"),
        ("3", "p3.pdf", "table"),
        ("5", "p5.pdf", "table"),
        ("7", "u.pdf", "table"),
    ]
    documents = [name for name in pair.members if name.startswith("documents/")]
    assert len(documents) == 3
    assert {pair.members[f"documents/{row[6]}"] for row in listed} == {b"same", b"R", b"U"}


def test_documents_can_go_into_an_archive_of_their_own_or_stay(small: Small) -> None:
    report = small.back_up(options=Options(documents=Documents.SEPARATE))
    assert [Path(file).suffixes[-2:] for file in report.tenants[0].files][1] == [".belege", ".zip"]
    pair = Pair(Path(report.tenants[0].files[-1]))
    assert len(pair.lines("documents.tsv")) == 4
    assert check_pair(pair.ztx).sound
    without = small.pair(options=Options(documents=Documents.WITHOUT))
    assert [row[7] for row in without.lines("documents.tsv")] == ["left-out"] * 4
    assert not [name for name in without.members if name.startswith("documents/")]


def test_a_missing_document_is_listed_and_warned_of(small: Small) -> None:
    small.host.change = _with_locator
    report = small.back_up(ALPHA)
    assert report.outcome is Outcome.WARNINGS
    protocol = loaded(report.tenants[0].protocol)
    assert (protocol.documents.missing, protocol.warnings) == (4, 4)
    assert "A" in protocol_text(protocol, "de")


def _with_locator(description: Description) -> Description:
    """Let the attachment's content be the name of a file in the store."""
    table = description.tables["attachment"]
    column = DocumentColumn(label="data", locator="data", name="name")
    changed = dataclasses.replace(table, documents=(column,))
    return dataclasses.replace(description, tables={**description.tables, "attachment": changed})


def test_a_document_of_the_store_goes_along(small: Small) -> None:
    assert small.host.store is not None
    small.host.store.mkdir()
    for name in ("A", "P", "R", "U"):
        (small.host.store / name).write_bytes(name.encode() * 3_000_000)
    small.host.change = _with_locator
    pair = small.pair()
    assert [row[7] for row in pair.lines("documents.tsv")] == ["store"] * 4
    assert b"A" * 3_000_000 in pair.members.values()


class BreakingOff(io.BytesIO):
    """A file of a store that gives its first piece only."""

    def __init__(self, file: BinaryIO) -> None:
        with file:
            super().__init__(file.read())

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise DocumentMissing(document="its second half")
        return super().read(size)


@pytest.mark.parametrize("kinds", list(itertools.permutations(["short", "long", "gone", "breaks"])))
def test_documents_keep_their_rows_and_a_store_has_one_file_open(
    small: Small, monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, ...]
) -> None:
    contents = {"short": b"short", "long": b"long" * 600_000}
    assert small.host.store is not None
    small.host.store.mkdir()
    for name, kind in zip("APRU", kinds, strict=True):
        if kind != "gone":
            (small.host.store / name).write_bytes(contents.get(kind, contents["long"]))
    small.host.change = _with_locator
    opened: list[BinaryIO] = []
    broken = "APRU"[kinds.index("breaks")]
    right = SmallSource.open_document

    def noted(self: SmallSource, document: DocumentRef) -> BinaryIO:
        assert all(file.closed for file in opened)
        file = right(self, document)
        opened.append(BreakingOff(file) if document.locator == broken else file)
        return opened[-1]

    monkeypatch.setattr(SmallSource, "open_document", noted)
    pair = small.pair()
    listed = [(row[7], row[6]) for row in pair.lines("documents.tsv")]
    assert [origin for origin, _ in listed] == [
        "store" if kind in contents else "missing" for kind in kinds
    ]
    assert [pair.members[f"documents/{sha256}"] for _, sha256 in listed if sha256] == [
        contents[kind] for kind in kinds if kind in contents
    ]


@pytest.mark.parametrize("table", OWNED)
def test_a_fault_of_the_planner_makes_the_run_fail(
    small: Small, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    right = Closure.belongs

    def wrong(self: Closure, asked: TenantTable, alias: str, side: Side = Side.OURS) -> str:
        return "true" if asked.name == table else right(self, asked, alias, side)

    monkeypatch.setattr(Closure, "belongs", wrong)
    report = small.back_up()
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "foreign-row"
    assert small.left == []


def test_rows_that_get_lost_on_the_way_make_the_run_fail(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(*arguments: Any) -> Iterator[bytes]:
        for block in read_rows(*arguments):
            lines = block.splitlines(keepends=True)
            yield b"".join(lines[: len(lines) - (arguments[1].name == "line")])

    monkeypatch.setattr("sichern.tables.read_rows", lossy)
    report = small.back_up()
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "rows-lost"
    assert small.left == []


def test_rows_that_belong_to_nobody_are_warned_of(small: Small) -> None:
    small.run_sql("insert into line values (9, 99, 1, null, '1')")
    report = small.back_up()
    assert report.outcome is Outcome.WARNINGS
    notices = {notice.code: notice for notice in loaded(report.tenants[0].protocol).notices}
    assert notices["rows-of-nobody"].values == {"count": 1, "table": "line"}


def test_what_hangs_on_a_row_of_nobody_is_nobodys_too(small: Small) -> None:
    small.run_sql(
        "create table copy (id integer primary key, company integer, party integer not null,"
        " address integer, origin text, intercompany integer, number text)",
        "insert into copy select * from invoice",
        "drop table invoice",
        "alter table copy rename to invoice",
        "update invoice set company = null where id = 2",
        "insert into line values (9, 2, 1, null, '1')",
    )
    report = small.back_up()
    assert report.outcome is Outcome.WARNINGS
    found = {
        notice.values["table"]: notice.values["count"]
        for notice in loaded(report.tenants[0].protocol).notices
        if notice.code == "rows-of-nobody"
    }
    assert found == {"invoice": 1, "line": 2}


def test_a_tenant_without_a_row_is_no_backup(small: Small) -> None:
    small.run_sql(
        "delete from company where id = 1",
        "delete from invoice where company = 1",
        "delete from line where invoice in (1, 2)",
        "delete from cost where company = 1",
        "delete from counter where company = 1",
    )
    report = small.back_up()
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "unknown-tenant"
    assert small.left == []


def test_names_and_documents_that_get_lost_make_the_run_fail(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sichern.members.identity_rows", lambda *_: iter(()))
        assert _code(small.back_up()) == "rows-lost"
    monkeypatch.setattr("sichern.members.documents", lambda *_: iter(()))
    assert _code(small.back_up()) == "rows-lost"
    assert small.left == []


def _code(report: Report) -> str | None:
    error = report.tenants[0].error
    return error.code if error is not None else None


def test_two_runs_give_the_same_bytes(small: Small) -> None:
    first, second = small.pair().members, small.pair().members
    for name in first:
        if name.startswith(("data/", "documents")):
            assert first[name] == second[name]


def test_a_user_without_the_right_leaves_nothing(small: Small) -> None:
    report = back_up(small.manager, ANNA, [BETA], Destination(path=str(small.target)))
    assert isinstance(report.tenants[0].error, NotAuthorized)
    assert small.left == []
    with pytest.raises(NotAuthorized):
        plan_tenant(small.manager, ANNA, BETA, Options())


def test_a_tenant_that_fails_does_not_stop_the_others(small: Small) -> None:
    stranger = Tenant(ref=TenantRef(host="small", key="9"), name="Gamma")
    report = small.back_up(ALPHA, stranger, BETA)
    assert [entry.outcome for entry in report.tenants] == [
        Outcome.COMPLETE,
        Outcome.FAILED,
        Outcome.COMPLETE,
    ]
    assert report.outcome is Outcome.FAILED
    assert report.tenants[1].error is not None
    assert report.tenants[1].error.code == "unknown-tenant"
    assert len(small.left) == 4


def test_a_missing_destination_is_said(small: Small, tmp_path: Path) -> None:
    report = back_up(small.manager, ADMIN, [ALPHA], Destination(path=str(tmp_path / "gone")))
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "destination-missing"
    protocol = protocol_text(loaded(report.tenants[0].protocol), "de", contact="Tel. 123")
    assert "Tel. 123" in protocol


def test_cancelling_in_the_middle_leaves_nothing(small: Small) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    target = Destination(path=str(small.target))
    report = back_up(small.manager, ADMIN, [ALPHA], target, cancelled=cancelled)
    assert report.outcome is Outcome.CANCELLED
    assert asked > 5
    assert small.left == []


def test_an_unclassified_table_fails_the_run_and_is_named_in_the_protocol(small: Small) -> None:
    small.run_sql("create table stranger (id integer primary key)")
    report = small.back_up()
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "plan-refused"
    assert "stranger" in protocol_text(loaded(report.tenants[0].protocol), "en")
    assert small.left == []


def test_the_source_is_closed_whatever_happens(small: Small) -> None:
    small.back_up(ALPHA)
    small.run_sql("create table stranger (id integer primary key)")
    small.back_up(ALPHA)
    assert [source.closed for source in small.host.opened] == [True, True]


def test_observers_see_the_run_and_cannot_harm_it(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty:
        @hookimpl
        def sichern_progress(self, progress: Progress) -> None:
            raise RuntimeError("observer")

        @hookimpl
        def sichern_finished(self, report: Report) -> None:
            raise RuntimeError("observer")

    small.manager.register(Faulty())
    with caplog.at_level(logging.ERROR):
        report = small.back_up()
    assert report.outcome is Outcome.COMPLETE
    assert "observer" in caplog.text
    assert small.host.progress[-1].done == small.host.progress[-1].total > 0
    assert small.host.reports == [report]


def test_the_info_file_says_what_is_inside(small: Small) -> None:
    info = small.pair(options=Options(shared=SharedRows.ALL)).info
    assert info["options"] == {"documents": "inside", "shared": "all"}
    assert {table["name"]: table["rows"] for table in info["tables"]}["invoice"] == 2
    assert info["tenant"] == {"host": "small", "key": "1", "name": "Alpha GmbH"}


def test_the_protocol_inside_tells_rows_and_open_references(small: Small) -> None:
    protocol = json.loads(small.pair().members["protocol.json"])
    assert [notice["code"] for notice in protocol["notices"]] == ["references-other-tenant"]
    assert protocol["login"] is None


def test_counters_of_included_rows_go_along_and_no_others(small: Small) -> None:
    small.host.counted = [
        Counter(table="counter", key=key, value=int(key) * 100) for key in ("1", "2", "3")
    ]
    assert small.pair().lines("counters.tsv") == [["counter", "1", "100"], ["counter", "3", "300"]]
