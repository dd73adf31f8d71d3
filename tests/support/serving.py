"""A real trytond that serves databases over HTTP, in a process of its own."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.tryton import TrytonDatabase, environment

START = 60
"""Seconds until a server that does not answer counts as one that does not start."""
STOP = 20


@dataclass(kw_only=True)
class WebServer:
    """A trytond that answers at `url`; `log` is what it writes."""

    databases: tuple[TrytonDatabase, ...]
    config: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it answers, as the browser spells it: cookies are bound to this name."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises RuntimeError with the end of its log where it does not.
        """
        names = [database.name for database in self.databases]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "trytond.cli", "-c", str(self.config),
                    "-d", *names,
                ],
                env=environment(self.databases[0].uri), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=Path(__file__).parents[2],
            )
        self._wait()

    def stop(self) -> None:
        """Stop it as a service manager does, and harder where it does not go."""
        self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + START
        while self.process.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(self.url, timeout=5):  # noqa: S310 - our own server
                    return
            except urllib.error.HTTPError as answer:  # without a web client: there is no page
                answer.close()
                return
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"trytond does not answer:\n{self.log.read_text()[-4000:]}")


@contextmanager
def serving(*databases: TrytonDatabase, root: Path | None = None) -> Iterator[WebServer]:
    """Serve databases of one folder, and the web client from `root`."""
    config = databases[0].config
    port = _free_port()
    parser = ConfigParser(interpolation=None)
    parser.read(config, encoding="utf-8")
    parser["web"] = {"listen": f"localhost:{port}", **({"root": str(root)} if root else {})}
    with config.open("w", encoding="utf-8") as file:
        parser.write(file)
    server = WebServer(
        databases=databases, config=config, port=port, log=config.with_name("trytond.log")
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
