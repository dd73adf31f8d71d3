"""A company with its documents against what Odoo does: a dump to a file, then a zip over both.

Odoo writes a plain dump (`pg_dump --no-owner`) and the documents into a folder, and zips that
folder with Python's `zipfile`. The documents are PDFs, which hardly compress.
"""

import random
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from sichern.backup import back_up
from sichern_hooks import (
    Description,
    Destination,
    DocumentColumn,
    DocumentRef,
    Outcome,
    Reader,
    TenantRef,
    create_manager,
    hookimpl,
)
from tests.bench.data import bench_cache, bench_server, kept_database, line_database
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import ADMIN, DESCRIPTION, LineHost, LineSource
from tests.bench.rivals import program, settle
from tests.support.postgres import Server

ROWS = 1_000_000
FILES = 400
SIZE = 500_000


def _documents() -> Path:
    """Give the store: files of noise, as compressed as a PDF is."""
    store = bench_cache() / f"store-{FILES}-{SIZE}"
    if not store.exists():
        part = store.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        noise = random.Random(1)  # noqa: S311 - data, no secret
        for number in range(1, FILES + 1):
            (part / f"{number}.pdf").write_bytes(b"%PDF-1.4\n" + noise.randbytes(SIZE))
        part.rename(store)
    return store


def _database(server: Server) -> str:
    lines = line_database(server, ROWS)

    def fill(name: str) -> None:
        server.drop_database(name)
        server.create_database(name, lines)
        server.run(
            "create table document (id int primary key, company int not null, file text)",
            f"insert into document select i, 1, i || '.pdf' from generate_series(1, {FILES}) i",
            database=name,
        )

    return kept_database(server, f"{lines}_documents", fill)


@dataclass(frozen=True, kw_only=True)
class StoreSource(LineSource):
    """The lines, and documents in a folder."""

    store: Path

    def describe(self, reader: Reader) -> Description:
        """The tables of the lines, and one of documents."""
        lines = DESCRIPTION.tables
        column = DocumentColumn(label="file", locator="file", name="file")
        document = replace(lines["line"], name="document", documents=(column,))
        return Description(tables={**lines, "document": document})

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """A file of the folder."""
        return (self.store / document.locator).open("rb")

    def document_size(self, document: DocumentRef) -> int:
        """Its size."""
        return (self.store / document.locator).stat().st_size


@dataclass(frozen=True, kw_only=True)
class StoreHost(LineHost):
    """The host of the lines with its documents."""

    store: Path

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> StoreSource:
        """Open a company."""
        return StoreSource(database=self.url, store=self.store)


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with bench_server() as server, tempfile.TemporaryDirectory() as made:
        database, store = _database(server), _documents()
        folder, pairs = Path(made), Path(made, "pairs")

        def odoo() -> None:
            dump = folder / "dump.sql"
            command = [
                program("pg_dump"), "--no-owner", "-f", str(dump), server.uri(database)
            ]  # fmt: skip
            subprocess.run(command, check=True)
            _zip(folder / "backup.zip", [dump, *sorted(store.iterdir())])
            dump.unlink()

        def ours() -> None:
            shutil.rmtree(pairs, ignore_errors=True)
            pairs.mkdir()
            manager = create_manager(StoreHost(url=server.url(database), store=store))
            tenants = manager.hook.sichern_tenants(actor=ADMIN)
            report = back_up(manager, ADMIN, tenants, Destination(path=str(pairs)))
            assert report.outcome is Outcome.COMPLETE, report.tenants[0].error

        yield {"pg_dump, then zipfile": odoo, "sichern": ours}


def _zip(target: Path, files: Iterable[Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for file in files:
            archive.write(file, file.name)
    settle(target)


BENCH = Bench(
    name="odoo-way",
    work=f"{ROWS:,} lines and {FILES} documents of {SIZE / 1e6:g} MB",
    sides=_sides,
    ratios=(Ratio(over="pg_dump, then zipfile", under="sichern", at_least=5),),
    runs=3,
)
