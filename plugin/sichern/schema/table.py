"""One marshmallow schema per table, built from its columns: a row to a line and back."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, cast

import marshmallow

from sichern.schema import tsv
from sichern.schema.columns import WireColumn
from sichern.schema.errors import MalformedRow
from sichern.schema.fields import wire_field
from sichern.schema.wire import Wire

Row = tuple[Any, ...]
Texts = Callable[[Sequence[object]], Sequence[str]]
_NONE = type(None)


class TableSchema(marshmallow.Schema):
    """The schema of one table; `dump` and `load` take rows as mappings from column to value.

    `dump` gives the texts by column, `load` takes them; None is NULL. `dump_line` and
    `load_line` do the same for a whole line of the archive.
    """

    # The fields have names of their own and the columns' names as `data_key`: a column can be
    # called `Meta` or `a.b`, which mean something to marshmallow.

    table: str
    columns: tuple[WireColumn, ...]

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Take a column's value from a row."""
        return obj.get(self.fields[attr].data_key, default)

    @marshmallow.post_load
    def _name_columns(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        return {str(self.fields[attr].data_key): value for attr, value in data.items()}

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """The fields in the order of the columns."""
        return tuple(cast(Wire, self.fields[_field(n)]) for n in range(len(self.columns)))

    def dump_line(self, row: Sequence[object]) -> bytes:
        """Write a row, its values in the order of the columns, as one line with its line feed."""
        return self.line_writer()([row])

    def load_line(self, line: bytes) -> Row:
        """Read one line, with or without its line feed, into values in the order of the columns.

        Raises MalformedText, MalformedRow.
        """
        return tuple(
            None if text is None else wire.value(text)
            for wire, text in zip(self.wires, self.load_texts(line), strict=True)
        )

    def load_texts(self, line: bytes) -> list[str | None]:
        """Read one line as `load_line`, into the texts of its values.

        Raises MalformedText, MalformedRow.
        """
        texts = tsv.values(line)
        if len(texts) != len(self.columns):
            raise MalformedRow(
                table=self.table, reason=f"{len(texts)} / {len(self.columns)}"
            )
        for column, text in zip(self.columns, texts, strict=True):
            if text is None and not column.nullable:
                raise MalformedRow(table=self.table, reason=f"{column.name} NULL")
        return texts

    def line_writer(self, stored: bool = False) -> Callable[[Sequence[Sequence[object]]], bytes]:
        """Make a function that writes rows, one at least, as lines: a column at a time.

        `stored` takes values as SQLite stores them, otherwise they are the fields' own. The
        function raises UnreadableValue.
        """
        writers = [_column_writer(wire, stored) for wire in self.wires]

        def write(rows: Sequence[Sequence[object]]) -> bytes:
            columns = zip(*rows, strict=True)
            texts = [write(values) for write, values in zip(writers, columns, strict=True)]
            return ("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n").encode()

        return write


def _field(number: int) -> str:
    return f"column_{number}"


def _column_writer(wire: Wire, stored: bool) -> Texts:
    texts = wire.stored_texts if stored else wire.texts

    def write(values: Sequence[object]) -> Sequence[str]:
        kinds = set(map(type, values))
        if _NONE not in kinds:
            return written(values, kinds)
        kinds.remove(_NONE)
        if not kinds:
            return [tsv.NULL] * len(values)
        present = iter(written([value for value in values if value is not None], kinds))
        return [tsv.NULL if value is None else next(present) for value in values]

    def written(values: Sequence[object], kinds: set[type]) -> Sequence[str]:
        found = texts(values, kinds.pop() if len(kinds) == 1 else None)
        return found if wire.plain else tsv.escape_all(found)

    return write


def table_schema(name: str, columns: Sequence[WireColumn]) -> TableSchema:
    """Build the schema of a table.

    Raises UnknownWireType.
    """
    wires: dict[str, Any] = {
        _field(number): wire_field(
            column.wire, required=True, allow_none=column.nullable, data_key=column.name
        )
        for number, column in enumerate(columns)
    }
    made = TableSchema.from_dict(wires, name=name)
    schema = cast(TableSchema, made())
    schema.table = name
    schema.columns = tuple(columns)
    return schema
