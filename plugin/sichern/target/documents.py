"""Documents go to the target's own store, or into its table; each row gets one of its own."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sichern.archive.names import document_member
from sichern.archive.reader import ArchiveReader
from sichern.schema.columns import WireColumn
from sichern.schema.tsv import lines, values
from sichern.target.remap import ARRIVING, Remap, State
from sichern.target.session import TargetSession
from sichern.tenancy.model import TenantTable
from sichern.tenancy.sql import literal, name
from sichern_hooks import DocumentColumn, DocumentMissing, DocumentRef, Target

logger = logging.getLogger(__name__)

STAGED = "sichern_documents"
COLUMNS = tuple(
    WireColumn(name=each, wire="text", nullable=False)
    for each in ("table", "key", "label", "name", "kind", "size", "sha256", "origin")
)
"""The columns of `documents.tsv`."""
NOT_INSIDE = ("missing", "left-out")
PIECE = 1 << 20
PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """A document of a row that goes in; `sha256` empty where the pair does not hold it.

    `key` is the row's key in the target, `there` says that the row was there before.
    """

    key: object
    sha256: str
    there: bool


@dataclass(kw_only=True)
class DocumentLoad:
    """Puts the documents of one import where they belong, and takes them back where it fails."""

    session: TargetSession
    remap: Remap
    target: Target
    reader: ArchiveReader
    step: Callable[[str], None]
    put: list[DocumentRef] = field(default_factory=list)
    replaced: list[DocumentRef] = field(default_factory=list)
    count: int = 0
    absent: int = 0

    def load(self) -> None:
        """Write every document of the rows that went in."""
        for table in self.remap.loaded:
            for column in table.documents:
                for arriving in list(_arriving(self.session, self.remap, table, column)):
                    self.step(table.name)
                    self._write(table, column, arriving)

    def take_back(self) -> None:
        """Remove from the store what was put there for an import that failed.

        What the store does not let go of is logged: the error that ended the import counts.
        """
        for document in self.put:
            try:
                self.target.drop_document(document)
            except Exception:
                logger.exception("%s could not be taken back from the store", document.locator)
        self.put.clear()

    def _write(self, table: TenantTable, column: DocumentColumn, arriving: Arriving) -> None:
        if not arriving.sha256 and not arriving.there:
            self.absent += 1
        if arriving.there and self._same(table, column, arriving):
            return
        if not arriving.sha256:
            nothing = dict.fromkeys(filter(None, (column.data, column.locator)))
            self._set(table, arriving, nothing)
            return
        self.count += 1
        ref = DocumentRef(
            table=table.name, key=str(arriving.key), label=column.label, locator=""
        )
        member = document_member(arriving.sha256)
        locator = self.target.put_document(ref, self.reader.blocks(member))
        if locator is not None and column.locator is not None:
            self.put.append(
                DocumentRef(table=ref.table, key=ref.key, label=ref.label, locator=locator)
            )
            emptied = {column.data: None} if column.data else {}
            self._set(table, arriving, {**emptied, column.locator: locator})
            return
        assert column.data is not None
        content = b"".join(self.reader.blocks(member))
        is_text = table.wires.get(column.data) == "text"
        self._set(
            table,
            arriving,
            {
                **({column.locator: None} if column.locator else {}),
                column.data: content.decode() if is_text else content,
            },
        )

    def _set(
        self, table: TenantTable, arriving: Arriving, columns: Mapping[str, object]
    ) -> None:
        own = self.remap.sql.table(table.name)
        sets = ", ".join(f"{name(each)} = :v{place}" for place, each in enumerate(columns))
        parameters = {f"v{place}": value for place, value in enumerate(columns.values())}
        key = self.remap.sql.own_key(table, own)
        self.session.write(
            f"UPDATE {own} SET {sets} WHERE {key} = :key", {**parameters, "key": arriving.key}
        )

    def _same(self, table: TenantTable, column: DocumentColumn, arriving: Arriving) -> bool:
        """Whether the row that was there has this very document."""
        held = HeldDocuments(session=self.session, remap=self.remap, target=self.target)
        return held.sha256(table, column, arriving.key) == arriving.sha256


@dataclass(frozen=True, kw_only=True)
class HeldDocuments:
    """The documents of rows that the target has."""

    session: TargetSession
    remap: Remap
    target: Target

    def sha256(self, table: TenantTable, column: DocumentColumn, key: object) -> str | None:
        """Hash a document of a row: empty where the row has none, None where the store lost it."""
        own = self.remap.sql.table(table.name)
        shown = [name(each) if each else "NULL" for each in (column.locator, column.data)]
        sql = (
            f"SELECT {', '.join(shown)} FROM {own}"
            f" WHERE {self.remap.sql.own_key(table, own)} = :key"
        )
        for locator, data in self.session.rows(sql, {"key": key}):
            if locator:
                return self._stored(table, column, key, str(locator))
            if data is None:
                return ""
            content = data.encode() if isinstance(data, str) else bytes(data)  # type: ignore[call-overload]
            return hashlib.sha256(content).hexdigest()
        return None

    def _stored(
        self, table: TenantTable, column: DocumentColumn, key: object, locator: str
    ) -> str | None:
        ref = DocumentRef(table=table.name, key=str(key), label=column.label, locator=locator)
        digest = hashlib.sha256()
        try:
            with self.target.open_document(ref) as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
        except DocumentMissing:
            return None
        return digest.hexdigest()


def listed(reader: ArchiveReader, member: str) -> Iterator[list[str | None]]:
    """The lines of a small list of the archive."""
    for line in lines(reader.blocks(member)):
        yield values(line)


def _arriving(
    session: TargetSession, remap: Remap, table: TenantTable, column: DocumentColumn
) -> Iterator[Arriving]:
    """The documents of one column, and the rows that were there and should have none."""
    key = "CAST(m.old AS TEXT)"
    absent = ", ".join(literal(each) for each in NOT_INSIDE)
    found = session.ask(
        f"SELECT m.new, CASE WHEN d.origin IN ({absent}) THEN '' ELSE d.sha256 END, m.state,"
        f" d.origin FROM {remap.map(table.name)} m LEFT JOIN {STAGED} d"
        f' ON d."table" = {literal(table.name)} AND d.label = {literal(column.label)}'
        f" AND d.key = {key} WHERE m.named = 0 AND m.state IN {ARRIVING} ORDER BY m.new"
    )
    for new, sha256, state, origin in found.all():
        there = state == int(State.UPDATE)
        # What the pair leaves out is not taken away from a row that has it.
        if origin is None and not there:
            continue
        if origin in NOT_INSIDE and there:
            continue
        yield Arriving(key=new, sha256=sha256 or "", there=there)
