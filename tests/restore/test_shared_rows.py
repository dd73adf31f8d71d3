"""Shared rows: what the target has already is used, what is a stranger's stays a stranger's."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sichern_hooks import Clash, Description, Reference, Role, Table, Unique, Way
from tests.restore.conftest import MakeWorld, World
from tests.restore.reading import (
    arrival_of,
    error_of,
    protocol_of,
    table_of,
    with_table,
)
from tests.support import world as small

Change = Callable[[Description], Description]
NAME = ("name",)


def keyed(*keys: tuple[str, ...], table: str = "party", **more: object) -> Change:
    """A description in which rows of a table are recognised by these columns."""

    def change(description: Description) -> Description:
        found = description.tables[table]
        return with_table(description, replace(found, natural_keys=keys, **more))  # type: ignore[arg-type]

    return change


def together(*changes: Change) -> Change:
    def change(description: Description) -> Description:
        for each in changes:
            description = each(description)
        return description

    return change


@pytest.fixture
def worlds(make_world: MakeWorld) -> tuple[World, World]:
    """Where the pair comes from, and where it goes: a system with the same two tenants."""
    return make_world(small.ROWS), make_world(small.ROWS)


def both(worlds: tuple[World, World], change: Change, *statements: str) -> tuple[World, World]:
    """Describe both alike, and change both alike."""
    for world in worlds:
        world.host.change = change
        world.run(*statements)
    return worlds


def names(world: World) -> list[object]:
    return [row[0] for row in world.ask("select name from party order by id")]


def party_of(world: World, number: str) -> list[tuple[object, ...]]:
    """The party of the invoice of that number of the tenant that came last."""
    return world.ask(
        "select p.id, p.name from invoice i join party p on p.id = i.party"
        f" where i.number = '{number}' and i.company = (select max(id) from company)"
    )


def test_a_party_of_the_same_key_is_used_and_not_doubled(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, keyed(NAME))
    before = target.ask("select * from party order by id")
    report = target.take(source.back_up(), Way.NEW)
    assert target.ask("select * from party order by id") == before
    assert party_of(target, "R1") == [(3, "used by Alpha")]
    party = table_of(report, "party")
    assert (party.inserted, party.matched, party.differing) == (0, 6, 0)
    assert party.matched_by == "name"


def test_a_party_of_the_same_key_that_says_something_else_is_used_and_reported(
    worlds: tuple[World, World],
) -> None:
    source, target = both(worlds, keyed(NAME))
    target.run("update party set parent = null where id = 3")
    before = target.ask("select * from party order by id")
    report = target.take(source.back_up(), Way.NEW)
    assert target.ask("select * from party order by id") == before
    party = table_of(report, "party")
    assert (party.inserted, party.matched, party.differing) == (0, 6, 1)


def test_what_only_says_who_wrote_a_row_is_no_difference(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, keyed(NAME, stamps=frozenset({"created_by"})))
    target.run("update party set created_by = 2 where id = 3")
    assert table_of(target.take(source.back_up(), Way.NEW), "party").differing == 0


@pytest.mark.parametrize("side", [0, 1], ids=["there", "here"])
def test_a_key_that_fits_two_rows_fits_none(worlds: tuple[World, World], side: int) -> None:
    source, target = both(worlds, keyed(NAME), "update party set name = 'twice' where id = 3")
    worlds[side].run("update party set name = 'twice' where id = 5")
    report = target.take(source.back_up(), Way.NEW)
    ((used, name),) = party_of(target, "R1")
    assert used not in (3, 5)
    assert name == "twice"
    assert table_of(report, "party").inserted == 2


def test_a_key_with_an_empty_value_recognises_nothing(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, keyed(NAME), "update party set name = null where id = 3")
    report = target.take(source.back_up(), Way.NEW)
    assert table_of(report, "party").inserted == 1
    ((used, name),) = party_of(target, "R1")
    assert used not in {row[0] for row in small.ROWS["party"]}
    assert name is None


def test_a_reference_in_a_key_may_be_empty_and_is_that_of_here(
    worlds: tuple[World, World],
) -> None:
    source, target = both(worlds, keyed(("name", "parent"), table="category"))
    target.run(
        "update category set id = id + 40, parent = parent + 40",
        "update party_category set category = category + 40",
    )
    report = target.take(source.back_up(), Way.NEW)
    assert table_of(report, "category").inserted == 0
    assert table_of(report, "category").matched_by == "name, parent"
    assert target.ask("select category from party_category where party > 8 order by 1") == [
        (41,), (43,),
    ]  # fmt: skip


def test_the_tenants_own_party_is_always_new(worlds: tuple[World, World]) -> None:
    own = keyed(table="company", uniques=(Unique(columns=("party",)),))
    source, target = both(worlds, together(keyed(NAME), own))
    report = target.take(source.back_up(), Way.NEW)
    assert table_of(report, "party").inserted == 1
    assert names(target).count("Alpha itself") == 2
    parties = [row[0] for row in target.ask("select party from company order by id")]
    assert len(set(parties)) == len(parties) == 3


def with_numbers(rule: Clash, **more: object) -> Change:
    return keyed(NAME, uniques=(Unique(columns=("number",), rule=rule, **more),))  # type: ignore[arg-type]


def numbered(worlds: tuple[World, World], change: Change) -> tuple[World, World]:
    """Party 3 there and party 4 here have the same number, and are strangers.

    The pair has R8 besides, which is the target's next number.
    """
    source, target = both(worlds, change, "alter table party add column number text")
    source.run(
        "update party set name = 'a stranger', number = 'P7' where id = 3",
        "update party set name = 'another', number = 'P8' where id = 5",
    )
    target.run("update party set number = 'P7' where id = 4")
    return source, target


def test_two_strangers_with_the_same_running_number_stay_two(
    worlds: tuple[World, World],
) -> None:
    source, target = numbered(worlds, with_numbers(Clash.RENUMBER))
    report = target.take(source.back_up(), Way.NEW)
    protocol = protocol_of(report)
    assert sorted(target.ask("select name, number from party where number is not null")) == [
        ("a stranger", "P9"),
        ("another", "P8"),
        ("used by Beta", "P7"),
    ]
    assert party_of(target, "R1")[0][1] == "a stranger"
    (clash,) = arrival_of(report).clashes
    assert (clash.table, clash.columns, clash.rule, clash.count) == (
        "party", ("number",), "renumber", 1,
    )  # fmt: skip
    assert "clash-renumber" in {notice.code for notice in protocol.notices}


def test_a_suffix_makes_a_value_unique_and_goes_along(worlds: tuple[World, World]) -> None:
    source, target = numbered(worlds, with_numbers(Clash.SUFFIX, along=("name",)))
    target.run("update party set number = 'P7-2' where id = 2")
    report = target.take(source.back_up(), Way.NEW)
    assert target.ask("select name, number from party where number like 'P7%' order by 2") == [
        ("used by Beta", "P7"), ("Beta itself", "P7-2"), ("a stranger-3", "P7-3"),
    ]  # fmt: skip
    assert "clash-suffix" in {notice.code for notice in protocol_of(report).notices}


def test_a_uuid_is_made_anew(worlds: tuple[World, World]) -> None:
    source, target = numbered(worlds, with_numbers(Clash.UUID))
    protocol_of(target.take(source.back_up(), Way.NEW))
    ((number,),) = target.ask("select number from party where name = 'a stranger'")
    assert len(str(number)) == 32
    assert target.ask("select number from party where id = 4") == [("P7",)]


def test_a_value_without_a_rule_ends_the_import_and_is_named(
    worlds: tuple[World, World],
) -> None:
    source, target = numbered(worlds, with_numbers(Clash.REFUSE))
    before = target.content()
    error = error_of(target.take(source.back_up(), Way.NEW))
    assert error.code == "values-taken"
    assert "P7" in str(error)
    assert target.content() == before


def test_replace_brings_no_value_back_that_somebody_else_has_by_now(
    make_world: MakeWorld,
) -> None:
    world = make_world(small.ROWS)
    rule = Unique(columns=NAME, rule=Clash.SUFFIX)
    world.host.change = keyed(table="company", uniques=(rule,))
    file = world.back_up()
    world.run(
        "update company set name = 'Alpha renamed' where id = 1",
        "update company set name = 'Alpha' where id = 2",
    )
    (clash,) = arrival_of(world.take(file, Way.REPLACE)).clashes
    assert (clash.table, clash.rule, clash.count) == ("company", "suffix", 1)
    assert world.ask("select id, name from company order by id") == [(1, "Alpha-2"), (2, "Alpha")]


def test_what_the_database_keeps_unique_ends_the_import_too(worlds: tuple[World, World]) -> None:
    source, target = numbered(worlds, keyed(NAME))
    target.run("create unique index one_number on party (number)")
    before = target.content()
    assert error_of(target.take(source.back_up(), Way.NEW)).code == "values-taken"
    assert target.content() == before


def test_the_hosts_rule_is_followed_where_the_database_keeps_unique(
    worlds: tuple[World, World],
) -> None:
    source, target = numbered(worlds, with_numbers(Clash.RENUMBER))
    target.run("create unique index one_number on party (number)")
    protocol_of(target.take(source.back_up(), Way.NEW))
    assert target.ask("select number from party where name = 'a stranger'") == [("P9",)]


def test_only_active_rows_clash(worlds: tuple[World, World]) -> None:
    both(worlds, keyed(), "alter table party add column active boolean default true")
    source, target = numbered(worlds, with_numbers(Clash.REFUSE, active="active"))
    target.run("update party set active = false where id = 4")
    assert arrival_of(target.take(source.back_up(), Way.NEW)).clashes == ()
    assert target.ask("select count(*) from party where number = 'P7'") == [(2,)]


def test_parts_of_a_party_that_is_here_stay_out_unless_a_row_needs_them(
    worlds: tuple[World, World],
) -> None:
    source, target = both(worlds, keyed(NAME))
    target.run("update address set street = 'moved' where id in (1, 3)")
    report = target.take(source.back_up(), Way.NEW)
    address = table_of(report, "address")
    # Address 1 stands on an invoice; address 3 was moved here, and nobody asks for the old one.
    assert (address.inserted, address.left_out, address.matched) == (1, 1, 2)
    assert target.ask("select party, street from address where id > 5") == [(3, "A-Weg")]
    assert target.ask(
        "select street from invoice join address on address.id = invoice.address"
        " where company = 3 order by number"
    ) == [("A-Weg",), ("X-Weg",)]


def test_parts_that_carry_the_tenant_go_in_with_it(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, keyed(NAME, table="product"))
    report = target.take(source.back_up(), Way.NEW)
    cost = table_of(report, "cost")
    assert (cost.inserted, cost.matched, cost.left_out) == (1, 1, 0)
    assert target.ask("select product, company from cost where id > 4") == [(1, 3)]


def test_a_document_of_a_party_that_is_here_is_not_doubled(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, keyed(NAME))
    target.run("update attachment set data = 'changed' where id = 5")
    protocol_of(target.take(source.back_up(), Way.NEW))
    assert target.ask("select name, data from attachment where resource = 'party,3'") == [
        ("p3.pdf", "P")
    ]
    assert sorted(target.ask("select data from attachment where resource = 'party,5'")) == [
        ("R",), ("changed",),
    ]  # fmt: skip


IDENTIFIER = (
    "create table identifier (id integer primary key, party integer not null"
    " references party (id) on delete cascade, code text)"
)


def with_identifiers(description: Description) -> Description:
    table = Table(
        name="identifier",
        label="Tax identifiers",
        role=Role.PART_OF,
        parent="party",
        natural_keys=(("code",),),
        references=(Reference(columns=("party",), target="party"),),
    )
    return with_table(description, table)


def test_a_tax_identifier_says_whose_it_is(worlds: tuple[World, World]) -> None:
    source, target = both(worlds, with_identifiers, IDENTIFIER)
    source.run("insert into identifier values (1, 3, 'DE1'), (2, 5, 'DE2')")
    target.run("insert into identifier values (7, 4, 'DE1')")
    report = target.take(source.back_up(), Way.NEW)
    assert party_of(target, "R1") == [(4, "used by Beta")]
    assert table_of(report, "party").matched == 1
    assert table_of(report, "party").matched_by == "Tax identifiers (code)"
    assert table_of(report, "party").differing == 1
    assert sorted(target.ask("select code from identifier")) == [("DE1",), ("DE2",)]


def test_tax_identifiers_of_two_parties_say_nothing_of_a_third(
    worlds: tuple[World, World],
) -> None:
    source, target = both(worlds, with_identifiers, IDENTIFIER)
    source.run("insert into identifier values (1, 3, 'DE1'), (2, 3, 'DE2')")
    target.run("insert into identifier values (7, 4, 'DE1'), (8, 2, 'DE2')")
    report = target.take(source.back_up(), Way.NEW)
    assert table_of(report, "party").matched == 0
    ((used, name),) = party_of(target, "R1")
    assert used not in (2, 4)
    assert name == "used by Alpha"


def test_a_row_of_no_tenant_is_found_and_one_of_a_tenant_is_not(
    worlds: tuple[World, World],
) -> None:
    source, target = both(worlds, keyed(NAME, table="counter"))
    report = target.take(source.back_up(), Way.NEW)
    counter = table_of(report, "counter")
    assert (counter.inserted, counter.matched) == (1, 1)
    assert sorted(target.ask("select name, company from counter"), key=str) == [
        ("A", 1), ("A", 3), ("B", 2), ("both", None),
    ]  # fmt: skip
