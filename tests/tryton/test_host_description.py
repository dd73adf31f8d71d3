"""What the host says of real databases of Tryton, held against the databases themselves.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_host_description CONFIG DATABASE` prints the description as JSON.
`SICHERN_TEST_TRYTON=CONFIG:DATABASE` names one more database on SQLite to be held against it.
"""

import json
import os
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sichern.hosts.tryton.description import HISTORY
from sichern.tenancy.catalog import Catalog, CatalogColumn, CatalogTable
from sichern.tenancy.classify import classify
from sichern.tenancy.model import ForeignLink, TenancyModel
from sichern_hooks import (
    Clash,
    Description,
    DocumentColumn,
    EmbeddedKeys,
    ExternalIdentities,
    Polymorphic,
    Reference,
    Role,
    Table,
    Tenant,
    TenantRef,
    Tree,
    Unique,
)
from tests.support.tryton import (
    TrytonDatabase,
    demo_sqlite,
    many_modules_sqlite,
    run_tryton,
)

CARRIED = {Role.OWNED, Role.SHARED, Role.PART_OF, Role.USED_WITH}


def show(config: str, database: str) -> None:
    """Print the description of a database, and what else its source says."""
    from sichern.hosts.tryton.host import open_host
    from sichern.hosts.tryton.installation import Installation
    from sichern.hosts.tryton.settings import read_settings
    from sichern.hosts.tryton.source import TrytonSource
    from sichern.source.snapshot import open_snapshot

    options = {"config": config, "database": database}
    assert open_host(options).sichern_host_name() == "tryton"
    installation = Installation(read_settings(options))
    tenant = Tenant(ref=TenantRef(host="tryton", key="1"), name="x")
    source = TrytonSource(installation, tenant)
    with closing(source), open_snapshot(source.database) as reader:
        said = {
            "description": asdict(source.describe(reader)),
            "counters": [asdict(counter) for counter in source.counters(reader)],
            "identity": asdict(source.identity),
            "database": source.database,
        }
    sys.stdout.write(json.dumps(said, default=sorted))


FURTHER = "SICHERN_TEST_TRYTON"
"""Names one more database to hold, as `CONFIG:DATABASE`."""


def _database(name: str) -> TrytonDatabase:
    if name == "demo":
        return demo_sqlite()
    if name == "many":
        return many_modules_sqlite()
    named = os.environ[FURTHER]
    config, _, database = named.rpartition(":")
    return TrytonDatabase(
        name=database, uri="sqlite://", folder=Path(config).parent, config=Path(config)
    )


