"""Tryton's file store: where the file of a document is."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from sichern.hosts.tryton.errors import StoreUnreadable
from sichern.hosts.tryton.facts import ModelFact, Models
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

    def _prefix(self, document: DocumentRef) -> str:
        """The prefix of the field that the document is of: each may have one of its own."""
        model: ModelFact | None = self._tables.get(document.table)
        column = model.columns.get(document.label) if model is not None else None
        if column is None or column.file_id is None or not FILE_ID.fullmatch(document.locator):
            raise DocumentMissing(document=document.locator)
        return column.prefix if column.prefix is not None else self._database

    @staticmethod
    def _path(filestore: Any, document: DocumentRef, prefix: str) -> Path:
        try:
            return Path(filestore._filename(document.locator, prefix))
        except ValueError as error:
            raise DocumentMissing(document=document.locator) from error
