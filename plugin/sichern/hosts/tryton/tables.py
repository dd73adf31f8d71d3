"""Where Tryton's tables are in its database, and which columns they have."""

from collections.abc import Mapping

from sichern_hooks import Reader

_SCHEMA = """
    SELECT pg_namespace.nspname FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    WHERE pg_class.relname = 'ir_module' AND pg_class.relkind = 'r'
    ORDER BY pg_namespace.nspname = current_user DESC, pg_namespace.nspname = 'public' DESC
"""
_COLUMNS_POSTGRESQL = """
    SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema
"""
_COLUMNS_SQLITE = """
    SELECT tables.name, columns.name FROM sqlite_master AS tables
    JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'
"""


def schema_of(reader: Reader) -> str | None:
    """The schema that holds Tryton's tables, as its search path finds them; None on SQLite."""
    if reader.dialect != "postgresql":
        return None
    found = [str(row[0]) for row in reader.rows(_SCHEMA)]
    return found[0] if found else "public"


def columns_of(reader: Reader, schema: str | None) -> Mapping[str, frozenset[str]]:
    """The columns that the tables have, whether a field knows them or not."""
    rows = (
        reader.rows(_COLUMNS_POSTGRESQL, {"schema": schema})
        if schema is not None
        else reader.rows(_COLUMNS_SQLITE)
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(str(table), set()).add(str(column))
    return {table: frozenset(columns) for table, columns in found.items()}


def quoted(name: str) -> str:
    """A name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: str, schema: str | None) -> str:
    """The name of a table or sequence with its schema: an import's search path is empty."""
    return f"{quoted(schema)}.{quoted(name)}" if schema is not None else quoted(name)
