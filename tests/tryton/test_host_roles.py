"""Roles are decided from facts: by company, by an owner, by review, or not at all."""

import pytest

from sichern.hosts.tryton.description import derived, describe
from sichern.hosts.tryton.facts import ColumnFact, ListFact, ModelFact, Models
from sichern.hosts.tryton.roles import Decision, decide
from sichern_hooks import Polymorphic, Reference, Role, Table

REVIEWED = frozenset({"looked_at"})


def model(
    name: str,
    *columns: ColumnFact,
    module: str = "unknown",
    lists: tuple[ListFact, ...] = (),
    access: frozenset[str] = frozenset(),
    history: bool = False,
    singleton: bool = False,
    value: bool = False,
) -> ModelFact:
    every = (
        ColumnFact(name="id", kind="integer", required=True),
        ColumnFact(name="create_uid", kind="integer"),
        *columns,
    )
    return ModelFact(
        name=name,
        table=name.replace(".", "_"),
        module=module,
        columns={column.name: column for column in every},
        lists=lists,
        access=access,
        history=history,
        singleton=singleton,
        value=value,
    )


def many2one(
    name: str,
    target: str,
    *,
    required: bool = True,
    cascades: bool = False,
    path: str | None = None,
) -> ColumnFact:
    return ColumnFact(
        name=name, kind="many2one", target=target, required=required, cascades=cascades, path=path
    )


def models(*found: ModelFact) -> Models:
    every = (
        model("company.company", module="company"),
        model("res.user", ColumnFact(name="login", kind="char"), module="res"),
        *found,
    )
    return {each.name: each for each in every}


ORDER = model("shop.order", many2one("company", "company.company"))


def test_a_required_company_makes_the_records_of_any_module_the_companys() -> None:
    decided = decide(models(ORDER), REVIEWED)
    assert decided["shop.order"] == Decision(role=Role.OWNED, tenant="company")
    assert decided["company.company"] == Decision(role=Role.OWNED, tenant="id")


def test_a_child_of_an_owned_record_is_owned_through_it_down_to_the_last() -> None:
    line = model("shop.line", many2one("order", "shop.order"))
    detail = model("shop.detail", many2one("line", "shop.line", cascades=True))
    decided = decide(models(detail, line, ORDER), REVIEWED)
    assert decided["shop.line"] == Decision(role=Role.OWNED, parent="order")
    assert decided["shop.detail"] == Decision(role=Role.OWNED, parent="line")


def test_an_optional_reference_to_an_owned_record_owns_nothing() -> None:
    note = model("shop.note", many2one("order", "shop.order", required=False))
    assert decide(models(ORDER, note), REVIEWED)["shop.note"] == Decision()


def test_a_list_of_an_owned_record_owns_what_it_lists_like_wages_of_an_employee() -> None:
    wage = model("shop.wage", many2one("employee", "shop.employee", required=False))
    employee = model(
        "shop.employee",
        many2one("company", "company.company"),
        lists=(ListFact(name="shop.wage", field="employee"),),
    )
    assert decide(models(wage, employee), REVIEWED)["shop.wage"] == Decision(
        role=Role.OWNED, parent="employee"
    )


def test_the_field_that_decides_about_access_goes_before_any_other_parent() -> None:
    other = model("shop.a", many2one("company", "company.company"))
    line = model(
        "shop.line",
        many2one("a", "shop.a", cascades=True),
        many2one("order", "shop.order"),
        access=frozenset({"order"}),
    )
    assert decide(models(ORDER, other, line), REVIEWED)["shop.line"].parent == "order"


def test_a_relation_belongs_to_its_owned_side_and_to_its_origin_where_none_is_owned() -> None:
    tag = model("shop.tag", module="looked_at")
    thing = model(
        "shop.thing", module="looked_at", lists=(ListFact(name="r", field="thing", related=True),)
    )
    relation = model("r", many2one("tag", "shop.tag"), many2one("thing", "shop.thing"),
                     module="looked_at")  # fmt: skip
    owned = model("o", many2one("tag", "shop.tag"), many2one("order", "shop.order"))
    decided = decide(models(tag, thing, relation, owned, ORDER), REVIEWED)
    assert decided["r"] == Decision(role=Role.PART_OF, parent="thing")
    assert decided["o"] == Decision(role=Role.OWNED, parent="order")


def test_a_model_of_a_reviewed_module_is_shared_and_its_children_are_parts_of_it() -> None:
    child = model("shop.child", many2one("thing", "shop.thing"), module="looked_at")
    thing = model(
        "shop.thing", module="looked_at", lists=(ListFact(name="shop.child", field="thing"),)
    )
    decided = decide(models(child, thing), REVIEWED)
    assert decided["shop.thing"] == Decision(role=Role.SHARED)
    assert decided["shop.child"] == Decision(role=Role.PART_OF, parent="thing")


