"""The closure takes exactly the tenant's rows, on the small world that has each kind of row."""

import pytest

from sichern.tenancy.closure import Side
from sichern_hooks import SharedRows, UnknownTenant
from tests.tenancy.conftest import World

ALPHA = {
    "company": {"1"},
    "party": {"1", "3", "5", "6", "7", "8"},
    "address": {"1", "3", "4", "5"},
    "category": {"1", "2", "3", "4"},
    "party_category": {"3,1", "6,3"},
    "product": {"1", "3"},
    "cost": {"1", "3"},
    "lot": {"1", "3"},
    "unit": {"2"},
    "invoice": {"1", "2"},
    "line": {"1", "2"},
    "counter": {"1", "3"},
    "attachment": {"1", "3", "5", "7"},
    "translation": {"1", "5"},
}
BETA = {
    "company": {"2"},
    "party": {"2", "4", "5", "6"},
    "address": {"2", "3", "4"},
    "category": {"3", "4"},
    "party_category": {"4,3", "6,3"},
    "product": {"1", "2", "3", "4"},
    "cost": {"2", "3", "4"},
    "lot": {"2", "3", "4"},
    "unit": {"2"},
    "invoice": {"3", "4"},
    "line": {"3", "4"},
    "counter": {"2", "3"},
    "attachment": {"2", "4", "5", "7"},
    "translation": {"1", "2", "5"},
}


@pytest.mark.parametrize(("tenant", "expected"), [("1", ALPHA), ("2", BETA)])
def test_each_tenant_gets_its_own_rows_and_the_shared_ones_it_needs(
    world: World, tenant: str, expected: dict[str, set[str]]
) -> None:
    assert world.content(tenant) == expected


def test_only_reached_leaves_out_what_nobody_uses(world: World) -> None:
    found = world.content("1", SharedRows.REACHED)
    assert found["party"] == {"1", "3", "5", "7", "8"}
    assert found["product"] == {"1"}
    assert found["lot"] == {"1"}
    assert found["attachment"] == {"1"}, "an attachment of an owned row is owned"


def test_all_takes_every_shared_row_but_none_that_carries_another_tenant(world: World) -> None:
    found = world.content("1", SharedRows.ALL)
    assert found["party"] == {str(number) for number in range(1, 9)}
    assert found["cost"] == {"1", "3"}
    assert found["counter"] == {"1", "3"}
    assert found["invoice"] == {"1", "2"}


def test_rows_that_modules_ship_and_users_are_only_named(world: World) -> None:
    named = world.keys("1", Side.NAMED)
    assert named == {"unit": {"1"}, "users": {"1", "2"}}


def test_with_one_tenant_every_shared_row_goes_along(single_world: World) -> None:
    found = single_world.content("1")
    assert found["party"] == {str(number) for number in range(1, 9)}
    assert found["lot"] == {"1", "2", "3", "4"}
    assert found["product"] == {"1", "2", "3", "4"}


def test_a_tenant_is_known_by_a_row_that_leads_to_no_other(world: World) -> None:
    world.run("update company set party = null")
    world.run("insert into company values (3, 'Gamma', null)")
    assert world.content("3")["company"] == {"3"}
    with pytest.raises(UnknownTenant):
        world.content("4")


def test_references_to_other_tenants_are_listed_and_not_followed(world: World) -> None:
    found = {
        (item.table, item.key, item.column, item.target, item.target_key, item.reason)
        for item in world.open_references("2")
    }
    assert found == {
        ("invoice", "3", "intercompany", "invoice", "1", "other-tenant"),
        ("invoice", "3", "origin", "invoice", "1", "other-tenant"),
    }


def test_a_reference_to_a_row_that_is_gone_is_listed_as_missing(world: World) -> None:
    world.run("update invoice set origin = 'party,99' where id = 1")
    found = [(item.target, item.target_key, item.reason) for item in world.open_references("1")]
    assert ("party", "99", "missing") in found


def test_a_part_of_another_tenants_row_is_never_taken_even_where_it_is_pointed_at(
    world: World,
) -> None:
    world.run("update cost set company = 2 where id = 3")
    assert "3" not in world.content("1")["cost"]


def test_the_plan_counts_rows_left_out_and_named(world: World) -> None:
    plan = {table.table: table for table in world.plan("1").tables}
    assert plan["party"].rows == 6
    assert plan["party"].left_out == 2
    assert plan["unit"].named == 1
    assert plan["unit"].left_out == 0
    assert plan["translation"].left_out == 0, "what modules ship is not left out"
    assert plan["attachment"].left_out == 2, "what hangs on others' own rows is theirs"
    assert world.plan("1").documents == 4
