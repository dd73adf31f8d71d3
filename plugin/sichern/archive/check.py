"""Re-reads a pair from end to end and says everything that is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from sichern.archive.errors import (
    ArchiveError,
    PairMismatch,
    VolumeDamaged,
    VolumeLonger,
    VolumeTruncated,
)
from sichern.archive.info import Info
from sichern.archive.reader import OpenPair, compare_length, open_pair
from sichern.archive.sequential import ProgressHook
from sichern.archive.verify import RowHook, verify_pair


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found: the pair is sound where `problems` is empty.

    `sha256` is the info file's own hash, which names the pair; `bytes` is what was read,
    `rows` the rows of all tables, `documents` the documents.
    """

    info: Info
    sha256: str
    bytes: int
    rows: int
    documents: int
    problems: tuple[ArchiveError, ...]

    @property
    def sound(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


def check_pair(
    path: Path, progress: ProgressHook | None = None, rows: RowHook | None = None
) -> CheckResult:
    """Check the pair of an info file: every byte of it is read.

    `progress` takes bytes read and bytes in all. `rows` sees each member but documents, in
    the order of the archive, and may raise an ArchiveError: see `verify_pair`. Raises what
    `open_pair` raises where there is nothing to read; all else is in `problems`.
    """
    with open_pair(path) as pair:
        problems = _check(pair, progress, rows)
        info = pair.info
        return CheckResult(
            info=info,
            sha256=pair.text.sha256,
            bytes=sum(volume.length for volume in pair.volumes),
            rows=sum(table.rows for table in info.tables),
            documents=info.documents.count,
            problems=problems,
        )


def _check(
    pair: OpenPair, progress: ProgressHook | None, rows: RowHook | None
) -> tuple[ArchiveError, ...]:
    cut: list[ArchiveError] = []
    for volume, expected in zip(pair.volumes, pair.info.volumes, strict=True):
        try:
            compare_length(pair, volume, expected)
        except (PairMismatch, VolumeTruncated, VolumeLonger) as error:
            cut.append(error)
    if cut:
        return tuple(cut)
    verified = verify_pair(
        pair.info,
        [volume.name for volume in pair.volumes],
        pair.volumes,
        [volume.length for volume in pair.volumes],
        rows=rows,
        progress=progress,
    )
    found: list[ArchiveError] = []
    for volume, expected, sha256 in zip(
        pair.volumes, pair.info.volumes, verified.sha256, strict=True
    ):
        if sha256 == expected.sha256:
            continue
        if volume.name != expected.name:
            found.append(
                PairMismatch(volume=volume.name, file=pair.file, expected=expected.name)
            )
        else:
            found.append(VolumeDamaged(volume=volume.name))
    found.extend(verified.problems)
    return tuple(found)
