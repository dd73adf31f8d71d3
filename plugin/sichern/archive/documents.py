"""Holds `documents.tsv` against the documents of the archive."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sichern.archive.errors import ArchiveError, DocumentsDiffer
from sichern.archive.info import Info
from sichern.archive.names import Kind, parse_member
from sichern_hooks import N_

COLUMNS = ("table", "key", "label", "name", "kind", "size", "sha256", "origin")
IN_ARCHIVE = ("table", "store")
MISSING = "missing"
LEFT_OUT = "left-out"

_LONGEST_LINE = 1 << 20


@dataclass
class DocumentList:
    """What the list says: size by SHA-256, and how many entries have no document."""

    sizes: dict[str, int] = field(default_factory=dict)
    without: dict[str, int] = field(default_factory=dict)

    def watch(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Read the list as its bytes go by. Raises DocumentsDiffer where it is not one."""
        rest = b""
        for block in blocks:
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._read(line)
            if len(rest) > _LONGEST_LINE:
                raise DocumentsDiffer(reason=N_("a line of documents.tsv has no end"))
            yield block
        if rest:
            raise DocumentsDiffer(reason=N_("the last line of documents.tsv has no end"))

    def compare(self, info: Info) -> Iterator[ArchiveError]:
        """Give what does not fit between the list, the members and the info file's counts."""
        inside = {
            member.sha256: member.size
            for member in info.members
            if (parsed := parse_member(member.name)) is not None and parsed.kind is Kind.DOCUMENT
        }
        for sha256 in sorted(self.sizes.keys() - inside.keys())[:1]:
            yield DocumentsDiffer(reason=f"{sha256} is listed and not there")
        for sha256 in sorted(inside.keys() - self.sizes.keys())[:1]:
            yield DocumentsDiffer(reason=f"{sha256} is there and not listed")
        for sha256 in sorted(inside.keys() & self.sizes.keys()):
            if inside[sha256] != self.sizes[sha256]:
                yield DocumentsDiffer(reason=f"the size of {sha256}")
                break
        counts = (self.without.get(MISSING, 0), self.without.get(LEFT_OUT, 0))
        if counts != (info.documents.missing, info.documents.left_out):
            yield DocumentsDiffer(reason=N_("the number of missing or left out documents"))

    def _read(self, line: bytes) -> None:
        cells = line.split(b"\t")
        if len(cells) != len(COLUMNS):
            raise DocumentsDiffer(reason=N_("a line of documents.tsv has other columns"))
        size, sha256, origin = (cell.decode("ascii", "replace") for cell in cells[5:])
        if origin in IN_ARCHIVE:
            if not (size.isascii() and size.isdigit() and len(size) < 20):
                raise DocumentsDiffer(reason=N_("a size in documents.tsv is no number"))
            if self.sizes.setdefault(sha256, int(size)) != int(size):
                raise DocumentsDiffer(reason=f"{sha256} has two sizes")
        elif origin in (MISSING, LEFT_OUT):
            if sha256:
                raise DocumentsDiffer(reason=N_("a document that is not there has a SHA-256"))
            self.without[origin] = self.without.get(origin, 0) + 1
        else:
            raise DocumentsDiffer(reason=f"an origin {origin[:40]!r}")
