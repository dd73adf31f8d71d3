"""A small shared database of two tenants that has each kind of row, on either database."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from sichern_hooks import (
    Description,
    DocumentColumn,
    ExternalIdentities,
    Polymorphic,
    Reference,
    Role,
    Table,
)

SCHEMA = """
create table company (id integer primary key, name text, party integer);
create table users (id integer primary key, login text, password text);
create table session (id integer primary key, token text);
create table unit (id integer primary key, symbol text);
create table names (id integer primary key, model text, db_id integer, module text, fs_id text);
create table party (id integer primary key, name text, parent integer references party (id),
    created_by integer);
create table address (id integer primary key, party integer not null
    references party (id) on delete cascade, street text);
create table category (id integer primary key, name text, parent integer);
create table party_category (party integer not null, category integer not null,
    primary key (party, category));
create table product (id integer primary key, name text, unit integer references unit (id));
create table cost (id integer primary key, product integer, company integer, amount numeric);
create table lot (id integer primary key, product integer not null, number text);
create table invoice (id integer primary key, company integer not null, party integer not null,
    address integer, origin text, intercompany integer, number text);
create table line (id integer primary key, invoice integer not null
    references invoice (id) on delete cascade, product integer, lot integer, amount numeric);
create table counter (id integer primary key, company integer, name text);
create table attachment (id integer primary key, resource text, name text, data text);
create table translation (id integer primary key, name text, res_id integer, value text,
    module text)
"""


def create(connection: sa.Connection, rows: Mapping[str, Sequence[Sequence[object]]]) -> None:
    """Create the tables and put the rows in."""
    for statement in SCHEMA.split(";"):
        connection.exec_driver_sql(statement)
    for table, values in rows.items():
        for row in values:
            marks = ", ".join(f":p{place}" for place in range(len(row)))
            connection.execute(
                sa.text(f"insert into {table} values ({marks})"),
                {f"p{place}": value for place, value in enumerate(row)},
            )
    connection.commit()


ROWS: dict[str, list[tuple[object, ...]]] = {
    "company": [(1, "Alpha", 1), (2, "Beta", 2)],
    "users": [(1, "anna", "secret-a"), (2, "bernd", "secret-b")],
    "session": [(1, "token")],
    "unit": [(1, "u"), (2, "box")],
    "names": [(1, "unit", 1, "product", "unit_u")],
    "party": [
        (1, "Alpha itself", None, 1),
        (2, "Beta itself", None, 2),
        (7, "parent of Alpha's", None, 2),
        (3, "used by Alpha", 7, 1),
        (4, "used by Beta", None, 2),
        (5, "used by both", None, 1),
        (6, "used by nobody", None, 1),
        (8, "reached by Alpha's address only", None, 1),
    ],
    "address": [
        (1, 3, "A-Weg"),
        (2, 4, "B-Weg"),
        (3, 5, "AB-Weg"),
        (4, 6, "N-Weg"),
        (5, 8, "X-Weg"),
    ],
    "category": [(1, "good", 2), (2, "all", None), (3, "bad", None), (4, "unused", None)],
    "party_category": [(3, 1), (4, 3), (6, 3)],
    "product": [(1, "shared", 1), (2, "only Beta", 2), (3, "unused", 2), (4, "carried by Beta", 1)],
    "cost": [(1, 1, 1, "1.10"), (2, 1, 2, "2.20"), (3, 1, None, "3.30"), (4, 4, 2, "9")],
    "lot": [(1, 1, "A1"), (2, 1, "B1"), (3, 1, "free"), (4, 2, "on Beta's product")],
    "invoice": [
        (1, 1, 3, 1, "invoice,2", None, "R1"),
        (2, 1, 5, 5, "invoice,-1", 3, "R2"),
        (3, 2, 4, 2, "invoice,1", 1, "R1"),
        (4, 2, 5, 3, None, None, "R2"),
    ],
    "line": [(1, 1, 1, 1, "10"), (2, 2, 1, None, "20"), (3, 3, 1, 2, "30"), (4, 4, 2, 4, "40")],
    "counter": [(1, 1, "A"), (2, 2, "B"), (3, None, "both")],
    "attachment": [
        (1, "invoice,1", "a.pdf", "A"),
        (2, "invoice,3", "b.pdf", "B"),
        (3, "party,3", "p3.pdf", "P"),
        (4, "party,4", "p4.pdf", "Q"),
        (5, "party,5", "p5.pdf", "R"),
        (6, "unknown,5", "x.pdf", "X"),
        (7, "unit,1", "u.pdf", "U"),
    ],
    "translation": [
        (1, "product,name", 1, "geteilt", None),
        (2, "product,name", 2, "nur Beta", None),
        (3, "help,text", -1, "Hilfe", "product"),
        (4, "unit,symbol", 1, "Stück", "product"),
        (5, "unit,symbol", 1, "St.", None),
    ],
}


def description(schema: str | None = None) -> Description:
    """Describe the tables as a host would."""
    resources = {name: name for name in ("invoice", "party", "product", "unit")}
    tables = [
        Table(
            name="company",
            role=Role.OWNED,
            tenant="id",
            references=(Reference(columns=("party",), target="party"),),
        ),
        Table(
            name="users",
            role=Role.IDENTITY,
            natural_keys=(("login",),),
            secrets=frozenset({"password"}),
        ),
        Table(name="session", role=Role.PRIVATE),
        Table(name="unit", role=Role.SHARED),
        Table(name="names", role=Role.PRIVATE),
        Table(
            name="party",
            role=Role.SHARED,
            references=(Reference(columns=("created_by",), target="users"),),
        ),
        Table(name="category", role=Role.SHARED, references=(_to("parent", "category"),)),
        Table(
            name="party_category",
            role=Role.PART_OF,
            parent="party",
            references=(_to("party", "party"), _to("category", "category")),
        ),
        Table(name="product", role=Role.SHARED),
        Table(
            name="cost",
            role=Role.PART_OF,
            tenant="company",
            parent="product",
            references=(_to("product", "product"), _to("company", "company")),
            types={"amount": "numeric"},
        ),
        Table(
            name="lot",
            role=Role.USED_WITH,
            parent="product",
            references=(_to("product", "product"),),
        ),
        Table(
            name="invoice",
            role=Role.OWNED,
            tenant="company",
            references=(
                _to("company", "company"),
                _to("party", "party"),
                _to("address", "address"),
                _to("intercompany", "invoice"),
                Polymorphic(column="origin", targets=resources),
            ),
        ),
        Table(name="counter", role=Role.SHARED, tenant="company"),
        Table(
            name="line",
            role=Role.OWNED,
            parent="invoice",
            references=(_to("product", "product"), _to("lot", "lot")),
            types={"amount": "numeric"},
        ),
        Table(
            name="attachment",
            role=Role.USED_WITH,
            parent="resource",
            references=(Polymorphic(column="resource", targets=resources),),
            documents=(DocumentColumn(label="data", data="data", name="name"),),
        ),
        Table(
            name="translation",
            role=Role.PART_OF,
            parent="name",
            shipped="module",
            references=(Polymorphic(column="name", key_column="res_id", targets=resources),),
        ),
    ]
    return Description(
        tables={table.name: table for table in tables},
        schema=schema,
        external=ExternalIdentities(
            table="names",
            kind="model",
            key="db_id",
            names=("module", "fs_id"),
            targets={"unit": "unit"},
        ),
    )


def _to(column: str, target: str) -> Reference:
    return Reference(columns=(column,), target=target)
