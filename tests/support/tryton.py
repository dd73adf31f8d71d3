"""Real Tryton databases for tests: built once by the demo, kept in a cache, copied to be written.

Nothing here imports trytond: its configuration belongs to the process. A test that needs the
ORM runs a program of its own with `run_tryton`.
"""

import atexit
import fcntl
import functools
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from sichern.hosts.tryton import demo
from sichern.hosts.tryton.demo.configuration import DOCUMENTS, write_config
from tests.support.need import missing
from tests.support.postgres import Server, find_binaries

# Modules beyond the demo's, with the distributions `trytond-<name>` that bring them.
MANY_MODULES = (
    "account_asset", "account_deposit", "account_dunning", "account_invoice_history",
    "account_payment", "account_payment_clearing", "account_payment_sepa", "account_statement",
    "account_stock_landed_cost", "analytic_account", "analytic_invoice", "bank", "carrier",
    "company_work_time", "document_incoming", "inbound_email", "incoterm", "marketing",
    "party_avatar", "party_relationship", "product_price_list", "production", "production_routing",
    "project", "project_invoice", "purchase", "purchase_request", "sale", "sale_opportunity",
    "sale_price_list", "sale_subscription", "sale_supply", "stock_forecast", "stock_package",
    "stock_supply", "timesheet", "timesheet_cost", "web_user",
)
TIMEOUT = 1200
SQLITE = "sqlite://"
BARE = "bare"
"""A copy beside the demo on SQLite, made before it had a company."""
GROW = "tests.tryton.grow"
FIRST = {"sqlite": "stock_lot", "postgresql": "account_invoice", "many": "project_invoice"}
"""What an empty system begins with; no two, and not the demo on SQLite, number alike."""
GROWING = "-c enable_nestloop=off -c jit=off"
"""For a database whose catalog grows in one transaction, and cannot be analyzed meanwhile: without,
each of Tryton's questions after its own schema takes a second."""
_on_servers: dict[tuple[str, str], "TrytonDatabase"] = {}


@dataclass(frozen=True, kw_only=True)
class TrytonDatabase:
    """A database of Tryton: `config` names its server or folder, `folder` holds its documents."""

    name: str
    uri: str
    folder: Path
    config: Path

    @property
    def file(self) -> Path:
        """The file of a database on SQLite."""
        return self.folder / f"{self.name}.sqlite"

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Do one statement in a database on SQLite, as an administrator would; give its rows."""
        with closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    @property
    def documents(self) -> Path:
        """The folder of the file store, `<first two>/<next two>/<uuid>` below it."""
        return self.folder / DOCUMENTS


@functools.cache
def demo_sqlite(invoices: int = 5) -> TrytonDatabase:
    """Give the demo on SQLite with so many invoices per company; not to be written."""

    def make(folder: Path) -> None:
        run_tryton(
            ["-m", demo.__name__, str(folder), "demo", "--invoices", str(invoices), "--bare", BARE],
            SQLITE,
        )

    return _cached_sqlite("demo", f"demo-{invoices}-{_fingerprint()}", make)


@functools.cache
def many_modules_sqlite(invoices: int = 5) -> TrytonDatabase:
    """Give a demo on SQLite with `MANY_MODULES` active as well; not to be written."""
    _need_many_modules()

    def make(folder: Path) -> None:
        _copy_file(replace(demo_sqlite(invoices), name=BARE).file, folder / "many.sqlite")
        _grow(SQLITE, "many", folder, "--invoices", str(invoices), *_modules(MANY_MODULES))

    label = f"many-{invoices}-{_fingerprint(GROW, BARE, *MANY_MODULES)}"
    return _cached_sqlite("many", label, make)


def _need_many_modules() -> None:
    installed = {name for name, _ in _tryton_distributions()}
    lacking = sorted(m for m in MANY_MODULES if f"trytond-{m.replace('_', '-')}" not in installed)
    if lacking:
        missing(f"modules of Tryton are not installed: {', '.join(lacking)}")


@functools.cache
def empty_sqlite() -> TrytonDatabase:
    """Give the demo's modules on SQLite without a company or any data; not to be written."""

    def make(folder: Path) -> None:
        _grow(SQLITE, "leer", folder, "--new", "--first", FIRST["sqlite"])

    return _cached_sqlite("leer", f"empty-{_fingerprint(GROW, FIRST['sqlite'])}", make)


