"""A table without a role, a key, a parent or a known type stops the plan: all of them at once."""

import dataclasses

import pytest

from sichern.tenancy.catalog import (
    Catalog,
    CatalogColumn,
    CatalogTable,
    CatalogUnique,
    ForeignKey,
)
from sichern.tenancy.classify import classify
from sichern.tenancy.errors import PlanRefused
from sichern_hooks import Clash, Description, Reference, Role, Table, Tree, Unique


def wire_of(dialect: str, database_type: str, enum: bool) -> str | None:
    return {"integer": "integer", "text": "text", "uuid": "uuid"}.get(database_type)


def table(name: str, *columns: str, key: tuple[str, ...] = ("id",), **more: object) -> CatalogTable:
    made = tuple(
        CatalogColumn(name=column.split()[0], type=column.split()[1], nullable="null" in column)
        for column in columns
    )
    return dataclasses.replace(
        CatalogTable(name=name, columns=made, key=key),
        **more,  # type: ignore[arg-type]
    )


def catalog(*tables: CatalogTable) -> Catalog:
    return Catalog(dialect="sqlite", schema=None, tables={t.name: t for t in tables})


def described(*tables: Table) -> Description:
    return Description(tables={t.name: t for t in tables})


def cascade(column: str, target: str) -> ForeignKey:
    return ForeignKey(columns=(column,), target=target, target_columns=("id",), cascades=True)


OWNED = Table(name="invoice", role=Role.OWNED, tenant="company")
INVOICE = table("invoice", "id integer", "company integer")


def test_all_problems_are_listed_at_once_each_with_a_hint() -> None:
    with pytest.raises(PlanRefused) as refused:
        classify(
            catalog(
                INVOICE,
                table("stranger", "id integer"),
                table("keyless", "a integer", key=()),
                table("odd", "id integer", "shape polygon"),
            ),
            described(
                OWNED,
                Table(name="keyless", role=Role.SHARED),
                Table(name="odd", role=Role.SHARED),
            ),
            wire_of,
        )
    assert [problem.table for problem in refused.value.problems] == ["stranger", "keyless", "odd"]
    assert all(problem.hint for problem in refused.value.problems)
    assert "polygon" in refused.value.problems[2].detail


def test_a_row_that_cannot_outlive_its_parent_has_its_parents_role() -> None:
    line = table(
        "line", "id integer", "invoice integer", foreign_keys=(cascade("invoice", "invoice"),)
    )
    tax = table("tax", "id integer", "line integer", foreign_keys=(cascade("line", "line"),))
    model = classify(catalog(tax, line, INVOICE), described(OWNED), wire_of)
    assert [(name, found.role) for name, found in model.tables.items()] == [
        ("invoice", Role.OWNED),
        ("line", Role.OWNED),
        ("tax", Role.OWNED),
    ]


def test_two_possible_parents_are_no_answer() -> None:
    both = table(
        "both",
        "id integer",
        "a integer",
        "b integer",
        foreign_keys=(cascade("a", "invoice"), cascade("b", "invoice")),
    )
    with pytest.raises(PlanRefused) as refused:
        classify(catalog(both, INVOICE), described(OWNED), wire_of)
    assert [problem.table for problem in refused.value.problems] == ["both"]


def test_an_optional_parent_is_no_answer() -> None:
    loose = table(
        "loose",
        "id integer",
        "invoice integer null",
        foreign_keys=(cascade("invoice", "invoice"),),
    )
    with pytest.raises(PlanRefused):
        classify(catalog(loose, INVOICE), described(OWNED), wire_of)


def test_a_host_that_describes_columns_which_are_not_there_is_told_so() -> None:
    with pytest.raises(PlanRefused) as refused:
        classify(
            catalog(INVOICE),
            described(dataclasses.replace(OWNED, secrets=frozenset({"password"}))),
            wire_of,
        )
    assert refused.value.problems[0].detail == "password"


