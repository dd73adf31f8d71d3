"""Rows per second from a database to text: marshmallow's own way against ours.

The rival reads the rows with SQLAlchemy and writes JSON of `Schema.dump(many=True)`; ours are
the lines of the archive, on the portable path from SQLite and from PostgreSQL, and on the fast
path, which is PostgreSQL's COPY.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import marshmallow
import sqlalchemy as sa

from sichern.schema.columns import WireColumn
from sichern.source.rows import Path, read_rows
from sichern.source.snapshot import open_snapshot
from tests.bench.data import bench_server, line_database
from tests.bench.data_sqlite import line_file
from tests.bench.harness import Bench, Ratio, Run

ROWS = 1_000_000
DUMPED = 50_000
"""Rows of the rival, which would take half a minute for all of them."""
WIRES = {
    "id": "integer",
    "company": "integer",
    "invoice": "integer",
    "product": "integer",
    "description": "text",
    "quantity": "numeric",
    "unit_price": "numeric",
    "amount": "numeric",
    "create_date": "timestamp",
    "invoice_date": "date",
    "active": "boolean",
    "note": "text",
}
COLUMNS = [WireColumn(name=name, wire=wire, nullable=name != "id") for name, wire in WIRES.items()]


class Line(marshmallow.Schema):
    """The table as one would write it down."""

    id = marshmallow.fields.Integer()
    company = marshmallow.fields.Integer()
    invoice = marshmallow.fields.Integer()
    product = marshmallow.fields.Integer()
    description = marshmallow.fields.String()
    quantity = marshmallow.fields.Decimal(as_string=True)
    unit_price = marshmallow.fields.Decimal(as_string=True)
    amount = marshmallow.fields.Decimal(as_string=True)
    create_date = marshmallow.fields.DateTime()
    invoice_date = marshmallow.fields.Date()
    active = marshmallow.fields.Boolean()
    note = marshmallow.fields.String(allow_none=True)


def _theirs(url: str) -> float:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    start = time.perf_counter()
    with engine.connect() as connection:
        query = sa.text(f"select * from line order by id limit {DUMPED}")
        rows = connection.execute(query).mappings().all()
        assert Line(many=True).dumps(rows)
    return DUMPED / (time.perf_counter() - start)


def _ours(url: str, path: Path) -> float:
    table = sa.table("line", *(sa.column(name) for name in WIRES), schema=_schema(url))
    start = time.perf_counter()
    with open_snapshot(url) as snapshot:
        blocks = read_rows(snapshot, table, COLUMNS, ["id"], None, path=path)
        assert sum(block.count(b"\n") for block in blocks) == ROWS
    return ROWS / (time.perf_counter() - start)


def _schema(url: str) -> str | None:
    return "public" if url.startswith("postgresql") else None


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server:
        url = server.url(line_database(server, ROWS))
        file = f"sqlite:///{line_file(ROWS)}"
        yield {
            "marshmallow": lambda: {"marshmallow rows/s": _theirs(url)},
            "portable": lambda: {"portable rows/s": _ours(file, "portable")},
            "portable-pg": lambda: {"portable, PostgreSQL rows/s": _ours(url, "portable")},
            "fast": lambda: {"fast rows/s": _ours(url, "fast")},
        }


BENCH = Bench(
    name="marshmallow",
    work="rows to text, reading them included",
    sides=_sides,
    ratios=(
        Ratio(over="portable rows/s", under="marshmallow rows/s", at_least=8),
        Ratio(over="portable, PostgreSQL rows/s", under="marshmallow rows/s"),
        Ratio(over="fast rows/s", under="marshmallow rows/s", at_least=20),
    ),
)
