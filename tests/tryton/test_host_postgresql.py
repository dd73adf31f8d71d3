"""What the host says of a Tryton on PostgreSQL: types are the database's, counters lie outside.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_host_postgresql CONFIG DATABASE` restarts a sequence at 777, and prints the
next numbers of all sequences as Tryton itself tells them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.postgres import Server
from tests.support.tryton import TrytonDatabase, copy_postgres, demo_postgres, run_tryton


def restart(config_path: str, database: str) -> None:
    """Restart the last sequence, and print every next number."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    with Transaction().start(database, 0) as transaction:
        sequences = Pool().get("ir.sequence").search([("type", "=", "incremental")])
        sequences[-1].number_next = 777
        sequences[-1].save()
        transaction.commit()
    with Transaction().start(database, 0, readonly=True):
        sequences = Pool().get("ir.sequence").search([("type", "=", "incremental")])
        sys.stdout.write(json.dumps({str(each.id): each.number_next for each in sequences}))


@pytest.fixture(scope="module")
def database(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    return copy_postgres(postgres, demo_postgres(postgres), tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def numbers(database: TrytonDatabase) -> dict[str, int]:
    done = run_tryton(
        ["-m", "tests.tryton.test_host_postgresql", str(database.config), database.name],
        database.uri,
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def said(database: TrytonDatabase, numbers: dict[str, int]) -> dict[str, Any]:
    assert numbers
    done = run_tryton(
        ["-m", "tests.tryton.test_host_description", str(database.config), database.name],
        database.uri,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def columns(postgres: Server, database: TrytonDatabase) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with psycopg.connect(postgres.uri(database.name)) as connection:
        for table, column in connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        ):
            found.setdefault(table, set()).add(column)
    return found


def test_counters_are_the_numbers_that_tryton_will_give_next(
    said: dict[str, Any], numbers: dict[str, int]
) -> None:
    assert 777 in numbers.values()
    assert any(1 < number < 777 for number in numbers.values())
    assert {each["key"]: each["value"] for each in said["counters"]} == numbers


def test_every_table_is_described_in_its_schema_without_types(
    said: dict[str, Any], columns: dict[str, set[str]]
) -> None:
    assert said["description"]["schema"] == "public"
    assert said["description"]["tables"].keys() == columns.keys()
    assert all(table["types"] == {} for table in said["description"]["tables"].values())


def test_every_reference_and_document_is_in_its_table(
    said: dict[str, Any], columns: dict[str, set[str]]
) -> None:
    for name, table in said["description"]["tables"].items():
        for reference in table["references"]:
            assert set(reference.get("columns", [reference.get("column")])) <= columns[name]
        for document in table["documents"]:
            assert set(filter(None, (document["data"], document["locator"]))) <= columns[name]
        assert set(table["secrets"]) <= columns[name]


def test_the_url_is_the_one_that_tryton_uses_in_sqlalchemys_words(
    said: dict[str, Any], postgres: Server, database: TrytonDatabase
) -> None:
    assert said["database"].startswith("postgresql+psycopg://")
    assert f":{postgres.port}/{database.name}" in said["database"]


@pytest.mark.parametrize(
    ("uri", "name"), [(None, "no_such_database"), ("postgresql://postgres@127.0.0.1:1/", "demo")]
)
def test_a_server_or_database_that_is_not_there_is_told_in_one_line(
    database: TrytonDatabase, tmp_path: Path, uri: str | None, name: str
) -> None:
    from sichern.hosts.tryton.errors import DatabaseUnavailable

    config = tmp_path / "trytond.conf"
    text = database.config.read_text(encoding="utf-8")
    config.write_text(text.replace(database.uri, uri) if uri else text)
    program = (
        "import sys; from sichern.hosts.tryton.host import open_host\n"
        "from sichern_hooks import HostUnavailable\n"
        "try: open_host({'config': sys.argv[1], 'database': sys.argv[2]})\n"
        "except HostUnavailable as error: print(error.code, str(error).count(chr(10)))\n"
    )
    done = run_tryton(["-c", program, str(config), name], database.uri)
    assert done.stdout == f"{DatabaseUnavailable.code} 0\n"


if __name__ == "__main__":
    restart(*sys.argv[1:])
