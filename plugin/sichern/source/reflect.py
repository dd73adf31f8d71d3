"""Read what a database says of its tables, straight from its own catalog."""

from sichern.source import catalog_postgresql, catalog_sqlite
from sichern.source.snapshot import Snapshot
from sichern.tenancy.catalog import Catalog


def read_catalog(snapshot: Snapshot, schema: str | None = None) -> Catalog:
    """Give the base tables of one schema, in the order of their names.

    Without a schema it is `public` on PostgreSQL; SQLite has none. Partitioned tables stand
    for their partitions; views, foreign tables and virtual tables are not listed, nor are
    generated columns, which a database computes again. A domain counts as its base type. A
    foreign key to a table of another schema names it as `schema.table`.
    """
    if snapshot.dialect == "postgresql":
        schema = schema or "public"
        tables = catalog_postgresql.read_tables(snapshot, schema)
    else:
        schema = None
        tables = catalog_sqlite.read_tables(snapshot)
    return Catalog(
        dialect=snapshot.dialect,
        schema=schema,
        tables={table.name: table for table in sorted(tables, key=lambda table: table.name)},
    )
