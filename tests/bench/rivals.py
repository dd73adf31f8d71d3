"""What others take for the same work: PostgreSQL's own programs, and pipes of them."""

import subprocess
import sys
from pathlib import Path

from tests.support.postgres import Server, find_binaries

ISAL = [sys.executable, "-m", "isal.igzip", "-2", "-c"]


def program(name: str) -> str:
    """Give a program of the server's own version."""
    binaries = find_binaries()
    assert binaries is not None
    return str(binaries / name)


def pg_dump(server: Server, database: str, to: Path, *options: str) -> None:
    """Dump a database in the custom format, and settle it on the disk."""
    to.unlink(missing_ok=True)
    command = [program("pg_dump"), "-Fc", *options, "-f", str(to), server.uri(database)]
    subprocess.run(command, check=True)
    settle(to)


def copy_isal(server: Server, database: str, query: str, to: Path) -> None:
    """Stream a query with COPY into ISA-L, and settle it on the disk."""
    to.unlink(missing_ok=True)
    copy = [
        program("psql"), "-X", "-q", "-c", f"copy ({query}) to stdout", server.uri(database)
    ]  # fmt: skip
    with to.open("wb") as file, subprocess.Popen(copy, stdout=subprocess.PIPE) as reader:
        subprocess.run(ISAL, stdin=reader.stdout, stdout=file, check=True)
    assert reader.returncode == 0
    settle(to)


def settle(path: Path) -> None:
    """Write a file through to the disk, as a backup is."""
    subprocess.run(["sync", str(path)], check=True)
