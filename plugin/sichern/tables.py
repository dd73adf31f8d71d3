"""The rows of one table on their way into the archive: one after another, or side by side."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from itertools import chain

import sqlalchemy as sa

from sichern.archive.chunks import CHUNK_ROWS, Chunks
from sichern.archive.names import Kind, rows_member
from sichern.archive.writer import MemberRecord, ZipWriter
from sichern.readers import MOST, Readers
from sichern.side_by_side import LOOK
from sichern.source.rows import read_rows, rows_query
from sichern.source.snapshot import Snapshot
from sichern.source.translation import translated
from sichern.tenancy.closure import Closure
from sichern.tenancy.expressions import clause
from sichern.tenancy.model import TenantTable
from sichern.tenancy.plan import TablePlan
from sichern.tenancy.proof import Proof
from sichern.window_reader import PackedChunk
from sichern.windows import Window, windows

AT_ONCE = 16 << 20
"""Bytes of text that a worker reads and packs before it hands over."""
WIDEST = 2048
"""Bytes of a mean row beyond which chunks are too large to lie in memory."""

Step = Callable[[int], None]
"""Called with the rows, or documents, just written; raises where the run was cancelled."""


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """The rows of one table that go along, where they are read from, and what each is held to."""

    snapshot: Snapshot
    closure: Closure
    proof: Proof
    table: TenantTable
    planned: TablePlan
    readers: Readers
    step: Step

    def write(self, archive: ZipWriter) -> tuple[int, int]:
        """Write all chunks; give the number of rows and their bytes before compression."""
        rows, size = 0, 0
        for record in self._members(archive):
            rows, size = rows + record.lines, size + record.entry.size
        self.proof.finish(self.table.name)
        return rows, size

    def _members(self, archive: ZipWriter) -> Iterator[MemberRecord]:
        divided = windows(self.snapshot, self.closure, self.table, self.planned.rows)
        names = (
            rows_member(Kind.DATA, self.table.name, number) for number in range(1, 1 << 62)
        )
        if len(divided) > 1 and self._width <= WIDEST and self.readers.ready(self.step):
            for chunk in self._side_by_side(divided):
                self.proof.rows(self.table.name, chunk.seen)
                yield archive.add_packed(next(names), chunk.member)
                self.step(chunk.member.lines)
        else:
            for blocks in self._one_after_another(divided):
                yield archive.add(next(names), self._proved(blocks))

    @property
    def _width(self) -> int:
        """The mean bytes of a row, estimated."""
        return self.planned.bytes // max(1, self.planned.rows)

    def _one_after_another(self, divided: list[Window]) -> Iterator[Iterator[bytes]]:
        rows = clause(self.closure.model, self.table.name)
        content = self.closure.content(self.table, rows)
        conditions: list[sa.ColumnElement[bool]] = [content]
        if divided:
            conditions = [content & each.within(rows, self.table) for each in divided]
        return chain.from_iterable(
            Chunks(read_rows(self.snapshot, rows, self.table.columns, self.table.key, condition))
            for condition in conditions
        )

    def _proved(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        glance = self.proof.glance(self.table.name)
        for block in blocks:
            self.proof.rows(self.table.name, glance.at(block))
            self.step(block.count(b"\n"))
            yield block

    def _side_by_side(self, divided: list[Window]) -> Iterator[PackedChunk]:
        """Give the chunks of all windows in order, reading ahead as far as memory allows."""
        most = CHUNK_ROWS * max(1, AT_ONCE // (CHUNK_ROWS * max(1, self._width)))
        ahead = iter(divided)
        running: deque[tuple[Window, Future[list[PackedChunk]]]] = deque()
        try:
            while True:
                for window in ahead:
                    running.append((window, self._submit(window, most)))
                    if len(running) > MOST:
                        break
                if not running:
                    return
                window, future = running.popleft()
                chunks = self._wait(future)
                if sum(chunk.member.lines for chunk in chunks) == most:
                    rest = replace(window, first=chunks[-1].last + 1)
                    running.appendleft((rest, self._submit(rest, most)))
                yield from chunks
        finally:
            for _, future in running:
                future.cancel()

    def _submit(self, window: Window, most: int) -> "Future[list[PackedChunk]]":
        rows = clause(self.closure.model, self.table.name)
        where = self.closure.content(self.table, rows) & window.within(rows, self.table)
        query = rows_query(
            self.snapshot, rows, self.table.columns, self.table.key, where, most
        )
        return self.readers.read(query, self.proof.glance(self.table.name))

    def _wait(self, future: "Future[list[PackedChunk]]") -> list[PackedChunk]:
        while not wait([future], LOOK).done:
            self.step(0)
        with translated():
            return future.result()
