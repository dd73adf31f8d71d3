"""The catalog is what the database itself says."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sichern.schema.types import wire_type
from sichern.source.reflect import read_catalog
from sichern.source.snapshot import open_snapshot
from sichern.tenancy.catalog import Catalog, CatalogColumn, ForeignKey
from tests.support.postgres import Server

POSTGRESQL = (
    "create type mood as enum ('a', 'b')",
    "create domain amount as numeric(10,2) not null",
    "create domain feeling as mood",
    "create domain price as amount",
    (
        'create table "Party" (id int primary key, name varchar(80) not null, m mood, ms mood[],'
        " x price, y feeling, z price[], double int generated always as (id * 2) stored)"
    ),
    'create table child (a int, b int references "Party" on delete cascade, primary key (b, a))',
    (
        "create table grandchild (id int primary key, x int, y int,"
        " foreign key (y, x) references child (b, a))"
    ),
    "create table itself (id bigint primary key, parent int references itself on delete set null)",
    "create table part (id int, day date, primary key (id, day)) partition by range (day)",
    "create table part_2026 partition of part for values from ('2026-01-01') to ('2027-01-01')",
    "create table of_part (id int primary key, p int, d date, foreign key (p, d) references part)",
    "create view seen as select 1 as one",
    "create materialized view kept as select 1 as one",
    "create table bare (n money)",
    "create schema other",
    "create table other.elsewhere (id int primary key)",
    "create table abroad (id int primary key, e int references other.elsewhere)",
    "create table gone (id int primary key, a int, b int)",
    "alter table gone drop column a",
)


def _catalog(postgres: Server, database: str) -> Catalog:
    postgres.run(*POSTGRESQL, database=database)
    with open_snapshot(postgres.url(database)) as snapshot:
        return read_catalog(snapshot, "public")


def test_base_and_partitioned_tables_are_listed_and_nothing_else(
    postgres: Server, database: str
) -> None:
    catalog = _catalog(postgres, database)
    assert (catalog.dialect, catalog.schema) == ("postgresql", "public")
    assert list(catalog.tables) == [
        "Party", "abroad", "bare", "child", "gone", "grandchild", "itself", "of_part", "part",
    ]


def test_columns_have_their_types_without_domains_and_without_generated_ones(
    postgres: Server, database: str
) -> None:
    catalog = _catalog(postgres, database)
    party = catalog.tables["Party"]
    assert [
        (column.name, wire_type("postgresql", column.type, column.name in party.enums))
        for column in party.columns
    ] == [
        ("id", "integer"), ("name", "text"), ("m", "enum"), ("ms", "enum[]"), ("x", "numeric"),
        ("y", "enum"), ("z", "numeric[]"),
    ]
    assert party.columns[1] == CatalogColumn(
        name="name", type="character varying(80)", nullable=False
    )
    assert {c.name for c in party.columns if not c.nullable} == {"id", "name", "x"}
    assert [c.name for c in catalog.tables["gone"].columns] == ["id", "b"]
    assert wire_type("postgresql", catalog.tables["bare"].columns[0].type) is None


def test_keys_keep_the_order_of_their_columns(postgres: Server, database: str) -> None:
    tables = _catalog(postgres, database).tables
    assert tables["child"].key == ("b", "a")
    assert tables["bare"].key == ()
    assert tables["child"].foreign_keys == (
        ForeignKey(columns=("b",), target="Party", target_columns=("id",), cascades=True),
    )
    assert tables["grandchild"].foreign_keys == (
        ForeignKey(columns=("y", "x"), target="child", target_columns=("b", "a"), cascades=False),
    )
    assert tables["itself"].foreign_keys == (
        ForeignKey(columns=("parent",), target="itself", target_columns=("id",), cascades=False),
    )
    assert tables["of_part"].foreign_keys == (
        ForeignKey(columns=("p", "d"), target="part", target_columns=("id", "day"), cascades=False),
    )


def test_a_foreign_key_to_another_schema_says_so(postgres: Server, database: str) -> None:
    abroad = _catalog(postgres, database).tables["abroad"]
    assert [key.target for key in abroad.foreign_keys] == ["other.elsewhere"]


def test_four_hundred_tables_are_read_at_once(postgres: Server, database: str) -> None:
    columns = ", ".join(f"c{number} varchar(80)" for number in range(15))
    postgres.run(
        "do $$ begin for i in 1..400 loop execute format("
        f"'create table t%s (id serial primary key, {columns}, up int references t%s)',"
        " i, greatest(i - 1, 1)); end loop; end $$",
        database=database,
    )
    with open_snapshot(postgres.url(database)) as snapshot:
        started = time.perf_counter()
        catalog = read_catalog(snapshot, "public")
        took = time.perf_counter() - started
    assert len(catalog.tables) == 400
    assert sum(len(table.foreign_keys) for table in catalog.tables.values()) == 400
    assert took < 2, "it takes 0.15 s on two slow cores"


def test_a_file_of_sqlite_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "t.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("""
            create table "Party" (id integer primary key autoincrement, name varchar(80) not null,
                double integer generated always as (id * 2) stored);
            create table child (a int, b int references party on delete cascade,
                primary key (b, a)) without rowid;
            create table grandchild (id integer primary key, x int, y int,
                foreign key (y, x) references child (b, a));
            create table legacy (k text primary key, n);
            create view seen as select 1 as one;
            create virtual table found using fts5 (words);
        """)
    with open_snapshot(f"sqlite:///{file}") as snapshot:
        catalog = read_catalog(snapshot)
    assert (catalog.dialect, catalog.schema) == ("sqlite", None)
    assert list(catalog.tables) == ["Party", "child", "grandchild", "legacy"]
    assert catalog.tables["Party"].columns == (
        CatalogColumn(name="id", type="integer", nullable=False),
        CatalogColumn(name="name", type="varchar(80)", nullable=False),
    )
    assert catalog.tables["child"].key == ("b", "a")
    assert not any(column.nullable for column in catalog.tables["child"].columns)
    assert catalog.tables["child"].foreign_keys == (
        ForeignKey(columns=("b",), target="Party", target_columns=("id",), cascades=True),
    )
    assert catalog.tables["grandchild"].foreign_keys == (
        ForeignKey(columns=("y", "x"), target="child", target_columns=("b", "a"), cascades=False),
    )
    assert catalog.tables["legacy"].columns == (
        CatalogColumn(name="k", type="text", nullable=True),
        CatalogColumn(name="n", type="", nullable=True),
    )
