"""Documents of Tryton's file store are found, streamed, and nothing else is.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_host_store CONFIG DATABASE` reads documents as JSON and prints what became of
each.
"""

import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sichern_hooks import DocumentMissing, DocumentRef, TenantRef
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, run_tryton

ATTACHMENT = ("ir_attachment", "data")


def read(config: str, database: str, asked: str) -> None:
    """Print size and hash of each document, `missing` where it is."""
    from sichern.hosts.tryton.host import open_host

    host = open_host({"config": config, "database": database})
    source = host.sichern_open_source(TenantRef(host="tryton", key="1"))
    assert source is not None
    answers = []
    with closing(source):
        for table, label, locator in json.loads(asked):
            document = DocumentRef(table=table, key="1", label=label, locator=locator)
            size = source.document_size(document)
            try:
                with source.open_document(document) as file:
                    answers.append([size, hashlib.sha256(file.read()).hexdigest()])
            except DocumentMissing as error:
                answers.append([size, error.code])
    sys.stdout.write(json.dumps(answers))


def ask(
    database: TrytonDatabase, *documents: tuple[str, str, str], config: Path | None = None
) -> list[tuple[int, str]]:
    done = run_tryton(
        ["-m", "tests.tryton.test_host_store", str(config or database.config), database.name,
         json.dumps(documents)],
        database.uri,
    )
    return [(size, found) for size, found in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> TrytonDatabase:
    return copy_sqlite(demo_sqlite(), tmp_path_factory.mktemp("store") / "tryton")


def locators(database: TrytonDatabase) -> list[str]:
    with closing(sqlite3.connect(database.file)) as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT file_id FROM ir_attachment WHERE file_id IS NOT NULL ORDER BY id"
            )
        ]


def file_of(database: TrytonDatabase, locator: str) -> Path:
    return database.documents / locator[:2] / locator[2:4] / locator


def known(path: Path) -> tuple[int, str]:
    content = path.read_bytes()
    return len(content), hashlib.sha256(content).hexdigest()


def test_every_document_of_the_store_is_read_as_it_lies_there(database: TrytonDatabase) -> None:
    found = locators(database)
    assert len(found) >= 10
    expected = [known(file_of(database, locator)) for locator in found]
    assert ask(database, *((*ATTACHMENT, locator) for locator in found)) == expected


def test_a_document_that_is_not_there_is_missing(database: TrytonDatabase) -> None:
    assert ask(database, (*ATTACHMENT, "0" * 32)) == [(0, "document-missing")]


def test_a_locator_leads_nowhere_but_into_the_store(database: TrytonDatabase) -> None:
    (database.folder / "demo").mkdir()
    hostile = [
        "../../../demo.sqlite", "../../../trytond.conf", "/etc/passwd", "..", "", "ab", "a" * 300,
        f"{locators(database)[0]}/../../../../trytond.conf", "aa/bb", "aabb\x00", "aabb\n", "....",
        str(database.file),
    ]  # fmt: skip
    answers = ask(database, *((*ATTACHMENT, locator) for locator in hostile))
    assert answers == [(0, "document-missing")] * len(hostile)


def test_a_table_or_field_without_documents_has_none(database: TrytonDatabase) -> None:
    locator = locators(database)[0]
    answers = ask(
        database,
        ("res_user", "data", locator),
        ("ir_attachment", "name", locator),
        ("no_table", "data", locator),
    )
    assert answers == [(0, "document-missing")] * 3


def test_each_field_has_its_own_folder_in_the_store(
    database: TrytonDatabase, tmp_path: Path
) -> None:
    """Also a field whose module was told to use the store no longer: its old files stay there."""
    text = database.config.read_text(encoding="utf-8")
    config = tmp_path / "trytond.conf"
    config.write_text(
        f"{text}\n[document_incoming]\nstore_prefix = elsewhere\n".replace(
            "[account_invoice]\nfilestore = True\nstore_prefix = documents",
            "[account_invoice]\nfilestore = False\nstore_prefix = reports",
        )
    )
    assert "store_prefix = reports" in config.read_text()
    locator = "11223344-aaaa"
    report = database.folder / "reports" / "11" / "22" / locator
    report.parent.mkdir(parents=True)
    report.write_bytes(b"a report")
    answers = ask(
        database,
        ("account_invoice", "invoice_report_cache", locator),
        (*ATTACHMENT, locator),
        config=config,
    )
    assert answers == [known(report), (0, "document-missing")]


if __name__ == "__main__":
    read(*sys.argv[1:])
