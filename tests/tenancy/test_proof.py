"""The proof catches a row of another tenant in every table, whatever the planner did."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sichern.source.identities import identity_rows
from sichern.source.rows import read_rows
from sichern.tenancy.closure import Closure
from sichern.tenancy.errors import ForeignRow
from sichern.tenancy.expressions import clause
from sichern.tenancy.model import TenantTable
from sichern.tenancy.proof import Proof
from sichern_hooks import Role
from tests.tenancy.conftest import World

CARRYING = ["company", "invoice", "line", "cost", "counter", "lot", "address", "attachment"]


def written(world: World, tenant: str, faulty: str | None) -> Iterator[tuple[Closure, Proof]]:
    """Pass all rows through the proof; the planner forgets the condition of `faulty`."""
    with world.closure(tenant) as (snapshot, closure):
        proof = Proof(model=closure.model, tenant=tenant)
        for table in closure.model.tables.values():
            if table.role is Role.PRIVATE:
                continue
            for block in identity_rows(snapshot, closure, table):
                proof.identities(table.name, block)
            glance = proof.glance(table.name)
            rows = clause(closure.model, table.name)
            condition = sa.true() if table.name == faulty else closure.content(table, rows)
            for block in read_rows(snapshot, rows, table.columns, table.key, condition):
                proof.rows(table.name, glance.at(block))
            proof.finish(table.name)
        yield closure, proof


@pytest.mark.parametrize("tenant", ["1", "2"])
def test_what_the_plan_takes_passes(world: World, tenant: str) -> None:
    assert [proof.tenant for _, proof in written(world, tenant, None)] == [tenant]


@pytest.mark.parametrize("table", CARRYING)
def test_a_dropped_condition_is_caught(world: World, table: str) -> None:
    with pytest.raises(ForeignRow) as caught:
        list(written(world, "1", table))
    assert caught.value.values["table"] == table


def test_a_document_of_a_row_that_was_not_written_is_caught(world: World) -> None:
    for _, proof in written(world, "1", None):
        proof.document("attachment", "1")
        with pytest.raises(ForeignRow):
            proof.document("attachment", "2")


def test_the_tables_of_this_test_are_all_that_can_carry_a_tenant(world: World) -> None:
    def carries(table: TenantTable) -> bool:
        return table.tenant is not None or table.parent is not None

    with world.closure("1") as (_, closure):
        found = {name for name, table in closure.model.tables.items() if carries(table)}
    assert found - {"party_category", "translation"} == set(CARRYING)
