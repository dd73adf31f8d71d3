"""A pair fits a target that is the same or has more; what does not fit is listed as a whole."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from sichern.cli.output import error_data
from sichern.schema.types import wire_type
from sichern.source.keys import look
from sichern.source.reflect import read_catalog
from sichern.source.snapshot import open_snapshot
from sichern.tenancy.catalog import Catalog, CatalogColumn
from sichern.tenancy.classify import classify
from sichern.tenancy.closure import Closure
from sichern.tenancy.compare import Comparison, compare
from sichern.tenancy.describe import manifest
from sichern.tenancy.errors import (
    HostDiffers,
    ManifestDamaged,
    PairNewer,
    PairOlder,
    SchemaDiffers,
)
from sichern.tenancy.manifest import Manifest
from sichern.tenancy.manifest_text import read_manifest, write_manifest
from sichern.tenancy.model import TenancyModel
from sichern_hooks import (
    Description,
    EmbeddedKeys,
    Polymorphic,
    Reference,
    Role,
    SystemIdentity,
    Table,
)
from tests.support import world as small
from tests.support.postgres import Server

SYSTEM = SystemIdentity(
    host="small", host_version="8.0.12", system="s", database="d", machine="m",
    modules={"account": "8.0.3", "sale": "8.0.1"},
)


@dataclass(frozen=True, kw_only=True)
class Side:
    """A system: what a pair of it says, and what it says itself as a target."""

    manifest: Manifest
    model: TenancyModel
    catalog: Catalog


Change = Callable[[Description], Description]


def side(url: str, schema: str | None, *statements: str, change: Change | None = None) -> Side:
    """Create the small world, change it, and describe it in changed words."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        small.create(connection, small.ROWS)
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()
    with open_snapshot(url) as snapshot:
        catalog = read_catalog(snapshot, schema)
        said = small.description(schema)
        model = classify(catalog, change(said) if change else said, wire_type)
        closure = Closure(model=model, tenant="1", survey=look(snapshot, model))
        read = read_manifest(write_manifest(manifest(closure)))
    return Side(manifest=read, model=model, catalog=catalog)


@pytest.fixture
def sides(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Side]:
    """Make sides on SQLite."""

    def make(*statements: str, change: Change | None = None) -> Side:
        file = tmp_path_factory.mktemp("side") / "world.sqlite"
        return side(f"sqlite:///{file}", None, *statements, change=change)

    return make


def held(
    pair: Side,
    target: Side,
    source: SystemIdentity = SYSTEM,
    here: SystemIdentity = SYSTEM,
    filled: Mapping[str, tuple[int, int]] | None = None,
) -> Comparison:
    return compare(pair.manifest, filled or {}, source, here, target.model, target.catalog)


def problems(pair: Side, target: Side, **more: Any) -> list[tuple[str, str]]:
    """The tables and details of what differs; each difference has two texts."""
    with pytest.raises(SchemaDiffers) as refused:
        held(pair, target, **more)
    assert refused.value.values["count"] == len(refused.value.problems)
    for problem in refused.value.problems:
        assert problem.message % problem.values
        assert problem.hint % problem.values
    return [(problem.table, problem.detail) for problem in refused.value.problems]


def described(name: str, **values: Any) -> Change:
    """Say something else of a table."""

    def change(said: Description) -> Description:
        table = replace(said.tables.get(name, Table(name=name)), **values)
        return replace(said, tables={**said.tables, name: table})

    return change


def test_a_pair_fits_its_own_system(sides: Callable[..., Side]) -> None:
    same = sides()
    assert held(same, same) == Comparison()


def test_a_pair_of_sqlite_fits_postgresql_and_one_of_postgresql_fits_sqlite(
    sides: Callable[..., Side], postgres: Server
) -> None:
    lite = sides()
    name = postgres.create_database()
    try:
        great = side(postgres.url(name), "public")
    finally:
        postgres.drop_database(name)
    assert held(lite, great) == Comparison()
    assert held(great, lite) == Comparison()


