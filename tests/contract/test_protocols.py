"""A host without our classes fits the Protocols: for mypy, and for what calls them."""

import io
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from sichern_hooks import (
    Counter,
    Description,
    DocumentRef,
    Reader,
    Source,
    SystemIdentity,
    Tenant,
    TenantRef,
)
from tests.contract import document


class ListReader:
    """The smallest reader: it gives the same rows whatever is asked."""

    dialect = "sqlite"

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[object]]:
        return iter([(sql, parameters)])


class EmptySource:
    """The smallest source: a database without tables."""

    tenant = Tenant(ref=TenantRef(host="acme", key="1"), name="North")
    database = "sqlite:///nowhere"
    identity = SystemIdentity(host="acme", host_version="1", system="s", database="d", machine="m")

    def describe(self, reader: Reader) -> Description:
        assert next(reader.rows("select 1")) == ("select 1", None)
        return Description(tables={})

    def counters(self, reader: Reader) -> Iterable[Counter]:
        return [Counter(table="sequence", key="1", value=len(list(reader.rows("select 1"))))]

    def open_document(self, document: DocumentRef) -> BinaryIO:
        return io.BytesIO(document.locator.encode())

    def document_size(self, document: DocumentRef) -> int:
        return len(document.locator)

    def close(self) -> None: ...


def read_all(source: Source, reader: Reader) -> tuple[Description, list[Counter], bytes]:
    """Call every member by the Protocols' names; mypy compares the types."""
    named = DocumentRef(table="scan", key="1", label="content", locator="abc")
    with source.open_document(named) as file:
        content = file.read()
    assert source.document_size(named) == len(content)
    assert source.tenant.ref.host == source.identity.host == "acme"
    assert source.database.startswith(reader.dialect)
    try:
        return source.describe(reader), list(source.counters(reader)), content
    finally:
        source.close()


def test_a_small_implementation_satisfies_the_protocols() -> None:
    description, counters, content = read_all(EmptySource(), ListReader())
    assert description.tables == {}
    assert [counter.value for counter in counters] == [1]
    assert content == b"abc"


def mypy(tmp_path: Path, source: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "checked.py"
    path.write_text(source)
    return subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"),
            "--config-file", "/dev/null", str(path),
        ],
        capture_output=True,
        text=True,
        cwd=document.DOCUMENT.parent,
        check=False,
    )


def test_mypy_accepts_the_complete_host_of_the_document(tmp_path: Path) -> None:
    checked = mypy(tmp_path, document.complete_host())
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("def close(self) -> None:", "def shut(self) -> None:"),
        ("def counters(self, reader: Reader)", "def counters(self, reader: str)"),
    ],
)
def test_mypy_refuses_a_source_that_lacks_a_member(
    tmp_path: Path, right: str, wrong: str
) -> None:
    block = document.complete_host()
    assert right in block
    checked = mypy(tmp_path, block.replace(right, wrong))
    assert checked.returncode == 1
    assert "AcmeSource" in checked.stdout
