"""From a database's own spelling of a type to the wire type; what is not listed is unknown."""

import re
from collections.abc import Mapping

from sichern.schema.fields import CAST, VERBATIM

_POSTGRESQL: Mapping[str, str] = {
    "boolean": "boolean",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "numeric",
    "double precision": "float",
    "real": "float4",
    "text": "text",
    "character varying": "text",
    "character": "text",
    "bpchar": "text",
    "citext": "text",
    "public.citext": "text",
    "bytea": "bytes",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "jsonb",
    "date": "date",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "interval": "interval",
    "bit varying": "varbit",
    **{name: name for name in (*VERBATIM, *CAST)},
}
_SQLITE: Mapping[str, str] = {
    "bool": "boolean",
    "boolean": "boolean",
    "int": "integer",
    "integer": "integer",
    "tinyint": "integer",
    "smallint": "integer",
    "mediumint": "integer",
    "bigint": "integer",
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "numeric": "numeric",
    "decimal": "numeric",
    "real": "float",
    "float": "float",
    "double": "float",
    "double precision": "float",
    "text": "text",
    "clob": "text",
    "char": "text",
    "character": "text",
    "varchar": "text",
    "character varying": "text",
    "nchar": "text",
    "nvarchar": "text",
    "blob": "bytes",
    "uuid": "uuid",
    "json": "json",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "timestamp": "timestamp",
    "interval": "interval",
}
_DIALECTS = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE}
_MODIFIER = re.compile(r" ?\([^()]*\)")
_INTERVAL = re.compile(r"interval\b.*")


def wire_type(dialect: str, database_type: str, enum: bool = False) -> str | None:
    """Name the wire type of a column; None where it is unknown.

    `database_type` is what `CatalogColumn.type` holds: `format_type` of PostgreSQL with its
    modifiers (`numeric(16,4)`, `timestamp(6) without time zone`, `integer[]`), the declared
    type of SQLite. `enum` says that the type, or an array's element, is an enumeration.
    """
    spelled = database_type.strip().lower()
    if dialect == "postgresql" and spelled.endswith("[]"):
        element = wire_type(dialect, spelled.removesuffix("[]"), enum)
        return f"{element}[]" if element is not None else None
    if enum:
        return "enum"
    spelled = _INTERVAL.sub("interval", _MODIFIER.sub("", spelled))
    return _DIALECTS.get(dialect, {}).get(spelled)