def test_more_tables_modules_and_columns_that_may_stay_empty_fit(
    sides: Callable[..., Side],
) -> None:
    more = sides(
        "create table country (id integer primary key, code text not null)",
        "alter table party add column note text",
        "alter table party add column active bool not null default true",
        "alter table invoice add column rank integer not null default 0",
        change=described("country", role=Role.SHARED),
    )
    here = replace(SYSTEM, modules={**SYSTEM.modules, "country": "8.0.9"})
    assert held(sides(), more, here=here) == Comparison()


def test_versions_that_differ_within_a_series_are_told_and_fit(
    sides: Callable[..., Side],
) -> None:
    same = sides()
    here = replace(SYSTEM, host_version="8.0.15", modules={"account": "8.0.4", "sale": "8.0.1"})
    assert held(same, same, here=here).versions == {
        "small": ("8.0.12", "8.0.15"), "account": ("8.0.3", "8.0.4"),
    }


def test_a_pair_of_another_erp_is_refused(sides: Callable[..., Side]) -> None:
    same = sides()
    with pytest.raises(HostDiffers, match="another ERP: other, and this is small"):
        held(same, same, source=replace(SYSTEM, host="other"))


@pytest.mark.parametrize("version", ["7.8.3", "8", "7.10", "7.0.99"])
def test_a_pair_of_an_older_series_is_refused_with_the_way(
    sides: Callable[..., Side], version: str
) -> None:
    same = sides()
    with pytest.raises(PairOlder) as refused:
        held(same, same, source=replace(SYSTEM, host_version=version))
    assert refused.value.hint % refused.value.values == (
        f"set up a system of version {version}, import the backup there as empty, upgrade that"
        " system to 8.0.12, and back up again"
    )


@pytest.mark.parametrize("version", ["8.2", "8.10.1", "9.0.0"])
def test_a_pair_of_a_newer_series_is_refused_with_the_way(
    sides: Callable[..., Side], version: str
) -> None:
    same = sides()
    with pytest.raises(PairNewer) as refused:
        held(same, same, source=replace(SYSTEM, host_version=version))
    assert refused.value.hint % refused.value.values == f"upgrade this system to {version} first"


def test_the_whole_list_is_told_modules_first(sides: Callable[..., Side]) -> None:
    source = replace(SYSTEM, modules={**SYSTEM.modules, "stock": "8.0.2", "bank": ""})
    pair = sides(
        "alter table line add column text text",
        "alter table cost add column note text",
        "create table zone (id integer primary key)",
        change=described("zone", role=Role.SHARED),
    )
    target = sides(
        "alter table cost add column note integer",
        "alter table party add column rank integer not null default 0",
    )
    catalog = _demanding(target.catalog, "party", "rank")
    found = problems(pair, replace(target, catalog=catalog), source=source)
    assert found[0] == ("", "bank, stock 8.0.2")
    assert sorted(found[1:]) == [
        ("cost", "note text -> integer"), ("line", "text"), ("party", "rank"), ("zone", ""),
    ]


def _demanding(catalog: Catalog, table: str, column: str) -> Catalog:
    """SQLite adds no column that has no default; other databases do."""
    found = catalog.tables[table]
    columns = tuple(
        replace(each, default=False) if each.name == column else each for each in found.columns
    )
    return replace(catalog, tables={**catalog.tables, table: replace(found, columns=columns)})


def test_a_table_or_column_is_missed_even_where_the_pair_has_no_row_in_it(
    sides: Callable[..., Side],
) -> None:
    pair = sides(
        "create table zone (id integer primary key)", change=described("zone", role=Role.SHARED)
    )
    assert problems(pair, sides(), filled={"party": (5, 0)}) == [("zone", "")]


def test_another_role_or_tenant_is_refused(sides: Callable[..., Side]) -> None:
    same = sides()
    assert problems(same, sides(change=described("unit", role=Role.SYSTEM))) == [
        ("unit", "shared -> system")
    ]
    assert problems(same, sides(change=described("product", role=Role.PRIVATE))) == [
        ("product", "shared -> private")
    ]
    assert problems(same, sides(change=described("counter", tenant=None))) == [
        ("counter", "shared (company) -> shared")
    ]


def test_another_key_is_refused(sides: Callable[..., Side]) -> None:
    other = sides(change=described("party_category", key=("category", "party")))
    assert problems(sides(), other) == [
        ("party_category", "party, category -> category, party")
    ]


