"""A host without our classes fits the Protocols: for mypy, and for what calls them."""

import io
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from sichern_hooks import (
    Actor,
    Counter,
    Description,
    DocumentColumn,
    DocumentRef,
    Notice,
    Reader,
    Role,
    Source,
    SystemIdentity,
    Table,
    Target,
    Tenant,
    TenantRef,
    Writer,
)
from tests.contract import document
from tests.support.small_host import ADMIN, SYSTEM
from tests.support.small_target import SmallTarget


class ListReader:
    """The smallest reader: it gives the same rows whatever is asked."""

    dialect = "sqlite"

    def rows(
        self, sql: str, parameters: Mapping[str, object] | None = None
    ) -> Iterator[Sequence[object]]:
        return iter([(sql, parameters)])


class ListWriter(ListReader):
    """The smallest writer: it keeps what it is told."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        self.written.append(sql)
        return 1


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


class EmptyTarget:
    """The smallest target: a database without tables, whose documents would stand in them."""

    database = "sqlite:///nowhere"
    identity = EmptySource.identity

    def describe(self, reader: Reader) -> Description:
        return Description(tables={})

    def placeholder(self, table: str, known: Mapping[str, object]) -> Mapping[str, object]:
        return {"login": None, "name": known["login"]}

    def next_values(
        self, writer: Writer, table: str, column: str, count: int
    ) -> Sequence[str]:
        return [str(number + 1) for number in range(count)]

    def set_counters(self, writer: Writer, counters: Iterable[Counter]) -> None:
        for counter in counters:
            writer.write(f"update counter set next = {counter.value}")

    def put_document(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        return None

    def drop_document(self, document: DocumentRef) -> None: ...

    def open_document(self, document: DocumentRef) -> BinaryIO:
        return io.BytesIO(document.locator.encode())

    def finish(self, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        return ()

    def close(self) -> None: ...


def write_all(target: Target, writer: Writer) -> tuple[str | None, Sequence[Notice]]:
    """Call every member by the Protocols' names; mypy compares the types."""
    assert target.identity.host
    assert target.database.startswith(writer.dialect)
    assert "sichern" not in target.describe(writer).tables
    assert "login" in target.placeholder("users", {"login": "anna"})
    assert len(target.next_values(writer, "line", "amount", 2)) == 2
    target.set_counters(writer, iter([Counter(table="counter", key="1", value=7)]))
    asked = DocumentRef(table="attachment", key="1", label="data", locator="")
    locator = target.put_document(asked, iter([b"a", b"bc"]))
    if locator is not None:
        put = DocumentRef(table="attachment", key="1", label="data", locator=locator)
        with target.open_document(put) as file:
            assert file.read() == b"abc"
        target.drop_document(put)
    try:
        return locator, target.finish(ADMIN, TenantRef(host="small", key="1"))
    finally:
        target.close()


def test_a_small_target_satisfies_the_protocols() -> None:
    writer = ListWriter()
    assert write_all(EmptyTarget(), writer) == (None, ())
    assert writer.written == ["update counter set next = 7"]


def test_the_target_of_the_small_world_satisfies_the_protocols(tmp_path: Path) -> None:
    table = Table(
        name="attachment",
        role=Role.SHARED,
        documents=(DocumentColumn(label="data", locator="data"),),
    )
    target = SmallTarget(
        identity=SYSTEM,
        database="sqlite:///nowhere",
        description=Description(tables={"attachment": table}),
        store=tmp_path,
    )
    locator, said = write_all(target, ListWriter())
    assert locator
    assert list(tmp_path.iterdir()) == []
    assert [notice.code for notice in said] == ["small-finished"]


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
    ("right", "wrong", "named"),
    [
        ("def close(self) -> None:", "def shut(self) -> None:", "AcmeSource"),
        ("def counters(self, reader: Reader)", "def counters(self, reader: str)", "AcmeSource"),
        ("def drop_document(", "def keep_document(", "AcmeTarget"),
        ("counters: Iterable[Counter]) ->", "counters: list[Counter]) ->", "AcmeTarget"),
    ],
)
def test_mypy_refuses_a_source_or_target_that_lacks_a_member(
    tmp_path: Path, right: str, wrong: str, named: str
) -> None:
    block = document.complete_host()
    assert right in block
    checked = mypy(tmp_path, block.replace(right, wrong))
    assert checked.returncode == 1
    assert named in checked.stdout