@functools.cache
def empty_many_modules_sqlite() -> TrytonDatabase:
    """Give `MANY_MODULES` as well on SQLite without a company; not to be written."""
    _need_many_modules()

    def make(folder: Path) -> None:
        copy_sqlite(empty_sqlite(), folder)
        _grow(SQLITE, "leer", folder, "--first", FIRST["many"], *_modules(MANY_MODULES))

    label = f"empty-many-{_fingerprint(GROW, FIRST['sqlite'], FIRST['many'], *MANY_MODULES)}"
    return _cached_sqlite("leer", label, make)


def demo_postgres(server: Server, invoices: int = 5) -> TrytonDatabase:
    """Give the demo on this PostgreSQL server, once per server; not to be written.

    What its modules ship has the ids of `empty_postgres`, and others than on SQLite.
    """
    name = f"demo_{invoices}"

    def make(folder: Path) -> None:
        server.create_database(name, template=empty_postgres(server).name)
        _grow(server.uri(), name, folder, "--invoices", str(invoices))

    label = f"postgres-{invoices}-{_fingerprint(GROW, FIRST['postgresql'])}"
    return _cached_postgres(server, name, label, make)


def empty_postgres(server: Server) -> TrytonDatabase:
    """Give the demo's modules on this server without a company or any data; not to be written."""

    def make(folder: Path) -> None:
        _grow(server.uri(), "leer", folder, "--new", "--first", FIRST["postgresql"])

    label = f"postgres-empty-{_fingerprint(GROW, FIRST['postgresql'])}"
    return _cached_postgres(server, "leer", label, make)


def _cached_postgres(
    server: Server, name: str, label: str, make: Callable[[Path], None]
) -> TrytonDatabase:
    """Give a database that is made once per server.

    Kept as a dump between runs: restoring takes seconds, building a minute and more.
    """
    known = _on_servers.get((server.uri(), name))
    if known is not None:
        return known
    uri = server.uri()
    folder = _scratch()
    cached = cache_folder() / label
    with locked(cached):
        if cached.exists():
            server.create_database(name)
            _run_postgres(
                server, "pg_restore", "--no-owner", "-d", server.uri(name), str(cached / "dump")
            )
            shutil.copytree(cached / DOCUMENTS, folder / DOCUMENTS)
        else:
            make(folder)
            part = cached.with_suffix(".new")
            shutil.rmtree(part, ignore_errors=True)
            (folder / DOCUMENTS).mkdir(exist_ok=True)
            shutil.copytree(folder / DOCUMENTS, part / DOCUMENTS)
            _run_postgres(server, "pg_dump", "-Fc", "-f", str(part / "dump"), server.uri(name))
            part.rename(cached)
    # As a server does that vacuums by itself: without, Tryton's questions after its own schema
    # take most of a second each.
    server.run("analyze", database=name)
    made = TrytonDatabase(name=name, uri=uri, folder=folder, config=write_config(folder, uri))
    _on_servers[uri, name] = made
    return made


def _run_postgres(server: Server, program: str, *arguments: str) -> None:
    binaries = server.binaries or find_binaries()
    if binaries is None or not (binaries / program).exists():
        missing(f"PostgreSQL's {program} is not installed")
    subprocess.run([binaries / program, *arguments], check=True)


def copy_postgres(server: Server, database: TrytonDatabase, folder: Path) -> TrytonDatabase:
    """Copy a database within its server, its documents into `folder`, for a test that writes."""
    name = server.create_database(template=database.name)
    copy = TrytonDatabase(
        name=name, uri=database.uri, folder=folder, config=write_config(folder, database.uri)
    )
    _copy_documents(database, copy)
    return copy


