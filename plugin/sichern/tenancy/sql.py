"""Names, keys and references as SQL text, spelled for each database where they differ.

Text rather than SQLAlchemy's expressions: a closure is a thousand small statements, and building
and compiling each of them took three quarters of a plan's time. Every constant goes through
`literal` or is a number of our own; names go through `name`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sichern.tenancy.model import ForeignLink, TenancyModel, TenantTable
from sichern_hooks import Polymorphic

KEY_SEPARATOR = ","


def name(identifier: str) -> str:
    """Quote an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text; the snapshot's session takes backslashes as they are."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Sql:
    """Spells the parts of statements; `alias` arguments are SQL already."""

    model: TenancyModel

    @property
    def _postgresql(self) -> bool:
        return self.model.dialect == "postgresql"

    def table(self, table: str) -> str:
        """A table's name with its schema."""
        schema = self.model.schema
        return f"{name(schema)}.{name(table)}" if schema else name(table)

    def column(self, alias: str, column: str) -> str:
        """A column of a table."""
        return f"{alias}.{name(column)}"

    def bytewise(self, text: str) -> str:
        """Text compared byte by byte, whatever collation its column has."""
        return f'({text}) COLLATE "C"' if self._postgresql else f"({text}) COLLATE BINARY"

    def key(self, alias: str, columns: Sequence[str], integer: bool) -> str:
        """The value that stands for a key: the column where it is one integer, else text."""
        if integer:
            return self.column(alias, columns[0])
        parts = [f"CAST({self.column(alias, column)} AS TEXT)" for column in columns]
        return self.bytewise(f" || '{KEY_SEPARATOR}' || ".join(parts))

    def own_key(self, table: TenantTable, alias: str) -> str:
        """The key of the rows of a table themselves."""
        return self.key(alias, table.key, table.integer_key)

    def kind(self, alias: str, link: Polymorphic) -> str:
        """What a polymorphic reference says of its target: the text before the first comma."""
        column = self.column(alias, link.column)
        if self._postgresql:
            return f"split_part({column}, ',', 1)"
        comma = f"instr({column}, ',')"
        return f"CASE WHEN {comma} > 0 THEN substr({column}, 1, {comma} - 1) ELSE {column} END"

    def _polymorphic_key(self, alias: str, link: Polymorphic, target: TenantTable) -> str:
        """The key in a polymorphic reference; NULL where it is none (`model,-1`, `model,`)."""
        if link.key_column is not None:
            column = self.column(alias, link.key_column)
            if target.integer_key:
                return f"CASE WHEN {column} >= 0 THEN {column} END"
            return self.bytewise(f"CAST({column} AS TEXT)")
        column = self.column(alias, link.column)
        rest = f"substr({column}, length({self.kind(alias, link)}) + 2)"
        if not target.integer_key:
            return self.bytewise(f"nullif({rest}, '')")
        if self._postgresql:
            return f"CASE WHEN {rest} ~ '^[0-9]{{1,18}}$' THEN CAST({rest} AS bigint) END"
        digits = f"{rest} <> '' AND {rest} NOT GLOB '*[^0-9]*'"
        return f"CASE WHEN {digits} THEN CAST({rest} AS INTEGER) END"

    def link_key(self, alias: str, link: ForeignLink | Polymorphic, target: TenantTable) -> str:
        """The key of the target as the source's row holds it."""
        if isinstance(link, Polymorphic):
            return self._polymorphic_key(alias, link, target)
        return self.key(alias, link.columns, target.integer_key and self.by_key(link, target))

    def link_target(self, alias: str, link: ForeignLink | Polymorphic, target: TenantTable) -> str:
        """The columns of the target that a link's key is compared with."""
        if isinstance(link, Polymorphic) or self.by_key(link, target):
            return self.own_key(target, alias)
        return self.key(alias, link.target_columns, integer=False)

    def by_key(self, link: ForeignLink | Polymorphic, target: TenantTable) -> bool:
        """Whether a link holds the target's primary key, not another of its columns."""
        return isinstance(link, Polymorphic) or link.target_columns == target.key

    def of_kind(self, alias: str, link: ForeignLink | Polymorphic, kind: str | None) -> str:
        """Rows whose polymorphic reference names this kind; all rows for a plain reference."""
        if isinstance(link, Polymorphic) and kind is not None:
            return f"{self.kind(alias, link)} = {literal(kind)}"
        return "true"

    def tenant_value(self, table: TenantTable, key: str) -> str:
        """The tenant's key as a value of the table's tenant column.

        Raises ValueError where the key is no integer and the column is one.
        """
        integer = table.wires[str(table.tenant)] == "integer"
        return str(int(key)) if integer else literal(key)
