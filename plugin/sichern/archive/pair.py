"""Writes a pair so that it is either there, whole and read back, or not there at all."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from sichern.archive.deflate import Deflate, deflate_piece
from sichern.archive.errors import ArchiveError, PairTaken, WrittenWrong
from sichern.archive.folder import Folder, HeldFile, create, failures, look
from sichern.archive.info import (
    Facts,
    Info,
    InfoDocuments,
    InfoTable,
    Member,
    Volume,
    by_table,
    rows_of,
    table_hash,
)
from sichern.archive.info_text import implausible, write_info
from sichern.archive.names import README, Kind, parse_member
from sichern.archive.readback import read_back
from sichern.archive.readme import readme
from sichern.archive.sequential import ProgressHook
from sichern.archive.stale import remove_dead
from sichern.archive.stems import DATA, DOCUMENTS, INFO, PART, Stem, parse_stem
from sichern.archive.writer import ZipWriter

_MOST_SUFFIXES = 100
_EMPTY = "0" * 64

Reached = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Committed:
    """A pair that is there: its files' names in the folder, the info file last."""

    info: Info
    files: tuple[str, ...]
    removed: tuple[str, ...]


def _nothing(step: str) -> None:
    """Reach a step without anybody watching."""


@dataclass
class PairWriter:
    """Writes `<stem>.zip`, its Belegarchiv and `<stem>.ztx` into a folder that is held open.

    A context manager: `data` and `documents` are the zips to write to (the same one unless
    `separate`), then `commit` once. Whatever is raised before `commit` returns, nothing of
    this run is left. What dead runs of the same tenant left behind is removed first; where the
    name is taken, `-2` and so on is put behind it. `progress` sees the reading back; `reached`
    is told each step of the commit, for tests that pull the plug there.

    Raises PairTaken, WrittenWrong, CompressedWrong, and the folder's errors.
    """

    folder: Folder
    stem: str
    separate: bool = False
    deflate: Deflate = deflate_piece
    progress: ProgressHook | None = None
    reached: Reached = _nothing
    removed: tuple[str, ...] = field(default=(), init=False)
    data: ZipWriter = field(init=False)
    documents: ZipWriter = field(init=False)
    _files: list[HeldFile] = field(default_factory=list, init=False)
    _writers: list[ZipWriter] = field(default_factory=list, init=False)
    _committed: bool = field(default=False, init=False)

    def __enter__(self) -> Self:
        parsed = parse_stem(self.stem)
        if parsed is None:
            raise ValueError(f"{self.stem!r} is not a stem")
        try:
            self.removed = remove_dead(self.folder, parsed.slug)
            self._reserve(parsed)
            self._writers = [
                ZipWriter(file, parsed.when, deflate=self.deflate) for file in self._files
            ]
            self.data, self.documents = self._writers[0], self._writers[-1]
            for writer in self._writers:
                writer.add(README, [readme(self.stem).encode()])
            self.reached("open")
        except BaseException as error:
            self._abandon(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._committed:
            self._abandon(error)

    def commit(self, facts: Facts) -> Committed:
        """Finish the zips, read them back, give them their names, then the info file its own.

        Raises WrittenWrong where what was read back is not what was written.
        """
        lengths = [writer.finish() for writer in self._writers]
        self.reached("written")
        draft = self._describe(facts, lengths)
        if implausible(draft):
            raise ValueError(implausible(draft))
        info = self._read_back(draft, lengths)
        self.reached("read back")
        zips = list(self._files)
        ticket = self._write_info(write_info(info))
        self.reached("info written")
        self.folder.verify()
        for file in zips:
            self._name(file)
            self.reached(f"named {file.name.removeprefix(self.stem)}")
        self._settle_folder()
        self._name(ticket)
        self.reached("named .ztx")
        self._settle_folder()
        # A drive that was pulled meanwhile took the pair with it, and left its mount point.
        self.folder.verify()
        self._committed = True
        for file in self._files:
            file.close()
        return Committed(
            info=info, files=tuple(file.name for file in self._files), removed=self.removed
        )

    def _reserve(self, wanted: Stem) -> None:
        """Take the first name that nobody has; the .part files hold it."""
        endings = [DATA, DOCUMENTS] if self.separate else [DATA]
        for number in range(wanted.number, wanted.number + _MOST_SUFFIXES):
            stem = str(replace(wanted, number=number))
            if self._taken(stem, PART):
                continue
            for ending in endings:
                file = create(self.folder, stem + ending + PART)
                if file is None:
                    break
                self._files.append(file)
            # Looked at again once the name is held: another run may have ended in between.
            if len(self._files) == len(endings) and not self._taken(stem, ""):
                self.stem = stem
                return
            self._discard()
        raise PairTaken(stem=str(wanted), folder=self.folder.path)

    def _taken(self, stem: str, suffix: str) -> bool:
        with failures(self.folder):
            return any(
                look(self.folder.fd, stem + ending + suffix) is not None
                for ending in (DATA, DOCUMENTS, INFO)
            )

    def _describe(self, facts: Facts, lengths: list[int]) -> Info:
        members = tuple(
            Member(
                volume=number,
                name=record.name,
                size=record.entry.size,
                sha256=record.sha256,
                rows=record.lines if record.name.endswith(".tsv") else None,
            )
            for number, writer in enumerate(self._writers)
            for record in writer.members
        )
        chunks = by_table(members)
        documents = [
            member.size
            for member in members
            if (parsed := parse_member(member.name)) and parsed.kind is Kind.DOCUMENT
        ]
        parsed_stem = parse_stem(self.stem)
        if parsed_stem is None:  # pragma: no cover - it was one on entering
            raise ValueError(self.stem)
        return Info(
            sichern=facts.sichern,
            created=parsed_stem.when,
            actor=facts.actor,
            tenant=facts.tenant,
            system=facts.system,
            options=facts.options,
            outcome=facts.outcome,
            warnings=facts.warnings,
            volumes=tuple(
                Volume(name=file.name.removesuffix(PART), size=length, sha256=_EMPTY)
                for file, length in zip(self._files, lengths, strict=True)
            ),
            members=members,
            tables=tuple(
                InfoTable(
                    name=table,
                    role=role,
                    rows=rows_of(chunks.get((Kind.DATA, table), ())),
                    identities=rows_of(chunks.get((Kind.IDENTITIES, table), ())),
                    sha256=table_hash(chunks.get((Kind.DATA, table), ())),
                )
                for table, role in facts.roles.items()
            ),
            documents=InfoDocuments(
                count=len(documents),
                bytes=sum(documents),
                missing=facts.missing,
                left_out=facts.left_out,
            ),
            schema_fingerprint=facts.schema_fingerprint,
        )

    def _read_back(self, draft: Info, lengths: list[int]) -> Info:
        found = [file.settle() for file in self._files]
        if found != lengths:
            raise WrittenWrong(folder=self.folder.path, reason=f"{found} bytes, not {lengths}")
        written = [writer.members for writer in self._writers]
        try:
            hashes = read_back(draft, self._files, lengths, written, self.progress)
        except ArchiveError as problem:
            raise WrittenWrong(folder=self.folder.path, reason=str(problem)) from problem
        return replace(
            draft,
            volumes=tuple(
                replace(volume, sha256=sha256)
                for volume, sha256 in zip(draft.volumes, hashes, strict=True)
            ),
        )

    def _write_info(self, text: bytes) -> HeldFile:
        file = create(self.folder, self.stem + INFO + PART)
        if file is None:
            raise PairTaken(stem=self.stem, folder=self.folder.path)
        self._files.append(file)
        file.write_at(text, 0)
        file.settle()
        if file.read_at(len(text) + 1, 0) != text:
            raise WrittenWrong(folder=self.folder.path, reason=file.name)
        return file

    def _name(self, file: HeldFile) -> None:
        with failures(self.folder, file.name):
            try:
                file.rename(file.name.removesuffix(PART))
            except FileExistsError as error:
                raise PairTaken(stem=self.stem, folder=self.folder.path) from error

    def _settle_folder(self) -> None:
        with failures(self.folder):
            try:
                os.fsync(self.folder.fd)
            except OSError as error:
                # Some FUSE and SMB mounts cannot fsync a folder; they have nothing to settle.
                if error.errno not in (errno.EINVAL, errno.EBADF):
                    raise

    def _discard(self) -> None:
        """Remove our files, the info file first: without it the rest is no backup."""
        while self._files:
            file = self._files.pop()
            try:
                with failures(self.folder, file.name):
                    file.remove()
            finally:
                file.close()

    def _abandon(self, error: BaseException | None) -> None:
        while self._files:
            try:
                self._discard()
            except Exception as second:
                # The first error is what the person needs; the second is told beside it.
                if error is None:
                    raise
                error.add_note(f"and a file could not be removed: {second}")
