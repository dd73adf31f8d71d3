"""Makes small pairs for the tests of the archive."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sichern.archive.deflate import Deflate, deflate_piece
from sichern.archive.info import Facts, InfoActor, InfoOptions, InfoTenant, by_table
from sichern.archive.info_text import write_info
from sichern.archive.names import Kind, rows_member
from sichern.archive.pair import Committed, PairWriter
from sichern.archive.reader import read_info_file
from sichern.archive.writer import Document, ZipWriter
from sichern.destination import OpenDestination, open_destination
from sichern_hooks import Destination, Documents, Outcome, SharedRows, SystemIdentity
from tests.support.archive import Pair

WHEN = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
STEM = "muster-gmbh_2026-11-22T223000Z"

Row = tuple[str, ...]


def facts(**changes: object) -> Facts:
    """The facts of the small pair."""
    values: dict[str, object] = {
        "sichern": "0.1.0",
        "actor": InfoActor(login="anna", name="Anna Muster"),
        "tenant": InfoTenant(host="tryton", key="1", name="Müster GmbH"),
        "system": SystemIdentity(
            host="tryton", host_version="8.0.12", system="3b1d", database="erp",
            machine="server", modules={"account": "8.0.3", "party": "8.0.1"},
        ),
        "options": InfoOptions(documents=Documents.INSIDE, shared=SharedRows.DEFAULT),
        "outcome": Outcome.COMPLETE,
        "warnings": 0,
        "schema_fingerprint": "ab" * 32,
        "roles": {"party_party": "shared", "ir_model": "system", "account_move": "owned"},
    }
    return Facts(**{**values, **changes})  # type: ignore[arg-type]


def add_document(writer: ZipWriter, blocks: Iterable[bytes]) -> Document:
    """Add a document with nothing in between."""
    return writer.add_document(writer.begin_document(blocks))


def listed(table: str, key: str, document: Document) -> bytes:
    """A line of `documents.tsv`."""
    cells = (table, key, "file", "Rechnung.pdf", "application/pdf", str(document.size),
             document.sha256, "store")
    return "\t".join(cells).encode() + b"\n"


def fill(
    pair: PairWriter,
    rows: Iterable[bytes] = (b"1\tMuster\n2\t\\N\n", b"3\tM\xc3\xbcller\n"),
    documents: Iterable[bytes] = (b"%PDF-1.4 Rechnung", bytes(range(256)) * 3),
) -> None:
    """Write every kind of member."""
    pair.data.add("schema.json", [b'{"tables":[]}\n'])
    for number, chunk in enumerate(rows, 1):
        pair.data.add(rows_member(Kind.DATA, "party_party", number), [chunk])
    pair.data.add(rows_member(Kind.IDENTITIES, "ir_model", 1), [b"7\tparty.party\n"])
    lines = [
        listed("ir_attachment", str(number), add_document(pair.documents, [document]))
        for number, document in enumerate(documents, 1)
    ]
    pair.data.add("documents.tsv", lines)
    pair.data.add("counters.tsv", [b"ir_sequence\t3\t42\n"])
    pair.data.add("references.tsv", [])
    pair.data.add("protocol.json", [b"{}\n"])


def ignore(step: str) -> None:
    """Look on."""


def make_pair(
    folder: Path,
    *,
    stem: str = STEM,
    separate: bool = False,
    write: Callable[[PairWriter], None] = fill,
    reached: Callable[[str], None] = ignore,
    deflate: Deflate = deflate_piece,
    marker: str | None = None,
    **changes: object,
) -> Committed:
    """Write a pair into a folder."""
    with (
        destination(folder, marker=marker) as held,
        PairWriter(held, stem, separate=separate, deflate=deflate, reached=reached) as pair,
    ):
        write(pair)
        return pair.commit(facts(**changes))


def make_format_1(file: Path) -> None:
    """Write the info file of a pair anew, as the first format had it."""
    info, members = read_info_file(file).info, Pair(file).members
    rows: dict[str, bytes] = {table.name: b"" for table in info.tables}
    for (kind, table), chunks in by_table(info.members).items():
        if kind is Kind.DATA:
            rows[table] = b"".join(members[chunk.name] for chunk in chunks)
    tables = tuple(
        replace(table, sha256=hashlib.sha256(rows[table.name]).hexdigest())
        for table in info.tables
    )
    file.write_bytes(write_info(replace(info, format=1, tables=tables)))


@contextmanager
def destination(folder: Path, **options: object) -> Iterator[OpenDestination]:
    """Open a folder as a destination, with no fstab."""
    with open_destination(
        Destination(path=str(folder), **options),  # type: ignore[arg-type]
        fstab=folder / "no-fstab",
    ) as held:
        yield held
