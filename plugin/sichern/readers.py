"""Processes that read in the snapshot of a run beside it."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Self

from sichern.idle import free_cores
from sichern.side_by_side import LOOK
from sichern.source.login import FileLogin, Login, ReaderFailed
from sichern.source.query import Query
from sichern.source.snapshot import Snapshot
from sichern.tenancy.glance import Glance
from sichern.window_reader import PackedChunk, enter, read_window
from sichern.workers import Workers, WorkersUnavailable
from sichern_hooks import SichernError

logger = logging.getLogger(__name__)

MOST = 4
LARGE = 8 << 20
"""Bytes of a tenant's share of a table that may well be worth their start."""


@dataclass(kw_only=True)
class Readers:
    """They start at once where the tenant is likely to be large, or else when first needed.

    It is one of so many `tenants` of the host. A run that is one of several side by side reads
    `alone`. `executor` may be given, of any kind that runs elsewhere what it is sent.
    """

    snapshot: Snapshot
    alone: bool = False
    tenants: int = 1
    executor: Executor | None = None
    _login: Login | FileLogin | None = field(default=None, init=False)
    _workers: Workers | None = field(default=None, init=False)
    _entering: "Future[bool] | None" = field(default=None, init=False)

    def __enter__(self) -> Self:
        if not self.alone and self.snapshot.largest() >= LARGE * self.tenants:
            self._invite()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, and what they hold in memory; may be called twice."""
        if self._workers is not None:
            self._workers.shutdown()
        if self._entering is not None:
            wait([self._entering])

    def ready(self, step: Callable[[int], object]) -> bool:
        """Whether somebody can read beside the run; calls `step` with 0 while they come.

        A login may be too narrow for that, the way to the server one of libpq's alone, or a
        file of SQLite written to meanwhile.
        """
        self._invite()
        if self._entering is not None and self.executor is None:
            while not wait([self._entering], LOOK).done:
                step(0)
            assert self._workers is not None
            if self._entering.result():
                self.executor = self._workers
            else:
                self._workers.shutdown()
                self.alone = True
        return not self.alone

    def read(self, query: Query, glance: Glance) -> "Future[list[PackedChunk]]":
        """Read rows of a table."""
        assert self._login is not None
        assert self.executor is not None
        return self.executor.submit(read_window, self._login, query, glance)

    def _invite(self) -> None:
        """Let others into the snapshot, while this process does something else."""
        if self.alone or self._login is not None:
            return
        # Whoever works with the ERP meanwhile has its cores; a second session of the database
        # would take half of them, whatever the readers' niceness is. To see them, this run
        # must not do anything else yet, nor the server for it.
        free = min(MOST, free_cores())
        self._login = login = self.snapshot.login()
        # Who comes into a file later than now may find something else in it.
        if login is None or (self.executor is not None and isinstance(login, FileLogin)):
            self._stay_alone("nobody else can come to them")
        elif self.executor is None:
            try:
                self._workers = Workers(free)
            except WorkersUnavailable as error:
                self._stay_alone(error)
                return
            thread = ThreadPoolExecutor(1)
            self._entering = thread.submit(self._enter, self._workers, login)
            thread.shutdown(wait=False)

    def _stay_alone(self, reason: object) -> None:
        logger.info("rows are read by one session alone: %s", reason)
        self.alone = True

    def _enter(self, workers: Workers, login: Login | FileLogin) -> bool:
        """Let the processes come into the snapshot; whether all are in it."""
        try:
            workers.prepare(enter, login)
            if self.snapshot.shared():
                return True
            logger.info("rows are read by one session alone: somebody wrote meanwhile")
        except (WorkersUnavailable, ReaderFailed, SichernError) as error:
            logger.info("rows are read by one session alone: %s", error)
        return False
