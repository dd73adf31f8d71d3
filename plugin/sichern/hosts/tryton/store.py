"""Tryton's file store: where the file of a document is, and how another one comes into it."""

import os
import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from sichern.hosts.tryton.errors import StoreUnreadable, StoreUnwritable
from sichern.hosts.tryton.facts import ColumnFact, ModelFact, Models
from sichern_hooks import DocumentMissing, DocumentRef

FILE_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{3,254}")
"""A name that the store gave (a UUID, a hash in old systems), and no way to another folder."""

OWN_STORE = "trytond.filestore"


class Store:
    """The files of one database. A store of another class is asked through Tryton's own methods."""

    def __init__(self, database: str, models: Models) -> None:
        self._database = database
        self._tables = {model.table: model for model in models.values()}

    def open(self, document: DocumentRef) -> BinaryIO:
        """Open a file for reading in pieces.

        Raises DocumentMissing, StoreUnreadable.
        """
        from trytond.filestore import filestore

        prefix = self._prefix(document)
        try:
            if type(filestore).__module__ != OWN_STORE:
                return BytesIO(filestore.get(document.locator, prefix))
            return self._path(filestore, document, prefix).open("rb")
        except FileNotFoundError as error:
            raise DocumentMissing(document=document.locator) from error
        except OSError as error:
            # Not missing but out of reach: a share that went away must not look like a gap.
            raise StoreUnreadable(
                document=document.locator, reason=error.strerror or type(error).__name__
            ) from error

    def size(self, document: DocumentRef) -> int:
        """Give the size of a file in bytes, 0 where it is not there."""
        from trytond.filestore import filestore

        try:
            prefix = self._prefix(document)
            if type(filestore).__module__ != OWN_STORE:
                return int(filestore.size(document.locator, prefix))
            return self._path(filestore, document, prefix).stat().st_size
        except (OSError, DocumentMissing):
            return 0

    def put(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        """Write a document piece by piece under a new name, and give the name.

        None where Tryton is configured to keep documents of this field in the table. A store of
        another class gets the whole content at once: it has no other way.

        Raises StoreUnwritable; then nothing stays.
        """
        from trytond.filestore import filestore

        column = self._column(document)
        if column is None or column.file_id is None or not column.stored:
            return None
        prefix = column.prefix if column.prefix is not None else self._database
        if type(filestore).__module__ != OWN_STORE:
            return str(filestore.set(b"".join(content), prefix))
        # As `FileStore._id` makes them: never one that was used before.
        name = str(uuid.uuid4())
        path = Path(filestore._filename(name, prefix))
        try:
            _make_folders(path.parent)
            _write(path, content)
        except OSError as error:
            raise StoreUnwritable(
                folder=str(path.parent), reason=error.strerror or type(error).__name__
            ) from error
        return name

    def drop(self, document: DocumentRef) -> None:
        """Remove a file that `put` wrote.

        Raises StoreUnwritable.
        """
        from trytond.filestore import filestore

        prefix = self._prefix(document)
        try:
            if type(filestore).__module__ != OWN_STORE:
                filestore.delete(document.locator, prefix)
            else:
                self._path(filestore, document, prefix).unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnwritable(
                folder=document.locator, reason=error.strerror or type(error).__name__
            ) from error

    def _column(self, document: DocumentRef) -> ColumnFact | None:
        model: ModelFact | None = self._tables.get(document.table)
        return model.columns.get(document.label) if model is not None else None

    def _prefix(self, document: DocumentRef) -> str:
        """The prefix of the field that the document is of: each may have one of its own."""
        column = self._column(document)
        if column is None or column.file_id is None or not FILE_ID.fullmatch(document.locator):
            raise DocumentMissing(document=document.locator)
        return column.prefix if column.prefix is not None else self._database

    @staticmethod
    def _path(filestore: Any, document: DocumentRef, prefix: str) -> Path:
        try:
            return Path(filestore._filename(document.locator, prefix))
        except ValueError as error:
            raise DocumentMissing(document=document.locator) from error


def _make_folders(folder: Path) -> None:
    """Make what is missing on the way, readable for whom the store belongs to."""
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        if not each.exists():
            each.mkdir(mode=0o770, exist_ok=True)
            _hand_over(each)
            _sync(each.parent)


def _write(path: Path, content: Iterator[bytes]) -> None:
    """Write a file that must not be there; on the disk when this returns, or not there at all."""
    try:
        with path.open("xb") as file:
            for piece in content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        _hand_over(path)
        _sync(path.parent)
    except BaseException:
        # Also where the content itself cannot be read on.
        path.unlink(missing_ok=True)
        raise


def _hand_over(path: Path) -> None:
    """Give what root made to the owner of the folder: trytond, another user, must read it."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