def test_nothing_is_guessed_about_a_module_that_nobody_looked_at() -> None:
    plain = model("x.plain")
    optional = model("x.optional", many2one("company", "company.company", required=False))
    child = model("x.child", many2one("thing", "shop.thing", cascades=True))
    technical = model("ir.unheard_of", module="ir")
    thing = model(
        "shop.thing", module="looked_at", lists=(ListFact(name="x.child", field="thing"),)
    )
    decided = decide(models(plain, optional, child, thing, technical), REVIEWED)
    for name in ("x.plain", "x.optional", "x.child", "ir.unheard_of"):
        assert decided[name] == Decision()


def test_values_of_a_record_carry_a_company_or_are_a_part_of_the_record() -> None:
    value = model(
        "shop.thing.price",
        many2one("thing", "shop.thing", required=False),
        many2one("company", "company.company", required=False),
        module="looked_at",
        value=True,
    )
    thing = model(
        "shop.thing", module="looked_at", lists=(ListFact(name="shop.thing.price", field="thing"),)
    )
    found = models(value, thing)
    assert decide(found, REVIEWED)["shop.thing.price"] == Decision(
        role=Role.PART_OF, tenant="company", parent="thing"
    )


def test_a_part_of_what_never_leaves_never_leaves() -> None:
    user = model("web.user", module="looked_at", lists=(ListFact(name="w.card", field="user"),))
    card = model("w.card", many2one("user", "web.user"), module="looked_at")
    assert decide(models(user, card), REVIEWED)["w.card"] == Decision(role=Role.PRIVATE)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True), ("smtp_password", True), ("api_key", True), ("access_token", True),
        ("webhook_secret_key", True), ("client_secret", True), ("cookie", True),
        ("number_key", False), ("secretary", False), ("pinned", False), ("tokens_used", False),
    ],
)  # fmt: skip
def test_a_text_whose_name_says_that_it_is_secret_never_leaves(name: str, secret: bool) -> None:
    order = model(
        "shop.order", many2one("company", "company.company"), ColumnFact(name=name, kind="char")
    )
    table = describe(models(order), "sqlite").tables["shop_order"]
    assert (name in table.secrets) is secret


def test_a_column_that_no_field_knows_is_kept_unless_it_is_secret() -> None:
    found = {"shop_order": frozenset({"id", "create_uid", "company", "colour", "password"})}
    table = describe(models(ORDER), "sqlite", found=found).tables["shop_order"]
    assert table.secrets == {"password"}
    assert "colour" not in table.types


def test_old_versions_go_along_with_the_record_or_with_its_owner() -> None:
    line = model("shop.line", many2one("order", "shop.order"), history=True)
    owned = model("shop.order", many2one("company", "company.company"), history=True)
    shared = model("party.thing", module="party", history=True)
    tables = describe(models(line, owned, shared), "sqlite").tables
    versions = tables["shop_line__history"]
    assert (versions.role, versions.parent) == (Role.OWNED, "order")
    assert tables["shop_order__history"].tenant == "company"
    assert (tables["party_thing__history"].role, tables["party_thing__history"].parent) == (
        Role.PART_OF, "id",
    )  # fmt: skip
    assert versions.history_of == "shop_line"
    assert Reference(columns=("id",), target="shop_line") in versions.references
    assert versions.types["__id"] == "integer"


def test_a_reference_may_point_at_any_model_with_a_table() -> None:
    order = model(
        "shop.order",
        many2one("company", "company.company"),
        ColumnFact(name="origin", kind="reference"),
    )
    (origin,) = (
        each
        for each in describe(models(order), "sqlite").tables["shop_order"].references
        if isinstance(each, Polymorphic)
    )
    assert origin.targets == {
        "company.company": "company_company", "res.user": "res_user", "shop.order": "shop_order",
    }  # fmt: skip


def test_a_path_holds_keys_of_its_own_target_and_is_computed_anew() -> None:
    work = model(
        "shop.work",
        many2one("company", "company.company"),
        many2one("parent", "shop.work", required=False, path="path"),
        ColumnFact(name="path", kind="char"),
    )
    table = describe(models(work), "sqlite").tables["shop_work"]
    assert [(each.column, each.target, each.form) for each in table.embedded] == [
        ("path", "shop_work", "path")
    ]
    assert table.derived == {"path"}


def test_only_sqlite_needs_to_be_told_the_types() -> None:
    assert describe(models(ORDER), "sqlite").tables["shop_order"].types["company"] == "integer"
    assert describe(models(ORDER), "postgresql").tables["shop_order"].types == {}


def test_the_configuration_gives_a_role_to_what_has_none_and_to_foreign_tables() -> None:
    found = models(ORDER, model("x.plain"))
    said = {
        "x_plain": Table(name="x_plain", role=Role.SHARED),
        "a_foreign_one": Table(name="a_foreign_one", role=Role.PRIVATE),
    }
    tables = describe(found, "sqlite", said=said).tables
    assert tables["x_plain"].role is Role.SHARED
    assert tables["x_plain"].types["id"] == "integer"
    assert tables["a_foreign_one"].role is Role.PRIVATE
    assert derived(found) == {"company_company", "res_user", "shop_order"}
