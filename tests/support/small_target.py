"""The small world as a target: what a host of a few lines does in an import."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sichern_hooks import (
    Actor,
    Counter,
    Description,
    DocumentMissing,
    DocumentRef,
    Notice,
    Reader,
    SystemIdentity,
    TenantRef,
    Writer,
)

NUMBER = re.compile(r"(\D*)(\d+)")


@dataclass(kw_only=True)
class SmallTarget:
    """A system of the small world, opened for an import; it keeps what it was told."""

    identity: SystemIdentity
    database: str
    description: Description
    store: Path | None = None
    set: list[Counter] = field(default_factory=list)
    put: list[DocumentRef] = field(default_factory=list)
    dropped: list[DocumentRef] = field(default_factory=list)
    finished: list[tuple[Actor, TenantRef]] = field(default_factory=list)
    closed: int = 0
    given: dict[tuple[str, str], int] = field(default_factory=dict)

    def describe(self, reader: Reader) -> Description:
        """The description of the world."""
        return self.description

    def placeholder(self, table: str, known: Mapping[str, object]) -> Mapping[str, object]:
        """A user without a password, under a login that nobody has."""
        return {"login": f"placeholder-{uuid.uuid4()}", "password": None}

    def next_values(self, writer: Writer, table: str, column: str, count: int) -> Sequence[str]:
        """Numbers behind the highest one, with the letters that stand before it (`R7`)."""
        schema = f"{self.description.schema}." if self.description.schema else ""
        found = [
            NUMBER.fullmatch(str(value)) for value, *_ in writer.rows(
                f"select {column} from {schema}{table} where {column} is not null"
            )
        ]  # fmt: skip
        numbers = [(int(match[2]), match[1]) for match in found if match is not None]
        highest, letters = max(numbers, default=(0, ""))
        first = max(highest, self.given.get((table, column), 0)) + 1
        self.given[table, column] = first + count - 1
        return [f"{letters}{first + place}" for place in range(count)]

    def set_counters(self, writer: Writer, counters: Iterable[Counter]) -> None:
        """Keep them."""
        self.set.extend(counters)

    def put_document(self, document: DocumentRef, content: Iterator[bytes]) -> str | None:
        """Write a file under a name of its own, where the column has a place for the name."""
        columns = self.description.tables[document.table].documents
        (column,) = [each for each in columns if each.label == document.label]
        if self.store is None or column.locator is None:
            return None
        self.before_put()
        locator = uuid.uuid4().hex
        with (self.store / locator).open("xb") as file:
            file.writelines(content)
        self.put.append(document)
        return locator

    def before_put(self) -> None:
        """Nothing; for tests whose store fails."""

    def drop_document(self, document: DocumentRef) -> None:
        """Remove the file."""
        self.dropped.append(document)
        self._path(document).unlink()

    def open_document(self, document: DocumentRef) -> BinaryIO:
        """A file of the store."""
        if self.store is None or not self._path(document).exists():
            raise DocumentMissing(document=document.locator)
        return self._path(document).open("rb")

    def finish(self, actor: Actor, tenant: TenantRef) -> Sequence[Notice]:
        """Say that it was called."""
        self.finished.append((actor, tenant))
        return [
            Notice(
                code="small-finished",
                message="the tenant %(tenant)s is there",
                values={"tenant": tenant.key},
                warning=False,
            )
        ]

    def close(self) -> None:
        """Remember that it was called."""
        self.closed += 1

    def _path(self, document: DocumentRef) -> Path:
        assert self.store is not None
        return self.store / document.locator
