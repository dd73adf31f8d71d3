"""Copies of the demo that a test writes through a program: trytond belongs to the process."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.postgres import Server
from tests.support.tryton import (
    TrytonDatabase,
    copy_postgres,
    copy_sqlite,
    demo_postgres,
    demo_sqlite,
    run_tryton,
)

BACKENDS = ["sqlite", "postgresql"]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of the demo, and the module that is run on it as a program."""

    database: TrytonDatabase
    program: str
    server: Server | None = None

    def run(
        self, what: str, *more: object, config: Path | None = None, path: Path | None = None
    ) -> str:
        """Run one part of the program and give what it printed.

        `path` is one more folder that it may import from.
        """
        arguments = [str(config or self.database.config), self.database.name, *map(str, more)]
        start = ["-m", self.program]
        if path is not None:
            program = f"import sys, runpy; sys.path.insert(0, {str(path)!r}); sys.argv[0] = ''"
            start = ["-c", f"{program}; runpy.run_module({self.program!r}, run_name='__main__')"]
        return run_tryton([*start, what, *arguments], self.database.uri).stdout


def copy_demo(
    request: pytest.FixtureRequest, folder: Path, program: str, backend: str | None = None
) -> Copy:
    """Copy the demo on the backend of the fixture's parameter, or on the one that is named."""
    if (backend or request.param) == "sqlite":
        return Copy(database=copy_sqlite(demo_sqlite(), folder / "copy"), program=program)
    server: Server = request.getfixturevalue("postgres")
    copied = copy_postgres(server, demo_postgres(server), folder)
    return Copy(database=copied, program=program, server=server)
