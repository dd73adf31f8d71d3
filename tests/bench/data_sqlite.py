"""The lines of the benchmarks in a file of SQLite, stored as Tryton stores them."""

import datetime as dt
import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.data import bench_cache
from tests.support.tryton import locked

_TABLES = """
create table company (id integer primary key, name varchar);
create table line (id integer primary key, company integer references company (id),
    invoice integer, product integer, description varchar, quantity numeric(16,4),
    unit_price numeric(16,4), amount numeric(16,2), create_date timestamp, invoice_date date,
    active boolean, note text);
insert into company values (1, 'Firma 1');
"""


def line_file(rows: int) -> Path:
    """Give the kept file with `rows` lines of one company; in WAL mode."""
    file = bench_cache() / f"line_{rows}.sqlite"
    with locked(file):
        if not file.exists():
            part = file.with_suffix(".part")
            part.unlink(missing_ok=True)
            with closing(sqlite3.connect(part)) as connection:
                connection.executescript(_TABLES)
                marks = ", ".join("?" * 12)
                connection.executemany(f"insert into line values ({marks})", _lines(rows))
                connection.commit()
                connection.execute("pragma journal_mode = wal")
            part.rename(file)
    return file


def _lines(rows: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(5)  # noqa: S311
    moment, day = dt.datetime(2020, 1, 1), dt.date(2020, 1, 1)  # noqa: DTZ001
    for number in range(1, rows + 1):
        article = hashlib.sha256(str(number % 5000).encode()).hexdigest()[:32]
        yield (
            number,
            1,
            number // 7,
            int(chance.random() * 5000),
            f"Artikel {article} Größe {number % 50}",
            # Tryton stores the digits as bytes.
            f"{chance.random() * 100:.4f}".encode(),
            f"{chance.random() * 900:.4f}".encode(),
            f"{chance.random() * 9000:.2f}".encode(),
            str(moment + dt.timedelta(seconds=37 * number)),
            str(day + dt.timedelta(days=number // 5000)),
            number % 9 != 0,
            f'Lieferung gemäß Auftrag "{number}", bitte prüfen' if number % 5 == 0 else None,
        )
