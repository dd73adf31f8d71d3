"""Numbers of records that all companies share: the next ones of Tryton's own sequences.

Followed is `trytond/ir/sequence.py` of 8.0, in SQL: the import's transaction holds the locks, so
Tryton's own could only wait for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from string import Template
from typing import Any

from sichern.hosts.tryton.counters import SEQUENCES
from sichern.hosts.tryton.tables import qualified, quoted
from sichern_hooks import Writer

FAR = 1000
"""Free numbers after which a number that is taken counts as made up by somebody, not counted."""
BATCH = 100
"""Numbers asked at least at once, where some are taken."""


@dataclass(frozen=True, kw_only=True)
class Configured:
    """Where a table's sequence is chosen: `column` of the one row of `table`.

    `shipped` is the sequence, by module and name, that counts while there is no such row.
    Without a `table` there may be a choice for each company: its sequence is that company's own
    and comes in with it, and `shipped` counts for all others.
    """

    table: str = ""
    column: str = ""
    shipped: tuple[str, str] | None = None


NUMBERED: Mapping[tuple[str, str], Configured] = {
    ("party_party", "code"): Configured(
        table="party_configuration_party_sequence",
        column="party_sequence",
        shipped=("party", "sequence_party"),
    ),
    ("product_category", "code"): Configured(
        table="product_configuration", column="category_sequence"
    ),
    ("product_product", "suffix_code"): Configured(
        table="product_configuration", column="product_sequence"
    ),
    ("product_template", "code"): Configured(
        table="product_configuration", column="template_sequence"
    ),
    ("project_work", "number"): Configured(
        table="project_configuration_sequence",
        column="work_sequence",
        shipped=("project", "sequence_work"),
    ),
    # Papers of a company, whose numbers all companies draw from one sequence unless they have
    # their own: nothing forbids a number to come twice, but one company's should go on.
    **{
        (table, "number"): Configured(shipped=(module, f"sequence_{name}"))
        for table, module, name in (
            ("account_asset", "account_asset", "asset"),
            ("account_landed_cost", "account_stock_landed_cost", "landed_cost"),
            ("account_move_reconciliation", "account", "account_move_reconciliation"),
            ("account_payment", "account_payment", "account_payment"),
            ("account_payment_group", "account_payment", "account_payment_group"),
            ("production", "production", "production"),
            ("purchase_purchase", "purchase", "purchase"),
            ("sale_opportunity", "sale_opportunity", "sale_opportunity"),
            ("sale_sale", "sale", "sale"),
            ("sale_subscription", "sale_subscription", "subscription"),
            ("stock_inventory", "stock", "inventory"),
            ("stock_package", "stock_package", "package"),
            ("stock_shipment_in", "stock", "shipment_in"),
            ("stock_shipment_in_return", "stock", "shipment_in_return"),
            ("stock_shipment_internal", "stock", "shipment_internal"),
            ("stock_shipment_out", "stock", "shipment_out"),
            ("stock_shipment_out_return", "stock", "shipment_out_return"),
        )
    },
}
"""Columns that Tryton fills from a sequence which companies share."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A row of `ir_sequence`. `kind` is its type; `object` the sequence object of PostgreSQL."""

    id: int
    kind: str
    prefix: str
    suffix: str
    step: int
    padding: int
    rounding: float
    offset: float
    last: int

    def text(self, number: int) -> str:
        """Write a number as Tryton does."""
        if self.kind == "hexadecimal timestamp":
            value = f"{number:X}"
        elif self.kind == "decimal timestamp":
            value = f"{number:d}"
        else:
            value = f"{number:0>{self.padding}d}"
        return f"{self.prefix}{value}{self.suffix}"

    def number(self, text: str) -> int | None:
        """Read a number that Tryton wrote; None where the text is none of this sequence's."""
        inner = text.removeprefix(self.prefix)
        inner = inner.removesuffix(self.suffix) if self.suffix else inner
        if not (inner.isascii() and inner.isdigit()):
            return None
        found = int(inner)
        return found if self.text(found) == text else None


