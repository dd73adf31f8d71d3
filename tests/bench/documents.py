"""2 GiB of PDFs from a store of files: from the store to the checked pair.

The rival copies the files, settles the copies on the disk and hashes them. Ours hashes while it
copies, and reads everything back from the device. Both read a store that is in memory (warm), or
both one that is not (cold).
"""

import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from sichern.backup import back_up
from sichern_hooks import (
    Counter,
    Description,
    Destination,
    DocumentColumn,
    DocumentRef,
    Options,
    Outcome,
    Reader,
    Role,
    SystemIdentity,
    Table,
    TenantRef,
    create_manager,
    hookimpl,
)
from tests.bench.data import bench_cache
from tests.bench.harness import Bench, Ratio, Run
from tests.bench.host import ADMIN, SYSTEM, LineHost
from tests.support.tryton import locked

SIZE = 2 << 30
_DESCRIPTION = Description(
    tables={
        "company": Table(name="company", role=Role.OWNED, tenant="id"),
        "document": Table(
            name="document",
            role=Role.OWNED,
            tenant="company",
            documents=(DocumentColumn(label="file", locator="locator", name="name"),),
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class StoreSource:
    """One company's documents."""

    database: str
    store: Path
    identity: SystemIdentity = SYSTEM

    def describe(self, reader: Reader) -> Description:
        """The two tables."""
        return _DESCRIPTION

    def counters(self, reader: Reader) -> Iterable[Counter]:
        """None."""
        return ()

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """A file of the store."""
        return (self.store / document.locator).open("rb")

    def document_size(self, document: DocumentRef) -> int:
        """Its size."""
        return (self.store / document.locator).stat().st_size

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, kw_only=True)
class StoreHost(LineHost):
    """The host of a database with a store."""

    store: Path

    @hookimpl
    def sichern_open_source(  # type: ignore[override]
        self, tenant: TenantRef
    ) -> StoreSource:
        """Open a company."""
        return StoreSource(database=self.url, store=self.store)


def document_store(size: int) -> Path:
    """Give the kept folder with `size` bytes of documents of 64 KiB to 4 MiB."""
    folder = bench_cache() / f"documents_{size}"
    with locked(folder):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            chance = random.Random(7)  # noqa: S311
            left, number = size, 0
            while left:
                length = min(left, int(65536 * 64 ** chance.random()))
                # What a PDF holds is compressed already.
                (part / f"{number:06d}.pdf").write_bytes(chance.randbytes(length))
                left, number = left - length, number + 1
            part.rename(folder)
    return folder


def document_database(file: Path, names: Sequence[str]) -> str:
    """Make a database of one company with these documents; give its URL."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "create table company (id integer primary key, name varchar);"
            "insert into company values (1, 'Firma 1');"
            "create table document (id integer primary key, company integer, locator varchar,"
            " name varchar)"
        )
        connection.executemany(
            "insert into document (company, locator, name) values (1, ?, ?)",
            [(name, name) for name in names],
        )
        connection.commit()
    return f"sqlite:///{file}"


def _forget(folder: Path) -> None:
    """Let the system forget what the files of a folder hold."""
    for file in folder.iterdir():
        fd = os.open(file, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def _remember(folder: Path) -> None:
    subprocess.run(f"cat '{folder}'/* > /dev/null", shell=True, check=True)  # noqa: S602


def back_up_documents(host: StoreHost, to: Path) -> None:
    """Back up the company, and see that it succeeded."""
    manager = create_manager(host)
    (tenant,) = manager.hook.sichern_tenants(actor=ADMIN)
    report = back_up(manager, ADMIN, [tenant], Destination(path=str(to)), Options())
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error


@contextmanager
def _sides(size: int = SIZE) -> Iterator[Mapping[str, Run]]:
    store = document_store(size)
    names = sorted(file.name for file in store.iterdir())
    with tempfile.TemporaryDirectory(dir=bench_cache()) as made:
        copy, pairs = Path(made, "copy"), Path(made, "pairs")
        host = StoreHost(url=document_database(Path(made, "database"), names), store=store)

        def theirs() -> None:
            subprocess.run(["cp", "-r", store, copy], check=True)
            subprocess.run(["sync", "-f", copy], check=True)
            command = f"sha256sum '{copy}'/* > '{copy}.sha256'"
            subprocess.run(command, shell=True, check=True)  # noqa: S602

        def ours() -> None:
            pairs.mkdir()
            back_up_documents(host, pairs)

        def timed(name: str, before: Callable[[Path], None], run: Callable[[], None]) -> Run:
            def once() -> Mapping[str, float]:
                for folder in (copy, pairs):
                    shutil.rmtree(folder, ignore_errors=True)
                os.sync()
                before(store)
                start = perf_counter()
                run()
                return {name: perf_counter() - start}

            return once

        yield {
            f"{who}, {state}": timed(f"{who}, {state}", before, run)
            for state, before in (("warm", _remember), ("cold", _forget))
            for who, run in (("cp and sha256sum", theirs), ("sichern", ours))
        }


BENCH = Bench(
    name="documents",
    work="2 GiB of PDFs from a store of files, read back and committed",
    sides=_sides,
    ratios=(
        Ratio(over="cp and sha256sum, warm", under="sichern, warm", at_least=0.6),
        Ratio(over="cp and sha256sum, cold", under="sichern, cold", at_least=0.6),
    ),
    runs=3,
)