def test_a_column_that_is_secret_here_or_a_document_that_is_none_is_refused(
    sides: Callable[..., Side],
) -> None:
    same = sides()
    secret = sides(change=described("party", secrets=frozenset({"name"})))
    assert problems(same, secret) == [("party", "name")]
    assert held(secret, same) == Comparison(), "a secret that is none here stays empty"
    assert problems(same, sides(change=described("attachment", documents=()))) == [
        ("attachment", "data")
    ]


def test_a_reference_that_would_be_taken_for_another_is_refused(
    sides: Callable[..., Side],
) -> None:
    same = sides()
    lost = sides(change=described("invoice", references=()))
    every = (
        "company -> company, party -> party, address -> address, intercompany -> invoice,"
        " origin -> invoice"
    )
    assert problems(same, lost) == [("invoice", every)]
    assert held(lost, same) == Comparison(), "more references than the pair knows are followed"
    moved = Reference(columns=("created_by",), target="unit")
    assert problems(same, sides(change=described("party", references=(moved,)))) == [
        ("party", "created_by -> users")
    ]
    resources = {"party": "product", "product": "product", "invoice": "invoice", "unit": "unit"}
    other = Polymorphic(column="resource", targets=resources)
    assert problems(same, sides(change=described("attachment", references=(other,)))) == [
        ("attachment", "resource -> party")
    ]


def test_a_reference_by_a_name_need_not_be_known_here(sides: Callable[..., Side]) -> None:
    by_name = Reference(columns=("street",), target="party", target_columns=("name",))
    of_party = Reference(columns=("party",), target="party")
    said = {"role": Role.PART_OF, "parent": "party", "references": (of_party, by_name)}
    pair = sides(change=described("address", **said))
    references = pair.manifest.tables["address"].references
    assert [each.target_columns for each in references] == [("id",), ("name",)]
    assert held(pair, sides()) == Comparison()


def test_keys_inside_texts_and_names_of_modules_must_be_known_here(
    sides: Callable[..., Side],
) -> None:
    inside = EmbeddedKeys(column="name", target="category", form="path")
    pair = sides(change=described("category", embedded=(inside,)))
    assert problems(pair, sides()) == [("category", "name -> category")]
    bare = sides(change=lambda said: replace(said, external=None))
    assert problems(sides(), bare) == [("unit", "external:module, external:fs_id")]


def test_columns_that_only_the_target_has_are_no_matter_where_no_row_goes_in(
    sides: Callable[..., Side],
) -> None:
    target = sides()
    found = target.catalog.tables["users"]
    wide = dataclasses.replace(
        found,
        columns=(*found.columns, CatalogColumn(name="kind", type="text", nullable=False)),
    )
    catalog = replace(target.catalog, tables={**target.catalog.tables, "users": wide})
    model = classify(catalog, small.description(), wire_type)
    assert held(sides(), replace(target, catalog=catalog, model=model)) == Comparison()


def test_derived_columns_that_only_the_target_has_are_computed(
    sides: Callable[..., Side],
) -> None:
    add = "alter table category add column left integer not null default 0"
    target = sides(add, change=described("category", derived=frozenset({"left"})))
    catalog = _demanding(target.catalog, "category", "left")
    assert held(sides(), replace(target, catalog=catalog)) == Comparison()


def test_rows_of_a_table_that_is_not_described_are_a_forgery(sides: Callable[..., Side]) -> None:
    same = sides()
    with pytest.raises(ManifestDamaged):
        held(same, same, filled={"session": (1, 0)})


def test_every_difference_is_shown_with_what_to_do(sides: Callable[..., Side]) -> None:
    with pytest.raises(SchemaDiffers) as refused:
        held(sides("alter table party add column note text"), sides())
    shown = error_data(refused.value, "en")
    assert shown["message"] == "the backup does not fit this system; differences: 1"
    (detail,) = shown["details"]
    assert detail == (
        "columns of party are missing here: note; bring both systems to the same version of the"
        " module, and back up again"
    )
    (german,) = error_data(refused.value, "de")["details"]
    assert german.startswith("hier fehlen Spalten von party: note; ")