def copy_sqlite(
    database: TrytonDatabase, folder: Path, name: str | None = None
) -> TrytonDatabase:
    """Copy a database and its documents into an empty folder, for a test that writes."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = TrytonDatabase(
        name=name or database.name, uri=database.uri, folder=folder,
        config=write_config(folder, database.uri),
    )
    _copy_file(database.file, copy.file)
    _copy_documents(database, copy)
    return copy


def _copy_file(file: Path, to: Path) -> None:
    # The backup API, since a file in WAL mode is not the whole database.
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _copy_documents(database: TrytonDatabase, copy: TrytonDatabase) -> None:
    # A module whose store has no prefix of its own keeps files below the database's name.
    for source, target in (
        (database.documents, copy.documents),
        (database.folder / database.name, copy.folder / copy.name),
    ):
        if source.exists():
            shutil.copytree(source, target)


def run_tryton(
    arguments: Sequence[str], uri: str, *, timeout: float = TIMEOUT, settings: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `python <arguments>` with trytond's backend for `uri`, and give what it printed.

    `settings` are options of its sessions on PostgreSQL.
    Raises CalledProcessError where it fails; its `stderr` is added as a note.
    """
    try:
        return subprocess.run(
            [sys.executable, *arguments], env={**environment(uri), "PGOPTIONS": settings},
            check=True, capture_output=True, text=True, timeout=timeout,
            cwd=Path(__file__).parents[2],
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr[-4000:])
        raise


def environment(uri: str) -> dict[str, str]:
    """Give the environment of a program in which trytond works with the backend for `uri`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRYTOND_")}
    return {**kept, "TRYTOND_DATABASE_URI": uri}


def _grow(uri: str, name: str, folder: Path, *options: str) -> None:
    """Make a database, or let one grow, in a process of its own."""
    run_tryton(["-m", GROW, str(folder), name, "--uri", uri, *options], uri, settings=GROWING)


def _modules(names: Sequence[str]) -> list[str]:
    return [option for name in names for option in ("--module", name)]


def _cached_sqlite(name: str, label: str, make: Callable[[Path], None]) -> TrytonDatabase:
    folder = cache_folder() / label
    with locked(folder):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="part-") as part:
                make(Path(part))
                config = write_config(Path(part), SQLITE).read_text(encoding="utf-8")
                Path(part, "trytond.conf").write_text(
                    config.replace(str(Path(part).resolve()), str(folder)), encoding="utf-8"
                )
                # Left over where an earlier run was killed between the two steps.
                shutil.rmtree(folder.with_suffix(".new"), ignore_errors=True)
                shutil.copytree(part, folder.with_suffix(".new"))
            folder.with_suffix(".new").rename(folder)
    return TrytonDatabase(name=name, uri=SQLITE, folder=folder, config=folder / "trytond.conf")


def _scratch() -> Path:
    """Make a folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="sichern-tryton-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def cache_folder() -> Path:
    """Give the folder outside the project where built databases are kept between runs."""
    named = os.environ.get("SICHERN_TEST_CACHE")
    folder = Path(named) if named else Path(
        tempfile.gettempdir(), f"sichern-test-cache-{os.getuid()}"
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()


@functools.cache
def _fingerprint(*how: str) -> str:
    """Hash what the result depends on: the demo's source, Tryton's versions, and how it grew."""
    digest = hashlib.sha256()
    sources = sorted(Path(demo.__file__).parent.rglob("*.py"))
    if GROW in how:
        sources.append(Path(__file__).parents[2].joinpath(*GROW.split(".")).with_suffix(".py"))
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for name, version in _tryton_distributions():
        digest.update(f"{name} {version}\n".encode())
    digest.update(" ".join(how).encode())
    return digest.hexdigest()[:16]


@functools.cache
def _tryton_distributions() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(
        (name, each.version)
        for each in distributions()
        if (name := str(each.name).lower().replace("_", "-")).startswith("trytond")
    ))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a cached folder, so that of parallel test runs one builds."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