@cache
def said(name: str) -> Mapping[str, Any]:
    database = _database(name)
    done = run_tryton(
        ["-m", "tests.tryton.test_host_description", str(database.config), database.name],
        database.uri,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@cache
def described(name: str) -> Description:
    found = said(name)["description"]
    return Description(
        tables={key: _table(value) for key, value in found["tables"].items()},
        external=ExternalIdentities(**{**found["external"], "names": ("module", "fs_id")}),
    )


def _table(found: dict[str, Any]) -> Table:
    return Table(
        **{
            **found,
            "role": Role(found["role"]) if found["role"] else None,
            "key": tuple(found["key"]),
            "natural_keys": tuple(map(tuple, found["natural_keys"])),
            "references": tuple(map(_reference, found["references"])),
            "embedded": tuple(EmbeddedKeys(**each) for each in found["embedded"]),
            "documents": tuple(DocumentColumn(**each) for each in found["documents"]),
            "secrets": frozenset(found["secrets"]),
            "derived": frozenset(found["derived"]),
            "stamps": frozenset(found["stamps"]),
            "uniques": tuple(map(_unique, found["uniques"])),
            "trees": tuple(Tree(**each) for each in found["trees"]),
        }
    )


def _unique(found: dict[str, Any]) -> Unique:
    return Unique(
        columns=tuple(found["columns"]),
        rule=Clash(found["rule"]),
        active=found["active"],
        along=tuple(found["along"]),
    )


def _reference(found: dict[str, Any]) -> Reference | Polymorphic:
    if "column" in found:
        return Polymorphic(**found)
    return Reference(columns=tuple(found["columns"]), target=found["target"])


@cache
def columns(name: str) -> Mapping[str, Mapping[str, str]]:
    """The columns of the database's tables with their declared types."""
    with closing(sqlite3.connect(_database(name).file)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%'"
            " ESCAPE '!'"
        ).fetchall()
        return {
            table: {
                row[1]: row[2].lower()
                for row in connection.execute(f'PRAGMA table_info("{table}")')
            }
            for (table,) in tables
        }


@cache
def classified(name: str) -> TenancyModel:
    """The plan's own view: raises where it lacks anything."""
    catalog = Catalog(
        dialect="sqlite",
        schema=None,
        tables={
            table: CatalogTable(
                name=table,
                columns=tuple(
                    CatalogColumn(name=column, type=kind, nullable=column != "id")
                    for column, kind in found.items()
                ),
                key=("__id",) if table.endswith(HISTORY) else ("id",),
            )
            for table, found in columns(name).items()
        },
    )
    return classify(catalog, described(name), lambda _, kind, __: kind or None)


DATABASES = ["demo", "many", *(["named"] if FURTHER in os.environ else [])]
each_database = pytest.mark.parametrize("name", DATABASES)


@each_database
def test_every_table_is_described_and_nothing_else(name: str) -> None:
    assert described(name).tables.keys() == columns(name).keys()


@each_database
def test_every_table_has_a_role(name: str) -> None:
    lacking = [table.name for table in described(name).tables.values() if table.role is None]
    assert lacking == []


@each_database
def test_the_plan_lacks_nothing_and_every_chain_of_owners_ends_in_a_company(name: str) -> None:
    model = classified(name)
    ends = set()
    for table in model.tables.values():
        current, seen = table, set()
        while current.role is Role.OWNED and current.tenant is None:
            assert current.name not in seen
            seen.add(current.name)
            assert isinstance(current.parent, ForeignLink)
            current = model.tables[current.parent.target]
        if table.role is Role.OWNED:
            assert current.role is Role.OWNED, f"{table.name} ends in {current.name}"
            ends.add((current.name, current.tenant))
    assert {tenant for table, tenant in ends if table != "company_company"} == {"company"}
    assert ("company_company", "id") in ends


@each_database
def test_every_column_that_is_described_is_in_the_table(name: str) -> None:
    absent = [
        (table.name, column)
        for table in described(name).tables.values()
        for column in _described(table)
        if column not in columns(name)[table.name]
    ]
    assert absent == []


def _described(table: Table) -> Iterator[str]:
    yield from filter(None, (table.tenant, table.parent))
    yield from (*table.types, *table.secrets, *table.derived)
    yield from (column for key in table.natural_keys for column in key)
    yield from (each.column for each in table.embedded)
    for reference in table.references:
        if isinstance(reference, Polymorphic):
            yield from filter(None, (reference.column, reference.key_column))
        else:
            yield from reference.columns
    for document in table.documents:
        yield from filter(None, (document.data, document.locator, document.name))


@each_database
def test_references_point_at_tables_that_exist(name: str) -> None:
    known = columns(name).keys()
    for table in described(name).tables.values():
        for reference in table.references:
            if isinstance(reference, Polymorphic):
                assert set(reference.targets.values()) <= known
            else:
                assert reference.target in known


@each_database
def test_every_column_with_a_record_s_key_is_a_reference(name: str) -> None:
    """Integers that are named like another table's field would be lost references."""
    for table in described(name).tables.values():
        seen = {
            column
            for reference in table.references
            if isinstance(reference, Reference)
            for column in reference.columns
        }
        for stamp in {"create_uid", "write_uid"} & columns(name)[table.name].keys():
            assert stamp in seen


@each_database
def test_only_columns_that_no_field_knows_are_left_without_a_type(name: str) -> None:
    untyped = {
        (table.name, column)
        for table in described(name).tables.values()
        for column in columns(name)[table.name].keys() - table.types.keys()
    }
    assert untyped == {("ir_model", "info"), ("res_user", "password")}


SUSPICIOUS = re.compile(
    "pass|token|secret|key|cred|cookie|hash|salt|pin$|uuid|login|identifier|cert|sign|api|auth"
)
HARMLESS = {
    # Looked at, each one: names, signs, codes that people read, ids that open nothing.
    ("ir_action_keyword", "keyword"),
    ("ir_avatar", "uuid"),
    ("ir_lang", "negative_sign"),
    ("ir_lang", "positive_sign"),
    ("party_configuration", "identifier_types"),
    ("res_user", "login"),
    ("res_user", "signature"),
    ("timesheet_line", "uuid"),
}


@each_database
def test_no_text_that_looks_like_a_secret_can_leave(name: str) -> None:
    leaving = {
        (table.name, column)
        for table in described(name).tables.values()
        for column, kind in columns(name)[table.name].items()
        if kind.startswith(("varchar", "text"))
        and SUSPICIOUS.search(column)
        and table.role is not Role.PRIVATE
        and column not in table.secrets
    }
    assert leaving - HARMLESS == set()
    assert {"password", "password_hash", "password_reset"} <= described(name).tables[
        "res_user"
    ].secrets


@each_database
def test_every_blob_of_a_table_that_leaves_is_a_document(name: str) -> None:
    blobs = {
        (table.name, column)
        for table in described(name).tables.values()
        for column, kind in columns(name)[table.name].items()
        if kind == "blob" and table.role in CARRIED
    }
    documents = {
        (table.name, str(document.data))
        for table in described(name).tables.values()
        for document in table.documents
    }
    assert blobs == documents
    assert ("ir_attachment", "data") in documents


@each_database
def test_rows_that_modules_ship_are_known_by_their_names(name: str) -> None:
    external = described(name).external
    assert external is not None
    assert (external.table, external.kind, external.key) == ("ir_model_data", "model", "db_id")
    assert {external.kind, external.key, *external.names} <= columns(name)[external.table].keys()
    with closing(sqlite3.connect(_database(name).file)) as connection:
        kinds = {row[0] for row in connection.execute("SELECT DISTINCT model FROM ir_model_data")}
    assert kinds <= external.targets.keys()


@each_database
def test_the_source_names_the_system_and_its_modules(name: str) -> None:
    identity = said(name)["identity"]
    assert identity["host"] == "tryton"
    assert identity["database"] == _database(name).name
    assert len(identity["system"]) == 32
    assert {"ir", "res", "company", "party"} <= identity["modules"].keys()
    assert all(version.startswith("8.0.") for version in identity["modules"].values())
    assert said(name)["database"] == f"sqlite:///{_database(name).file}"


def test_two_databases_are_two_systems() -> None:
    assert said("demo")["identity"]["system"] != said("many")["identity"]["system"]


@each_database
def test_counters_are_the_next_numbers_of_sequences_with_gaps(name: str) -> None:
    with closing(sqlite3.connect(_database(name).file)) as connection:
        expected = connection.execute(
            "SELECT id, number_next_internal FROM ir_sequence WHERE type = 'incremental'"
        ).fetchall()
    counters = {(each["key"], each["value"]) for each in said(name)["counters"]}
    assert counters == {(str(key), value) for key, value in expected}
    assert {each["table"] for each in said(name)["counters"]} == {"ir_sequence"}


OWNED, SHARED, PART_OF, USED_WITH = Role.OWNED, Role.SHARED, Role.PART_OF, Role.USED_WITH
SYSTEM, IDENTITY, PRIVATE = Role.SYSTEM, Role.IDENTITY, Role.PRIVATE

DEMO = {
    "company_company": (OWNED, "id", None),
    "company_employee": (OWNED, "company", None),
    "account_account": (OWNED, "company", None),
    "account_account_template": (SHARED, None, None),
    "account_fiscalyear": (OWNED, "company", None),
    "account_period": (OWNED, None, "fiscalyear"),
    "account_journal": (SHARED, None, None),
    "account_journal_period": (OWNED, None, "period"),
    "account_move": (OWNED, "company", None),
    "account_move_line": (OWNED, None, "move"),
    "account_tax": (OWNED, "company", None),
    "account_tax_line": (OWNED, None, "move_line"),
    "account_invoice": (OWNED, "company", None),
    "account_invoice_line": (OWNED, "company", None),
    "account_invoice_line-account_tax": (OWNED, None, "line"),
    "account_invoice_payment_term": (SHARED, None, None),
    "account_invoice_payment_term_line": (PART_OF, None, "payment"),
    "account_configuration": (SHARED, None, None),
    "account_configuration_sequence": (SHARED, "company", None),
    "product_category-customer-account_tax": (OWNED, None, "tax"),
    "product_category_account": (PART_OF, "company", "category"),
    "party_party": (SHARED, None, None),
    "party_address": (PART_OF, None, "party"),
    "party_identifier": (PART_OF, None, "party"),
    "party_contact_mechanism": (PART_OF, None, "party"),
    "party_party-party_category": (PART_OF, None, "party"),
    "party_party_account": (PART_OF, "company", "party"),
    "product_template": (SHARED, None, None),
    "product_product": (PART_OF, None, "template"),
    "product_uom": (SHARED, None, None),
    "product_cost_price": (OWNED, "company", None),
    "stock_location": (SHARED, None, None),
    "stock_move": (OWNED, "company", None),
    "stock_shipment_out": (OWNED, "company", None),
    "stock_lot": (USED_WITH, None, "product"),
    "currency_currency": (SHARED, None, None),
    "currency_currency_rate": (PART_OF, None, "currency"),
    "ir_sequence": (SHARED, "company", None),
    "ir_sequence_strict": (SHARED, "company", None),
    "ir_attachment": (USED_WITH, None, "resource"),
    "ir_note": (USED_WITH, None, "resource"),
    "ir_model_log": (PART_OF, None, "resource"),
    "ir_translation": (PART_OF, None, "name"),
    "ir_model_data": (SYSTEM, None, None),
    "ir_lang": (SYSTEM, None, None),
    "ir_sequence_type": (SYSTEM, None, None),
    "res_group": (SYSTEM, None, None),
    "res_user": (IDENTITY, None, None),
    "res_user-company_company": (PRIVATE, None, None),
    "ir_cron-company_company": (PRIVATE, None, None),
    "ir_session": (PRIVATE, None, None),
    "res_user_application": (PRIVATE, None, None),
}
MANY = {
    "company_employee_cost_price": (OWNED, None, "employee"),
    "bank_account": (SHARED, None, None),
    "bank_account-party_party": (PART_OF, None, "owner"),
    "document_incoming": (SHARED, "company", None),
    "party_party_reception_direct_debit": (OWNED, None, "journal"),
    "project_work": (OWNED, "company", None),
    "purchase_product_supplier_price": (OWNED, None, "product_supplier"),
    "sale_opportunity__history": (OWNED, "company", None),
    "sale_opportunity_line__history": (OWNED, None, "opportunity"),
    "timesheet_line": (OWNED, "company", None),
    "web_user": (PRIVATE, None, None),
    "web_user_session": (PRIVATE, None, None),
}


@pytest.mark.parametrize("table", DEMO)
def test_a_well_known_table_has_its_role(table: str) -> None:
    found = described("demo").tables[table]
    assert (found.role, found.tenant, found.parent) == DEMO[table]


@pytest.mark.parametrize("table", MANY)
def test_a_well_known_table_of_other_modules_has_its_role(table: str) -> None:
    found = described("many").tables[table]
    assert (found.role, found.tenant, found.parent) == MANY[table]


def test_keys_in_paths_and_dicts_are_told_to_the_import() -> None:
    tables = described("many").tables
    assert tables["project_work"].embedded == (
        EmbeddedKeys(column="path", target="project_work", form="path"),
    )
    assert tables["account_landed_cost"].embedded == (
        EmbeddedKeys(column="factors", target="stock_move", form="json-keys"),
    )
    assert tables["stock_location"].derived == {"left", "right"}


def test_translations_hang_on_the_records_that_they_translate() -> None:
    (link,) = (
        each
        for each in described("demo").tables["ir_translation"].references
        if isinstance(each, Polymorphic)
    )
    assert (link.column, link.key_column) == ("name", "res_id")
    assert link.targets["product.template"] == "product_template"
    assert "ir.ui.menu" not in link.targets


def test_a_user_is_known_by_login_and_name_alone() -> None:
    table = described("demo").tables["res_user"]
    assert table.natural_keys == (("login",), ("login", "name"))


def test_a_singleton_is_known_by_being_the_only_one() -> None:
    assert described("demo").tables["account_configuration"].natural_keys == ((),)


if __name__ == "__main__":
    show(*sys.argv[1:])
