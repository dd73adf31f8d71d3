"""Drop the planner's condition on one table after the other, and run a real backup each time.

A program, since trytond belongs to the process: `python -m tests.tryton.faults --config F
--to DIR TABLE...` prints JSON: by table what became of the first company's backup.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

from sichern.backup import back_up
from sichern.config import load_config
from sichern.session import Session, open_session
from sichern.tenancy.closure import Closure, Side
from sichern.tenancy.model import TenantTable
from sichern_hooks import Destination, Options, SharedRows


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run ended: its error's code, the table that the error names, the files it left."""

    outcome: str
    code: str
    table: str
    left: list[str]


@contextmanager
def dropped(faulty: str) -> Iterator[None]:
    """Let the planner take every row of a table for the tenant's."""
    right = Closure.belongs

    def belongs(self: Closure, table: TenantTable, alias: str, side: Side = Side.OURS) -> str:
        if table.name == faulty and side is Side.OURS:
            return "true"
        return right(self, table, alias, side)

    with mock.patch.object(Closure, "belongs", belongs):
        yield


def attempt(session: Session, folder: Path, faulty: str) -> Result:
    """Back up the first company with a fault planted."""
    with dropped(faulty):
        report = back_up(
            session.manager,
            session.actor,
            session.tenants()[:1],
            Destination(path=str(folder)),
            # What nobody uses needs a second closure, and has nothing to do with the fault.
            Options(shared=SharedRows.REACHED),
            run=faulty,
        )
    error = report.tenants[0].error
    return Result(
        outcome=str(report.outcome),
        code=error.code if error is not None else "",
        table=str(error.values.get("table", "")) if error is not None else "",
        left=sorted(path.name for path in folder.iterdir()),
    )


def main() -> None:
    """Print the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("tables", nargs="+")
    chosen = parser.parse_args()
    session = open_session(load_config(chosen.config), None)
    results = {name: asdict(attempt(session, chosen.to, name)) for name in chosen.tables}
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
