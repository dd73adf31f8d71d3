"""The three ways in, from each database into each: the tenant arrives whole, no other row moves."""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from sichern.backup import back_up
from sichern.restore import plan_import
from sichern_hooks import (
    Destination,
    ImportOptions,
    Options,
    Outcome,
    SharedRows,
    Tenant,
    TenantRef,
    Way,
    create_manager,
)
from tests.restore.conftest import ALPHA, EMPTY, MakeWorld, Rows, World
from tests.restore.reading import arrival_of, error_of, protocol_of, table_of
from tests.support import world as small
from tests.support.archive import Pair
from tests.support.small_host import ADMIN, IMKE
from tests.support.undo import Undone, undo

WITHOUT_ALPHA = (
    "delete from line where invoice in (1, 2)",
    "delete from invoice where company = 1",
    "delete from cost where company = 1",
    "delete from counter where company = 1",
    "delete from attachment where resource in ('invoice,1', 'party,3')",
    "delete from company where id = 1",
)
OWNED = ("company", "invoice", "line")


def reached(world: World, tenant: Tenant = ALPHA) -> Pair:
    """A pair with the shared rows that the tenant's rows reach, to compare tenants by."""
    folder = world.folder / "reached"
    folder.mkdir(exist_ok=True)
    options = Options(shared=SharedRows.REACHED)
    destination = Destination(path=str(folder))
    (entry,) = back_up(create_manager(world.host), ADMIN, [tenant], destination, options).tenants
    assert entry.error is None, entry.error
    return Pair(Path(entry.files[-1]))


def differences(undone: Undone) -> list[str]:
    """What differs by value: SQLite keeps no zeros at the end of a number."""
    pattern = re.compile(r"\w+\.amount \d+ -> \d+: '([\d.]+)' -> '([\d.]+)'")
    found = [(line, pattern.fullmatch(line)) for line in undone.differences]
    return [line for line, match in found if not match or Decimal(match[1]) != Decimal(match[2])]


def compared(source: World, target: World, tenant: Tenant) -> Undone:
    """The tenant here and there, when the keys of there are undone."""
    # A tenant column need not be declared a reference, and then stands for no row in an archive.
    carried = {"counter": ["company"]}
    return undo(reached(source), reached(target, tenant), carried)


def tenant_of(key: str) -> Tenant:
    return Tenant(ref=TenantRef(host="small", key=key), name="Alpha GmbH")


