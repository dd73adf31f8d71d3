"""Pairs that were made to do harm, sound in every hash: no row of anybody else comes of them."""

from dataclasses import replace
from typing import Any

import pytest

from sichern_hooks import Description, Polymorphic, Way
from tests.restore.conftest import EMPTY, MakeWorld
from tests.restore.forging import also, forge
from tests.restore.reading import arrival_of, error_of
from tests.support import world as small

LINES = {
    "a line of Beta's invoice": ("line", "90\t3\t1\t\\N\t666\n"),
    "a cost of Beta's": ("cost", "90\t2\t1\t666\n"),
    "an invoice of Beta's": ("invoice", "90\t2\t3\t1\t\\N\t\\N\tX\n"),
    "another company": ("company", "90\tGamma\t1\n"),
    "an attachment of Beta's invoice": ("attachment", "90\tinvoice,3\tx.pdf\n"),
    "a user": ("users", "90\tmallory\n"),
}


@pytest.mark.parametrize("said", LINES)
def test_no_row_goes_to_another_tenant_and_nobody_becomes_a_user(
    make_world: MakeWorld, said: str
) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    table, line = LINES[said]
    forged = forge(file, also(file, f"data/{table}/00001.tsv", line))
    before = world.content()
    assert error_of(world.take(forged, Way.REPLACE)).code == "foreign-rows"
    assert world.content() == before


@pytest.mark.parametrize("way", [Way.NEW, Way.EMPTY])
def test_a_pair_makes_no_user_who_could_log_in(make_world: MakeWorld, way: Way) -> None:
    target, file = make_world(EMPTY), make_world(small.ROWS).back_up()
    before = target.content()
    forged = forge(file, {"data/users/00001.tsv": "90\tmallory\n"})
    assert error_of(target.take(forged, way)).code == "foreign-rows"
    assert target.content() == before


def test_a_row_does_not_hang_on_anothers_by_a_name_that_the_pair_hides(
    make_world: MakeWorld,
) -> None:
    def hide(tables: Any) -> None:
        for reference in tables["attachment"]["references"]:
            reference["targets"].pop("invoice", None)

    world, target = make_world(small.ROWS), make_world(small.ROWS)
    file = world.back_up()
    line = also(file, "data/attachment/00001.tsv", "90\tinvoice,3\tx.pdf\n")
    forged = forge(file, line, hide)
    before = world.content()
    assert error_of(world.take(forged, Way.REPLACE)).code == "foreign-rows"
    assert world.content() == before
    arrival = arrival_of(target.take(forged, Way.NEW))
    assert [(each.table, each.count) for each in arrival.lost if each.column == "resource"] == [
        ("attachment", 2)
    ]
    others = "select id from attachment where resource in ('invoice,1', 'invoice,3') order by id"
    assert target.ask(others) == [(1,), (2,)]


def test_a_reference_of_a_kind_that_only_the_target_knows_is_lost_and_told(
    make_world: MakeWorld,
) -> None:
    """What was left of a module that is gone there names somebody's record here."""

    def with_sales(description: Description) -> Description:
        invoice = description.tables["invoice"]
        references = tuple(
            replace(each, targets={**each.targets, "sale": "party"})
            if isinstance(each, Polymorphic)
            else each
            for each in invoice.references
        )
        tables = {**description.tables, "invoice": replace(invoice, references=references)}
        return replace(description, tables=tables)

    source, target = make_world(small.ROWS), make_world(small.ROWS)
    source.run("update invoice set origin = 'sale,4' where id = 1")
    target.host.change = with_sales
    arrival = arrival_of(target.take(source.back_up(), Way.NEW))
    assert target.ask("select origin from invoice where id > 4 order by id") == [
        (None,),
        ("invoice,-1",),
    ]
    lost = [each for each in arrival.lost if each.column == "origin"]
    assert [(each.table, each.target, each.count) for each in lost] == [("invoice", "party", 1)]


@pytest.mark.parametrize("line", ["counter\t1\tmany\n", "counter\t1\n", "counter\t\\N\t7\n"])
def test_a_counter_without_a_number_is_refused(make_world: MakeWorld, line: str) -> None:
    target, file = make_world(EMPTY), make_world(small.ROWS).back_up()
    before = target.content()
    forged = forge(file, {"counters.tsv": line})
    assert error_of(target.take(forged, Way.NEW)).code == "malformed-row"
    assert target.content() == before


@pytest.mark.parametrize("way", list(Way))
def test_a_row_that_is_there_twice_is_refused(make_world: MakeWorld, way: Way) -> None:
    source = make_world(small.ROWS)
    target, file = source if way is Way.REPLACE else make_world(EMPTY), source.back_up()
    before = target.content()
    forged = forge(file, also(file, "data/line/00001.tsv", "1\t1\t1\t\\N\t666\n"))
    error = error_of(target.take(forged, way))
    assert error.code == "row-twice"
    assert error.values["table"] == "line"
    assert target.content() == before