@pytest.mark.parametrize(
    "change",
    [
        {"uniques": (Unique(columns=("gone",)),)},
        {"uniques": (Unique(columns=("id",), active="gone"),)},
        {"uniques": (Unique(columns=("id",), rule=Clash.SUFFIX, along=("gone",)),)},
        {"trees": (Tree(parent="company", left="id", right="gone"),)},
        {"stamps": frozenset({"gone"})},
    ],
)
def test_so_it_is_for_columns_of_uniques_trees_and_stamps(change: dict[str, object]) -> None:
    said = dataclasses.replace(OWNED, **change)  # type: ignore[arg-type]
    with pytest.raises(PlanRefused) as refused:
        classify(catalog(INVOICE), described(said), wire_of)
    assert refused.value.problems[0].detail == "gone"


def test_a_secret_that_names_rows_is_refused_before_it_leaves() -> None:
    said = Table(
        name="user", role=Role.IDENTITY, natural_keys=(("token",),), secrets=frozenset({"token"})
    )
    with pytest.raises(PlanRefused) as refused:
        classify(catalog(table("user", "id integer", "token text")), described(said), wire_of)
    assert refused.value.problems[0].detail == "token"


def test_what_the_database_enforces_is_unique_by_the_hosts_rule_or_refused() -> None:
    wide = table(
        "invoice", "id integer", "company integer", "number text", "code text", "uid uuid",
        "token text",
        uniques=(
            CatalogUnique(columns=("number", "company")),
            CatalogUnique(columns=("company", "number")),
            CatalogUnique(columns=("code",)),
            CatalogUnique(columns=("uid",)),
            CatalogUnique(columns=("number",), partial=True),
            CatalogUnique(columns=("id", "company")),
            CatalogUnique(columns=("token",)),
        ),
    )
    renumber = Unique(columns=("code",), rule=Clash.RENUMBER)
    said = dataclasses.replace(OWNED, uniques=(renumber,), secrets=frozenset({"token"}))
    model = classify(catalog(wide), described(said), wire_of)
    assert model.tables["invoice"].uniques == (
        renumber,
        Unique(columns=("number", "company"), rule=Clash.REFUSE),
        Unique(columns=("uid",), rule=Clash.UUID),
    )


def test_owned_through_a_shared_or_system_parent_is_refused() -> None:
    unit = table("unit", "id integer")
    child = table("child", "id integer", "unit integer")
    with pytest.raises(PlanRefused) as refused:
        classify(
            catalog(unit, child),
            described(
                Table(name="unit", role=Role.SYSTEM),
                Table(
                    name="child",
                    role=Role.OWNED,
                    parent="unit",
                    references=(Reference(columns=("unit",), target="unit"),),
                ),
            ),
            wire_of,
        )
    assert [problem.table for problem in refused.value.problems] == ["child"]


def test_tables_that_are_each_others_parents_are_refused() -> None:
    a, b = table("a", "id integer", "b integer"), table("b", "id integer", "a integer")
    with pytest.raises(PlanRefused):
        classify(
            catalog(a, b),
            described(
                Table(
                    name="a",
                    role=Role.PART_OF,
                    parent="b",
                    references=(Reference(columns=("b",), target="b"),),
                ),
                Table(
                    name="b",
                    role=Role.PART_OF,
                    parent="a",
                    references=(Reference(columns=("a",), target="a"),),
                ),
            ),
            wire_of,
        )


def test_private_tables_need_neither_key_nor_known_types() -> None:
    log = table("log", "what polygon", key=())
    model = classify(
        catalog(log, INVOICE), described(OWNED, Table(name="log", role=Role.PRIVATE)), wire_of
    )
    assert model.tables["log"].columns == ()


def test_key_tenant_and_parent_stand_at_the_front_of_a_line() -> None:
    wide = table("invoice", "number text", "company integer", "id integer")
    model = classify(catalog(wide), described(OWNED), wire_of)
    assert [c.name for c in model.tables["invoice"].columns] == ["id", "company", "number"]