class Numbering:
    """Gives the next values of columns that Tryton numbers, and keeps its sequences ahead."""

    def __init__(
        self,
        writer: Writer,
        schema: str | None,
        process: Callable[[str | None, date], str],
        highest: dict[tuple[str, str], int],
    ) -> None:
        """`process` puts the date into a prefix or suffix; see `affixes`.

        `highest` keeps the last numbers that were given without a sequence, by table and column.
        """
        self._writer = writer
        self._highest = highest
        self._schema = schema
        self._process = process

    def next_values(self, table: str, column: str, count: int, now: datetime) -> list[str]:
        """Give the next `count` values that no row of the table has, and take them.

        Without a sequence, the numbers behind the highest text that is one.
        """
        if count < 1:
            return []
        sequence = self._sequence(table, column, now.date())
        taken = self._taken(table, column)
        if sequence is None:
            numbers = [int(each) for each in taken if each.isascii() and each.isdigit()]
            start = max([*numbers, self._highest.get((table, column), 0)])
            self._highest[table, column] = start + count
            return [str(start + each) for each in range(1, count + 1)]
        given: list[str] = []
        for number in self._numbers(sequence, count, now):
            if (text := sequence.text(number)) not in taken:
                given.append(text)
            if len(given) == count:
                break
        return given

    def keep_ahead(self, columns: Mapping[str, Any], now: datetime) -> None:
        """Let sequences go on behind the numbers that an import brought.

        Otherwise Tryton's next number would be one that is taken: it does not try the one after,
        and on SQLite would never come past it. `columns` are the database's, by table.
        """
        for (table, column), configured in NUMBERED.items():
            if column not in columns.get(table, ()):
                continue
            if configured.table and configured.table not in columns:
                continue
            sequence = self._sequence(table, column, now.date())
            if sequence is not None and sequence.kind == "incremental":
                self._advance(sequence, self._taken(table, column))

    def _advance(self, sequence: Numbers, taken: set[str]) -> None:
        current = self._current(sequence)
        if current is None or sequence.step < 1:
            return
        free = current
        for number in sorted(filter(None, map(sequence.number, taken))):
            if number < current or (number - current) % sequence.step:
                continue
            if number - free > FAR * sequence.step:
                break
            free = number + sequence.step
        if free != current:
            self._set(sequence, free)

    # -- the sequence -------------------------------------------------------------------

    def _sequence(self, table: str, column: str, today: date) -> Numbers | None:
        configured = NUMBERED.get((table, column))
        key = self._configured(configured) if configured is not None else None
        if key is None:
            return None
        found = self._row(
            "SELECT id, type, prefix, suffix, number_increment, padding, timestamp_rounding,"
            f" timestamp_offset, last_timestamp FROM {self._table(SEQUENCES)} WHERE id = :key",
            {"key": key},
        )
        if found is None:
            return None
        id_, kind, prefix, suffix, step, padding, rounding, offset, last = found
        return Numbers(
            id=id_,
            kind=kind or "incremental",
            prefix=self._process(prefix, today),
            suffix=self._process(suffix, today),
            step=step or 1,
            padding=padding or 0,
            rounding=float(rounding or 1),
            offset=float(offset or 0),
            last=last or 0,
        )

    def _configured(self, configured: Configured) -> int | None:
        if configured.table:
            found = self._row(
                f"SELECT {quoted(configured.column)} FROM {self._table(configured.table)}"
                " ORDER BY id LIMIT 1"
            )
            if found is not None:
                return int(found[0]) if found[0] is not None else None
        if configured.shipped is None:
            return None
        module, name = configured.shipped
        shipped = self._row(
            f"SELECT db_id FROM {self._table('ir_model_data')}"
            " WHERE model = 'ir.sequence' AND module = :module AND fs_id = :name",
            {"module": module, "name": name},
        )
        return int(shipped[0]) if shipped is not None and shipped[0] is not None else None

    def _numbers(self, sequence: Numbers, count: int, now: datetime) -> Iterator[int]:
        """Take numbers; as many at once as are surely needed, then some more."""
        if sequence.kind != "incremental":
            yield from self._timestamps(sequence, now)
            return
        while True:
            yield from self._take(sequence, count)
            count = BATCH

    def _take(self, sequence: Numbers, count: int) -> list[int]:
        if self._schema is not None:
            object_ = self._object(sequence).replace("'", "''")
            return [
                int(str(row[0]))
                for row in self._writer.rows(
                    f"SELECT nextval('{object_}') FROM generate_series(1, :count)",
                    {"count": count},
                )
            ]
        start = self._current(sequence) or 1
        end = start + count * sequence.step
        self._set(sequence, end)
        return list(range(start, end, sequence.step))

    def _timestamps(self, sequence: Numbers, now: datetime) -> Iterator[int]:
        """Moments that passed, from now on backwards: those to come are Tryton's to give."""
        latest = int((now.timestamp() - sequence.offset) / sequence.rounding)
        self._writer.write(
            f"UPDATE {self._table(SEQUENCES)} SET last_timestamp = :last WHERE id = :key",
            {"last": max(latest, sequence.last), "key": sequence.id},
        )
        yield from range(latest, 0, -1)

    def _current(self, sequence: Numbers) -> int | None:
        """The next number that the sequence would give."""
        if self._schema is not None:
            found = self._row(
                f"SELECT last_value, is_called FROM {qualified(self._name(sequence), self._schema)}"
            )
            if found is None:
                return None
            return int(found[0]) + (sequence.step if found[1] else 0)
        found = self._row(
            f"SELECT number_next_internal FROM {self._table(SEQUENCES)} WHERE id = :key",
            {"key": sequence.id},
        )
        return int(found[0]) if found is not None and found[0] is not None else None

    def _set(self, sequence: Numbers, value: int) -> None:
        if self._schema is not None:
            self._writer.write(f"ALTER SEQUENCE {self._object(sequence)} RESTART WITH {value}")
        else:
            self._writer.write(
                f"UPDATE {self._table(SEQUENCES)} SET number_next_internal = :value"
                " WHERE id = :key",
                {"value": value, "key": sequence.id},
            )

    def _name(self, sequence: Numbers) -> str:
        return f"{SEQUENCES}_{sequence.id}"

    def _object(self, sequence: Numbers) -> str:
        return qualified(self._name(sequence), self._schema)

    # -- the database -------------------------------------------------------------------

    def _taken(self, table: str, column: str) -> set[str]:
        return {
            str(row[0])
            for row in self._writer.rows(
                f"SELECT {quoted(column)} FROM {self._table(table)}"
                f" WHERE {quoted(column)} IS NOT NULL"
            )
        }

    def _table(self, name: str) -> str:
        return qualified(name, self._schema)

    def _row(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Sequence[Any] | None:
        found: list[Sequence[Any]] = list(self._writer.rows(sql, parameters))
        return found[0] if found else None


def affixes(pool: Any) -> Callable[[str | None, date], str]:
    """Give Tryton's way to put a date into a prefix or suffix: `INV-${date_Y}-`."""
    sequence = pool.get("ir.sequence")

    class Substitutions(dict[str, object]):
        def __missing__(self, key: str) -> object:
            return sequence._convert_substitution_key(self, key)

    def process(text: str | None, today: date) -> str:
        return Template(text or "").safe_substitute(Substitutions(date=today))

    return process
