"""A query for rows as lines of the archive, as it is sent to another session."""

from collections.abc import Sequence
from dataclasses import dataclass

from sichern.schema.columns import WireColumn


@dataclass(frozen=True, kw_only=True)
class Query:
    """Text of SQL that gives the values of `columns` in this order; `key` names some of them.

    PostgreSQL writes lines by itself, and needs the text alone.
    """

    sql: str
    table: str
    columns: Sequence[WireColumn]
    key: Sequence[str]
