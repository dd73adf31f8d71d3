"""Every constraint of Tryton's models that spans companies has its rule.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_target_uniques CONFIG DATABASE` prints what the models and their tables say.
"""

import json
import sys
from dataclasses import asdict
from functools import cache
from typing import Any

import pytest

from sichern.hosts.tryton import reviewed
from sichern_hooks import Clash
from tests.support.tryton import TrytonDatabase, many_modules_sqlite, run_tryton

CARRIED = {"owned", "shared", "part-of", "used-with"}


def show(config: str, database: str) -> None:
    """Print the facts of all models, and the description of all tables."""
    from trytond.model import Exclude, Unique

    from sichern.hosts.tryton import registry
    from sichern.hosts.tryton.description import describe
    from sichern.hosts.tryton.installation import Installation
    from sichern.hosts.tryton.roles import decide
    from sichern.hosts.tryton.settings import read_settings
    from sichern.hosts.tryton.system import activated
    from sichern.hosts.tryton.uniques import is_always_new

    installation = Installation(read_settings({"config": config, "database": database}))
    pool = registry.load(installation.database, activated(installation))
    models = registry.read_models(pool, installation)
    decisions = decide(models)
    described = describe(models, installation.dialect)
    said = {
        "uniques": [
            {
                "model": model.name,
                "table": model.table,
                "role": decisions[model.name].role,
                "new": is_always_new(fact, model, decisions),
                "sql": str(
                    {n: c for n, c, _ in pool.get(model.name)._sql_constraints}[fact.name]
                ),
                **asdict(fact),
            }
            for model in models.values()
            for fact in model.uniques
        ],
        "count": sum(
            isinstance(constraint, (Unique, Exclude))
            for model in models
            for _, constraint, _ in pool.get(model)._sql_constraints
        ),
        "tables": {name: asdict(table) for name, table in described.tables.items()},
        "columns": {model.table: list(model.columns) for model in models.values()},
        "bytes": described.numeric_as_bytes,
    }
    sys.stdout.write(json.dumps(said, default=sorted))


@cache
def said() -> dict[str, Any]:
    database: TrytonDatabase = many_modules_sqlite()
    done = run_tryton(
        ["-m", "tests.tryton.test_target_uniques", str(database.config), database.name],
        database.uri,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def carried() -> list[dict[str, Any]]:
    return [each for each in said()["uniques"] if each["role"] in CARRIED]


def unique(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said()["tables"][table]["uniques"]
    return found


def test_every_constraint_of_the_models_is_read() -> None:
    assert len(said()["uniques"]) == said()["count"] > 60


def test_every_constraint_that_spans_companies_has_its_rule() -> None:
    """A column that is always new, a natural key within it, a rule, or a reviewed reason."""
    open_ = []
    for each in carried():
        columns = set(each["columns"])
        keys = [set(key) for key in said()["tables"][each["table"]]["natural_keys"]]
        name = (each["model"], each["name"])
        if not (
            each["new"]
            or any(key <= columns for key in keys)
            or columns & reviewed.SECRETS.get(each["model"], frozenset())
            or (columns and (each["model"], each["columns"][0]) in reviewed.CLASHES)
            or name in reviewed.HARMLESS
            or name in reviewed.REFUSED
        ):
            open_.append((*name, each["sql"]))
    assert open_ == []


def test_nothing_is_reviewed_that_does_not_exist() -> None:
    known = {(each["model"], each["name"]) for each in carried()}
    first = {(each["model"], each["columns"][0]) for each in carried() if each["columns"]}
    assert reviewed.HARMLESS.keys() | reviewed.REFUSED.keys() <= known
    assert reviewed.CLASHES.keys() <= first


def test_what_is_not_understood_cannot_clash_or_was_looked_at() -> None:
    """Overlaps, conditions and expressions of several columns are more than `Unique` can say."""
    for each in carried():
        if not each["exact"] and each["columns"]:
            name = (each["model"], each["name"])
            assert each["new"] or name in reviewed.HARMLESS or name in reviewed.REFUSED, name


@pytest.mark.parametrize(
    ("table", "columns", "rule", "active", "along"),
    [
        ("party_party", ["code"], Clash.RENUMBER, None, []),
        ("project_work", ["number"], Clash.RENUMBER, None, []),
        ("product_product", ["code"], Clash.SUFFIX, "active", ["suffix_code"]),
        ("product_category", ["code"], Clash.SUFFIX, None, []),
        ("timesheet_line", ["uuid"], Clash.UUID, None, []),
        ("party_category", ["name", "parent"], Clash.REFUSE, None, []),
        ("party_address_subdivision_type", ["country_code"], Clash.REFUSE, "active", []),
        ("company_company", ["party"], Clash.REFUSE, None, []),
    ],
)
def test_values_that_companies_share_have_these_rules(
    table: str, columns: list[str], rule: Clash, active: str | None, along: list[str]
) -> None:
    assert {"columns": columns, "rule": rule, "active": active, "along": along} in unique(table)


def test_a_constraint_per_company_is_none_of_the_imports_business() -> None:
    for table in ("account_fiscalyear", "account_period", "stock_order_point", "timesheet_work"):
        assert unique(table) == []


def test_secrets_and_old_versions_are_not_compared() -> None:
    assert [each["columns"] for each in unique("ir_chat_channel")] == [["resource"]]
    histories = [table for name, table in said()["tables"].items() if name.endswith("__history")]
    assert histories
    assert all(table["uniques"] == [] and table["trees"] == [] for table in histories)


def test_running_numbers_are_no_key_by_themselves() -> None:
    """Codes that sequences give are 1, 2, 3 in every system."""
    keys = {name: table["natural_keys"] for name, table in said()["tables"].items()}
    assert keys["party_party"] == [["code", "name"]]
    assert ["code"] not in keys["product_template"] + keys["product_category"]
    assert ["number"] not in keys["stock_lot"] + keys["project_work"]
    assert keys["party_identifier"] == [["type", "code"]]


def test_trees_are_told_with_their_borders() -> None:
    trees = {name: table["trees"] for name, table in said()["tables"].items() if table["trees"]}
    tree = {"parent": "parent", "left": "left", "right": "right"}
    assert trees == {"account_account": [tree], "stock_location": [tree]}
    for name in trees:
        assert {"left", "right"} <= set(said()["tables"][name]["derived"])


def test_who_wrote_a_row_and_when_is_a_stamp_wherever_it_is() -> None:
    every = {"create_uid", "create_date", "write_uid", "write_date"}
    for name, columns in said()["columns"].items():
        assert set(said()["tables"][name]["stamps"]) == every & set(columns)
    assert set(said()["tables"]["account_move"]["stamps"]) == every


def test_numbers_are_kept_as_bytes_on_sqlite() -> None:
    assert said()["bytes"] is True


if __name__ == "__main__":
    show(*sys.argv[1:])
