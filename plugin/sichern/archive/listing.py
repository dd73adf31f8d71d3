"""Lists the pairs of a folder, and what is left of unfinished ones."""

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sichern.archive.errors import ArchiveError, InfoMissing, Unfinished
from sichern.archive.info import Info
from sichern.archive.reader import compare_length, open_pair
from sichern.archive.stems import INFO, PART, parse_stem, split_ending
from sichern_hooks import SichernError


@dataclass(frozen=True, kw_only=True)
class ListedPair:
    """A pair, or what is left of one.

    `info` and `sha256` (the info file's own hash) are None where the info file cannot be
    read. `tenant` is then the slug of the file name, and `created` what that says, or else when
    the last of the files was written. `bytes` is what lies in the folder.
    `problem` is what a glance shows: only a check reads everything.
    """

    stem: str
    path: Path
    tenant: str
    created: datetime
    bytes: int
    info: Info | None = None
    sha256: str | None = None
    problem: SichernError | None = None


def list_pairs(folder: Path) -> tuple[ListedPair, ...]:
    """List a folder: by tenant, and the newest first. Raises OSError where it cannot be read."""
    found: dict[str, dict[str, os.stat_result]] = defaultdict(dict)
    with os.scandir(folder) as entries:
        for entry in entries:
            parts = split_ending(entry.name.removesuffix(PART))
            if parts is None or not entry.is_file(follow_symlinks=False):
                continue
            known = parts[1] == INFO and not entry.name.endswith(PART)
            if known or parse_stem(parts[0]) is not None:
                found[parts[0]][entry.name[len(parts[0]) :]] = entry.stat()
    pairs = [_look(folder, stem, files) for stem, files in found.items()]
    by_age = sorted(pairs, key=lambda pair: (pair.created, pair.stem), reverse=True)
    return tuple(sorted(by_age, key=_group))


def _group(pair: ListedPair) -> tuple[str, str, str]:
    if pair.info is None:
        return (pair.tenant.casefold(), "", "")
    return (pair.tenant.casefold(), pair.info.tenant.host, pair.info.tenant.key)


def _look(folder: Path, stem: str, files: dict[str, os.stat_result]) -> ListedPair:
    path = folder / (stem + INFO)
    parsed = parse_stem(stem)
    size = sum(file.st_size for file in files.values())
    problem: SichernError
    try:
        with open_pair(path) as pair:
            info, sha256 = pair.info, pair.text.sha256
            wrong: SichernError | None = None
            try:
                for volume, expected in zip(pair.volumes, info.volumes, strict=True):
                    compare_length(pair, volume, expected)
            except ArchiveError as error:
                wrong = error
            return ListedPair(
                stem=stem, path=path, tenant=info.tenant.name, created=info.created, bytes=size,
                info=info, sha256=sha256, problem=wrong,
            )
    except InfoMissing as error:
        unfinished = any(ending.endswith(PART) for ending in files)
        problem = Unfinished(file=stem) if unfinished else error
    except ArchiveError as error:
        problem = error
    written = datetime.fromtimestamp(max(file.st_mtime for file in files.values()), UTC)
    tenant, created = (parsed.slug, parsed.when) if parsed is not None else (stem, written)
    return ListedPair(
        stem=stem, path=path, tenant=tenant, created=created, bytes=size, problem=problem
    )
