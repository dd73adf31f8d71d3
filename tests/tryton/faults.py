"""Plant a fault in the planner, table by table, and say whether the proof caught it.

A program, since trytond belongs to the process: `python -m tests.tryton.faults --config F` prints
JSON, owned table -> caught, for every owned table that has rows of two companies.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from sichern.config import load_config
from sichern.schema.types import wire_type
from sichern.session import open_session
from sichern.source.identities import identity_rows
from sichern.source.keys import collect
from sichern.source.reflect import read_catalog
from sichern.source.rows import read_rows
from sichern.source.snapshot import Snapshot, open_snapshot
from sichern.tenancy.classify import classify
from sichern.tenancy.closure import KEY_TABLES, Closure
from sichern.tenancy.errors import ForeignRow
from sichern.tenancy.expressions import clause
from sichern.tenancy.proof import Proof
from sichern_hooks import Role, SharedRows


@contextmanager
def collected(config: Path) -> Iterator[tuple[Snapshot, Closure]]:
    """Open the first company of the configured system."""
    session = open_session(load_config(config), None)
    tenant = session.tenants()[0]
    source = session.manager.hook.sichern_open_source(tenant=tenant.ref)
    with closing(source), open_snapshot(source.database, KEY_TABLES) as snapshot:
        description = source.describe(snapshot)
        model = classify(read_catalog(snapshot, description.schema), description, wire_type)
        yield snapshot, collect(snapshot, model, tenant.ref.key, SharedRows.DEFAULT)


def caught(snapshot: Snapshot, closure: Closure, faulty: str) -> bool:
    """Write all rows past the proof, without the condition of one table."""
    proof = Proof(model=closure.model, tenant=closure.tenant)
    for table in closure.model.tables.values():
        if table.role is Role.PRIVATE:
            continue
        for block in identity_rows(snapshot, closure, table):
            proof.identities(table.name, block)
        rows = clause(closure.model, table.name)
        condition = sa.true() if table.name == faulty else closure.content(table, rows)
        try:
            for block in read_rows(snapshot, rows, table.columns, table.key, condition):
                proof.rows(table.name, block)
            proof.finish(table.name)
        except ForeignRow as error:
            return error.values["table"] == faulty
        if table.name == faulty:
            return False
    return False


def foreign(snapshot: Snapshot, closure: Closure) -> Iterator[str]:
    """Name the owned tables that have rows of another company."""
    for name in sorted(closure.survey.filled):
        table = closure.model.tables.get(name)
        if table is not None and table.role is Role.OWNED:
            rows = clause(closure.model, name)
            count = sa.select(sa.func.count()).select_from(rows)
            all_rows = snapshot.execute(count).scalar_one()
            if all_rows > snapshot.execute(count.where(closure.content(table, rows))).scalar_one():
                yield name


def main() -> None:
    """Print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    with collected(parser.parse_args().config) as (snapshot, closure):
        found = {name: caught(snapshot, closure, name) for name in foreign(snapshot, closure)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
