"""A pair of a real Tryton fits a Tryton of the same modules, on either database.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_pair_fits CONFIG DATABASE FOLDER` writes what a pair of the first company would
say of itself into the folder, and prints what keeps the pairs in further folders from fitting.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sichern.schema.types import wire_type
from sichern.source.keys import look
from sichern.source.reflect import read_catalog
from sichern.source.sequences import key_sequences
from sichern.source.snapshot import open_snapshot
from sichern.tenancy.classify import classify
from sichern.tenancy.closure import Closure
from sichern.tenancy.compare import compare
from sichern.tenancy.describe import manifest
from sichern.tenancy.errors import SchemaDiffers
from sichern.tenancy.manifest_text import read_manifest, write_manifest
from sichern_hooks import Clash, Role, SystemIdentity, Tenant, TenantRef
from tests.support.postgres import Server
from tests.support.tryton import (
    TrytonDatabase,
    demo_postgres,
    demo_sqlite,
    empty_many_modules_sqlite,
    empty_sqlite,
    many_modules_sqlite,
    run_tryton,
)

Said = dict[str, Any]
Say = Callable[..., Said]


def show(config: str, database: str, folder: str, *others: str) -> None:
    """Write the own side, hold the other ones against it."""
    from sichern.hosts.tryton.installation import Installation
    from sichern.hosts.tryton.settings import read_settings
    from sichern.hosts.tryton.source import TrytonSource

    installation = Installation(read_settings({"config": config, "database": database}))
    tenant = Tenant(ref=TenantRef(host="tryton", key="1"), name="")
    source = TrytonSource(installation, tenant)
    with open_snapshot(source.database) as snapshot:
        description = source.describe(snapshot)
        catalog = read_catalog(snapshot, description.schema)
        model = classify(catalog, description, wire_type)
        survey = look(snapshot, model)
        own = manifest(Closure(model=model, tenant=tenant.ref.key, survey=survey))
        sequences = key_sequences(snapshot, catalog)
    Path(folder, "schema.json").write_bytes(write_manifest(own))
    Path(folder, "system.json").write_text(json.dumps(asdict(source.identity)), encoding="utf-8")
    problems: dict[str, list[tuple[str, str, str]]] = {}
    for other in (folder, *others):
        there = read_manifest(Path(other, "schema.json").read_bytes())
        system = json.loads(Path(other, "system.json").read_text(encoding="utf-8"))
        try:
            compare(there, {}, SystemIdentity(**system), source.identity, model, catalog)
            problems[other] = []
        except SchemaDiffers as error:
            problems[other] = [
                (each.message, each.table, each.detail) for each in error.problems
            ]
    uncounted = [
        table.name
        for table in model.tables.values()
        if table.integer_key and table.name not in sequences
    ]
    unfilled = [
        f"{table.name}.{column.name}"
        for table in model.tables.values()
        if table.role not in (Role.PRIVATE, Role.IDENTITY)
        for column in catalog.tables[table.name].columns
        if column.name not in {each.name for each in table.columns}
        and not (column.nullable or column.default)
    ]
    refused = [
        f"{table.name} {', '.join(unique.columns)}"
        for table in model.tables.values()
        if table.role is not Role.PRIVATE
        for unique in table.uniques
        if unique.rule is Clash.REFUSE
    ]
    sys.stdout.write(json.dumps({
        "tables": len(own.tables), "problems": problems, "refused": refused,
        "uncounted": uncounted, "unfilled": unfilled,
    }))


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Ask a database in a process of its own."""

    def ask(database: TrytonDatabase, folder: str, *others: str) -> Said:
        Path(tmp_path, folder).mkdir(exist_ok=True)
        folders = [str(tmp_path / each) for each in (folder, *others)]
        done = run_tryton(
            ["-m", "tests.tryton.test_pair_fits", str(database.config), database.name, *folders],
            database.uri,
        )
        found: Said = json.loads(done.stdout)
        found["problems"] = {
            Path(each).name: problems for each, problems in found["problems"].items()
        }
        return found

    return ask


def test_a_pair_fits_from_sqlite_to_postgresql_and_back(say: Say, postgres: Server) -> None:
    lite, great = demo_sqlite(), demo_postgres(postgres)
    say(lite, "sqlite")
    there = say(great, "postgresql", "sqlite")
    back = say(lite, "sqlite", "postgresql")
    assert there["tables"] > 100
    assert there["problems"] == {"postgresql": [], "sqlite": []}
    assert back["problems"] == {"sqlite": [], "postgresql": []}
    assert there["uncounted"] == []
    assert there["unfilled"] == []


def test_a_pair_fits_a_fresh_system_of_the_same_modules(say: Say) -> None:
    say(demo_sqlite(), "demo")
    assert say(empty_sqlite(), "empty", "demo")["problems"]["demo"] == []


def test_with_fifty_modules_too_and_not_the_other_way_round(say: Say) -> None:
    few, many = say(demo_sqlite(), "few"), say(many_modules_sqlite(), "many", "few")
    assert many["problems"]["few"] == [], "more modules in the target are no matter"
    assert say(empty_many_modules_sqlite(), "empty", "many")["problems"]["many"] == []
    back = say(demo_sqlite(), "few", "many")["problems"]["many"]
    assert "sale 8." in back[0][2]
    assert "sale_sale" in {table for _, table, _ in back}
    assert few["tables"] + 100 < many["tables"]


if __name__ == "__main__":
    show(*sys.argv[1:])