def unmoved(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    """Each row that was there is there, in every column."""
    for table, rows in before.items():
        assert not Counter(rows) - Counter(after[table]), table


@pytest.mark.parametrize(
    ("rows", "statements"),
    [(small.ROWS, ()), (small.ROWS, WITHOUT_ALPHA), (EMPTY, ())],
    ids=["beside itself and Beta", "beside Beta", "alone"],
)
def test_a_new_tenant_arrives_whole_and_no_row_of_others_moves(
    make_source: MakeWorld, make_world: MakeWorld, rows: Rows, statements: tuple[str, ...]
) -> None:
    source, target = make_source(small.ROWS), make_world(rows)
    target.run(*statements)
    before = target.content()
    report = target.take(source.back_up(), Way.NEW)
    arrived = protocol_of(report).tenant_key
    assert report.tenants[0].tenant == tenant_of(arrived)
    unmoved(before, target.content())
    for table in OWNED:
        assert table_of(report, table).inserted == source_count(source, table)
    assert differences(compared(source, target, tenant_of(arrived))) == []


def source_count(source: World, table: str) -> int:
    condition = {
        "company": "id = 1",
        "invoice": "company = 1",
        "line": "invoice in (1, 2)",
    }[table]
    ((count,),) = source.ask(f"select count(*) from {table} where {condition}")
    assert isinstance(count, int)
    return count


def test_the_plan_counts_each_row_that_is_written(make_world: MakeWorld) -> None:
    target, file = make_world(small.ROWS), make_world(small.ROWS).back_up()
    before = target.content()
    options = ImportOptions(way=Way.NEW)
    plan = plan_import(create_manager(target.host), ADMIN, file, options)
    assert target.content() == before
    assert plan == arrival_of(target.take(file, Way.NEW))
    after = target.content()
    for table in plan.tables:
        assert len(after[table.table]) - len(before[table.table]) == table.inserted, table.table
    assert plan.rows == sum(len(after[each]) - len(before[each]) for each in small.ROWS)


def test_the_same_pair_taken_twice_becomes_two_tenants(
    make_source: MakeWorld, make_world: MakeWorld
) -> None:
    source, target = make_source(small.ROWS), make_world(small.ROWS)
    file = source.back_up()
    first = protocol_of(target.take(file, Way.NEW)).tenant_key
    once = target.content()
    second = protocol_of(target.take(file, Way.NEW)).tenant_key
    assert len({"1", "2", first, second}) == 4
    unmoved(once, target.content())
    for key in (first, second):
        assert differences(compared(source, target, tenant_of(key))) == []


def test_an_empty_system_gets_the_tenant_under_its_own_keys(
    make_source: MakeWorld, make_world: MakeWorld
) -> None:
    source, target = make_source(small.ROWS), make_world(EMPTY)
    report = target.take(source.back_up(), Way.EMPTY)
    assert report.tenants[0].tenant == ALPHA
    for table in OWNED:
        there = {str(key) for (key,) in target.ask(f"select id from {table}")}
        assert there == reached(source).keys(table)
    undone = compared(source, target, ALPHA)
    assert differences(undone) == []
    moved = {table for (table, key), there in undone.keys.items() if there != (table, key)}
    assert moved <= {"unit", "users"}


def test_rows_of_modules_keep_the_number_that_they_have_here(make_world: MakeWorld) -> None:
    target = make_world(EMPTY)
    report = target.take(make_world(small.ROWS).back_up(), Way.EMPTY)
    assert target.ask("select * from unit order by id") == [(2, "box"), (9, "u")]
    assert table_of(report, "unit").inserted == 1
    assert target.ask("select unit from product where name = 'shared'") == [(9,)]
    assert target.ask("select resource from attachment where name = 'u.pdf'") == [("unit,9",)]
    assert target.ask("select * from translation where name = 'unit,symbol'") == []
    assert table_of(report, "translation").left_out == 1


SINCE = (
    "update invoice set number = 'spoilt', party = 4 where id = 1",
    "delete from line where id = 2",
    "insert into invoice values (70, 1, 4, null, null, null, 'later')",
    "insert into line values (70, 70, 1, null, 7), (71, 3, 1, null, 8)",
    "update cost set amount = 99 where id in (1, 2)",
    "update counter set name = 'changed' where id in (1, 2, 3)",
    "delete from attachment where id = 1",
    "insert into attachment values (70, 'invoice,2', 'later.pdf', 'L')",
    "update company set name = 'Alpha renamed' where id = 1",
)
"""What happened to both tenants after the backup of Alpha."""
BACK = {
    "invoice": "company = 1",
    "line": "invoice in (select id from invoice where company = 1)",
    "cost": "company = 1",
    "counter": "company = 1",
    "attachment": "resource like 'invoice,%' and resource <> 'invoice,3'",
    "company": "id = 1",
}
"""Whose rows of a table are Alpha's own."""


def test_replace_brings_back_the_tenants_rows_and_leaves_all_others(
    make_world: MakeWorld,
) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    own = {t: sorted(world.ask(f"select * from {t} where {c}"), key=str) for t, c in BACK.items()}
    world.run(*SINCE)
    others = {
        table: world.ask(
            f"select * from {table} where not coalesce({BACK.get(table, 'false')}, false)"
            " order by 1, 2"
        )
        for table in small.ROWS
    }
    report = world.take(file, Way.REPLACE)
    assert {
        t: sorted(world.ask(f"select * from {t} where {c}"), key=str) for t, c in BACK.items()
    } == own
    for table, rows in others.items():
        after = world.ask(f"select * from {table}")
        assert [row for row in rows if row not in after] == [], table
    assert sum(len(rows) for rows in own.values()) + sum(
        len(rows) for rows in others.values()
    ) == sum(len(world.ask(f"select * from {table}")) for table in small.ROWS)
    assert report.tenants[0].tenant == ALPHA
    assert table_of(report, "invoice").removed == 1
    assert table_of(report, "invoice").updated == 1
    assert table_of(report, "line").inserted == 1


def test_replace_keeps_a_row_that_hung_since_on_one_that_goes(make_world: MakeWorld) -> None:
    """The database would remove it along with the other one, and say nothing."""
    world = make_world(small.ROWS)
    file = world.back_up()
    lines = world.ask("select * from line order by id")
    world.run(
        "insert into invoice values (70, 1, 4, null, null, null, 'later')",
        "update line set invoice = 70 where id = 1",
    )
    assert table_of(world.take(file, Way.REPLACE), "invoice").removed == 1
    assert world.ask("select * from line order by id") == lines


def test_replace_lets_go_of_a_row_that_others_hold(make_postgresql: MakeWorld) -> None:
    world = make_postgresql(small.ROWS)
    world.run("alter table invoice add foreign key (intercompany) references invoice (id)")
    file = world.back_up()
    world.run(
        "insert into invoice values (70, 1, 4, null, null, null, 'later')",
        "update invoice set intercompany = 70 where id = 1",
    )
    world.take(file, Way.REPLACE)
    assert world.ask("select id, intercompany from invoice order by id") == [
        (1, None), (2, 3), (3, 1), (4, None),
    ]  # fmt: skip


POINTED_AT = (
    "insert into invoice values (70, 1, 4, null, null, null, 'later')",
    "update invoice set intercompany = 70 where id = 4",
)


@pytest.mark.parametrize("rule", ["cascade", "set null", "no action"])
def test_replace_changes_nobody_elses_row_along_with_the_tenants(
    make_postgresql: MakeWorld, rule: str
) -> None:
    world = make_postgresql(small.ROWS)
    world.run(
        "alter table invoice add foreign key (intercompany) references invoice (id)"
        f" on delete {rule}"
    )
    file = world.back_up()
    world.run(*POINTED_AT)
    before = world.content()
    assert error_of(world.take(file, Way.REPLACE)).code == "rows-held"
    assert world.content() == before


def test_replace_empties_what_was_filled_since_also_where_references_close_a_circle(
    make_postgresql: MakeWorld,
) -> None:
    world = make_postgresql(small.ROWS)
    world.run(
        "alter table company add foreign key (party) references party (id)",
        "alter table party add column of integer references company (id)",
    )
    world.run("update company set party = null where id = 1")
    file = world.back_up()
    world.run("update company set party = 4 where id = 1")
    world.take(file, Way.REPLACE)
    assert world.ask("select party from company where id = 1") == [(None,)]


def test_replace_changes_nothing_where_nothing_happened(make_world: MakeWorld) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    before = world.content()
    report = world.take(file, Way.REPLACE)
    assert report.outcome is Outcome.COMPLETE
    assert world.content() == before
    for table in arrival_of(report).tables:
        assert (table.inserted, table.updated, table.removed, table.differing) == (0, 0, 0, 0)


def test_replace_leaves_shared_rows_as_they_are_and_counts_those_that_differ(
    make_world: MakeWorld,
) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    world.run(
        "update party set name = 'renamed since' where id in (3, 4)",
        "update cost set amount = 4 where id = 3",
        "delete from attachment where id = 5",
    )
    report = world.take(file, Way.REPLACE)
    assert world.ask("select name from party where id in (3, 4)") == [("renamed since",)] * 2
    assert world.ask("select amount from cost where id = 3") == [(4,)]
    assert table_of(report, "party").differing == 1
    assert table_of(report, "cost").differing == 1


def test_replace_backs_the_tenant_up_first(make_world: MakeWorld) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    world.run(*SINCE)
    changed = reached(world)
    report = world.take(file, Way.REPLACE)
    safety = Pair(next(Path(each) for each in report.tenants[0].files if each.endswith(".ztx")))
    assert safety.ztx.parent.name == "safety"
    for table in OWNED:
        assert safety.rows(table) == changed.rows(table)
    assert world.take(safety.ztx, Way.REPLACE).outcome is not Outcome.FAILED
    for table in OWNED:
        assert reached(world).rows(table) == changed.rows(table)


def test_the_host_is_told_of_the_tenant_after_the_commit_and_closed(
    make_world: MakeWorld,
) -> None:
    target = make_world(EMPTY)
    report = target.take(make_world(small.ROWS).back_up(), Way.NEW, actor=IMKE)
    (opened,) = target.host.targets
    assert opened.finished == [(IMKE, report.tenants[0].tenant.ref)]
    assert opened.closed == 1
    assert "small-finished" in {notice.code for notice in protocol_of(report).notices}
