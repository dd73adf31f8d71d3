"""What goes into the archive of one tenant: names, rows, references, counters, documents."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sichern.archive.chunks import Chunks
from sichern.archive.names import COUNTERS, DOCUMENTS, REFERENCES, SCHEMA, Kind, rows_member
from sichern.archive.writer import BegunDocument, ZipWriter
from sichern.archive.writer import Document as AddedDocument
from sichern.readers import Readers
from sichern.report.protocol import DocumentCount, TableCount
from sichern.schema.tsv import line
from sichern.source.content import read_content
from sichern.source.documents import Document, documents
from sichern.source.identities import identity_rows
from sichern.source.references import dangling_history, open_references
from sichern.source.snapshot import Snapshot
from sichern.tables import Step, TableRows
from sichern.tenancy.closure import Closure
from sichern.tenancy.describe import manifest
from sichern.tenancy.errors import RowsLost
from sichern.tenancy.expressions import clause
from sichern.tenancy.manifest_text import write_manifest
from sichern.tenancy.model import TenantTable
from sichern.tenancy.plan import Plan, TablePlan
from sichern.tenancy.proof import Proof
from sichern_hooks import N_, DocumentMissing, Documents, Notice, Source

PIECE = 1 << 20
"""Bytes of a document read at a time."""

Begun = BegunDocument | DocumentMissing | None
"""A document that was begun, or why it cannot be; None where it is left out."""


@dataclass(kw_only=True)
class Contents:
    """What was written, as the info file and the protocol tell it."""

    fingerprint: str = ""
    tables: list[TableCount] = field(default_factory=list)
    documents: DocumentCount = field(default_factory=DocumentCount)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Tenancy:
    """One tenant inside its snapshot: where everything is read from."""

    source: Source
    snapshot: Snapshot
    readers: Readers
    closure: Closure
    plan: Plan


def write_contents(
    tenancy: Tenancy,
    archive: ZipWriter,
    belege: ZipWriter,
    option: Documents,
    step: Step,
) -> Contents:
    """Write everything but the protocol; documents go into `belege`, which may be `archive`.

    Raises ForeignRow where the proof finds a row or document of another tenant, and RowsLost
    where a table gave another number of rows than the plan counted.
    """
    contents = Contents()
    proof = Proof(model=tenancy.closure.model, tenant=tenancy.closure.tenant)
    described = manifest(tenancy.closure)
    contents.fingerprint = described.fingerprint
    archive.add(SCHEMA, [write_manifest(described)])
    planned = {table.table: table for table in tenancy.plan.tables}
    for table in tenancy.closure.model.tables.values():
        if table.name in planned:
            _write_table(tenancy, archive, proof, table, planned[table.name], contents, step)
    tenancy.readers.close()  # what follows needs memory of its own
    _write_references(tenancy, archive, contents)
    _write_counters(tenancy, archive)
    _write_documents(tenancy, archive, belege, proof, option, contents, step)
    return contents


def _write_table(
    tenancy: Tenancy,
    archive: ZipWriter,
    proof: Proof,
    table: TenantTable,
    planned: TablePlan,
    contents: Contents,
    step: Step,
) -> None:
    """Write the named rows, then the rows that go along, each line proved."""
    named, written, size = 0, 0, 0
    if planned.named:
        blocks = identity_rows(tenancy.snapshot, tenancy.closure, table)
        for number, chunk in enumerate(Chunks(blocks), 1):
            member = archive.add(
                rows_member(Kind.IDENTITIES, table.name, number),
                _seen(chunk, lambda block: proof.identities(table.name, block)),
            )
            named += member.lines
    if planned.rows:
        rows = TableRows(
            snapshot=tenancy.snapshot,
            closure=tenancy.closure,
            proof=proof,
            table=table,
            planned=planned,
            readers=tenancy.readers,
            step=step,
        )
        written, size = rows.write(archive)
    _hold(table.name, written, planned.rows)
    _hold(f"identities/{table.name}", named, planned.named)
    if planned.nobodys:
        contents.notices.append(
            Notice(
                code="rows-of-nobody",
                message=N_("%(count)d rows of %(table)s belong to no tenant: no backup has them"),
                values={"count": planned.nobodys, "table": table.name},
                hint=N_("give them a company or a parent in the ERP, or delete them"),
            )
        )
    contents.tables.append(
        TableCount(
            table=table.name,
            label=table.label,
            role=str(table.role),
            rows=written,
            named=named,
            left_out=planned.left_out,
            bytes=size,
        )
    )


def _hold(what: str, written: int, planned: int) -> None:
    """Raise RowsLost where another number was written than counted in the same snapshot."""
    if written != planned:
        raise RowsLost(table=what, written=written, planned=planned)


def _seen(blocks: Iterable[bytes], look: Callable[[bytes], None]) -> Iterator[bytes]:
    """Let blocks of complete lines pass after a look at each."""
    for block in blocks:
        look(block)
        yield block


def _write_references(tenancy: Tenancy, archive: ZipWriter, contents: Contents) -> None:
    """List the references that do not resolve inside, and say how many there are."""
    found: dict[str, int] = {}

    def lines() -> Iterator[bytes]:
        for item in open_references(tenancy.snapshot, tenancy.closure):
            found[item.reason] = found.get(item.reason, 0) + 1
            yield line(
                [item.table, item.key, item.column, item.target, item.target_key, item.reason]
            )

    archive.add(REFERENCES, lines())
    dangling = dangling_history(tenancy.snapshot, tenancy.closure)
    if dangling:
        found["history"] = dangling
    for reason, count in sorted(found.items()):
        contents.notices.append(
            Notice(
                code=f"references-{reason}",
                message=REASONS[reason],
                values={"count": count},
                warning=False,
            )
        )


REASONS = {
    "other-tenant": N_("%(count)d references to rows of other tenants were listed, not followed"),
    "missing": N_("%(count)d references point at rows that the database does not hold"),
    "private": N_("%(count)d references point at rows that never leave the system"),
    "history": N_("%(count)d references of old versions of rows do not resolve"),
}


def _write_counters(tenancy: Tenancy, archive: ZipWriter) -> None:
    """Write the counters outside the rows that belong to included rows."""
    included: dict[str, frozenset[str]] = {}

    def lines() -> Iterator[bytes]:
        for counter in tenancy.source.counters(tenancy.snapshot):
            if counter.table not in included:
                included[counter.table] = _included(tenancy, counter.table)
            if counter.key in included[counter.table]:
                yield line([counter.table, counter.key, str(counter.value)])

    archive.add(COUNTERS, sorted(lines()))


def _included(tenancy: Tenancy, name: str) -> frozenset[str]:
    """The keys of the rows of a table that go along."""
    closure = tenancy.closure
    table = closure.model.tables[name]
    found = tenancy.snapshot.ask(
        f"SELECT {closure.sql.own_key(table, 't')} FROM {closure.sql.table(name)} t"
        f" WHERE {closure.belongs(table, 't')}"
    )
    return frozenset(str(row[0]) for row in found)


def _write_documents(
    tenancy: Tenancy,
    archive: ZipWriter,
    belege: ZipWriter,
    proof: Proof,
    option: Documents,
    contents: Contents,
    step: Step,
) -> None:
    """Write each document once, and list which row it belongs to."""
    count, size, missing, left_out = 0, 0, 0, 0
    with tempfile.TemporaryFile() as listing:
        for document, begun in _begun(tenancy, belege, proof, option):
            origin = "table" if document.locator is None else "store"
            digest, length = "", 0
            added = _added(belege, begun)
            if added is None:
                origin, left_out = "left-out", left_out + 1
            elif isinstance(added, DocumentMissing):
                origin, missing = "missing", missing + 1
                contents.notices.append(_missing(document, added))
            else:
                digest, length = added.sha256, added.size
                count, size = count + 1, size + length
            listing.write(_listed(document, length, digest, origin))
            step(1)
        _hold(DOCUMENTS, count + missing + left_out, tenancy.plan.documents)
        listing.seek(0)
        archive.add(DOCUMENTS, iter(lambda: listing.read(PIECE), b""))
    contents.documents = DocumentCount(count=count, bytes=size, missing=missing, left_out=left_out)


def _begun(
    tenancy: Tenancy, belege: ZipWriter, proof: Proof, option: Documents
) -> Iterator[tuple[Document, Begun]]:
    """Prove each document, begin it unless it is left out; give it once the next one is begun.

    A long one is given at once: no store has to have two files open.
    """
    waiting: list[tuple[Document, Begun]] = []
    for document in documents(tenancy.snapshot, tenancy.closure):
        proof.document(document.table, document.key_text)
        begun: Begun = None
        if option is not Documents.WITHOUT:
            try:
                begun = belege.begin_document(_content(tenancy, document))
            except DocumentMissing as error:
                begun = error
        yield from waiting
        waiting = [(document, begun)]
        if isinstance(begun, BegunDocument) and not begun.whole:
            yield waiting.pop()
    yield from waiting


def _added(belege: ZipWriter, begun: Begun) -> AddedDocument | DocumentMissing | None:
    """Add a document that was begun; give what became of it."""
    if not isinstance(begun, BegunDocument):
        return begun
    try:
        return belege.add_document(begun)
    except DocumentMissing as error:
        return error


def _missing(document: Document, error: DocumentMissing) -> Notice:
    """Say which row's document is missing: the store's own name of it tells nobody."""
    return Notice(
        code=error.code,
        message=N_(
            "the document %(document)s is missing in the document store: %(name)s of %(table)s"
            " %(key)s"
        ),
        values={
            **error.values,
            "name": document.name or document.column.label,
            "table": document.table,
            "key": document.key_text,
        },
        hint=error.hint,
    )


def _content(tenancy: Tenancy, document: Document) -> Iterator[bytes]:
    """A document in pieces: from the table inside the snapshot, or from the host's store."""
    if document.locator is None:
        assert document.column.data is not None
        rows = clause(tenancy.closure.model, document.table)
        yield from read_content(tenancy.snapshot, rows, document.key, document.column.data)
        return
    with tenancy.source.open_document(document.ref) as file:
        yield from iter(lambda: file.read(PIECE), b"")


def _listed(document: Document, size: int, digest: str, origin: str) -> bytes:
    return line(
        [
            document.table,
            document.key_text,
            document.column.label,
            document.name,
            document.kind,
            str(size),
            digest,
            origin,
        ]
    )
