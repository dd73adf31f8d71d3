"""A look at blocks of lines that is made where they are read, for the proof to judge."""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What the proof wants to see of each line, made of regular expressions alone.

    With a `tenant`, the lines whose column at that `position` holds anything else; without
    one, the first `fields` columns of each line.
    """

    position: int
    tenant: bytes | None
    fields: int

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        if self.tenant is None:
            return re.compile(rb"\n((?:[^\t\n]*+\t){%d}[^\t\n]*+)" % (self.fields - 1))
        right = rb"(?:[^\t\n]*+\t){%d}%s[\t\n]" % (self.position, re.escape(self.tenant))
        return re.compile(rb"\n(?!\Z|%s)([^\n]*+)" % right)

    def at(self, block: bytes) -> bytes:
        """Give complete lines of what is seen of a block of complete lines.

        One pass in C over the block: a loop over its lines would cost ten times as much.
        """
        found: list[bytes] = self._pattern.findall(b"\n" + (block if self.tenant else block[:-1]))
        return b"".join(line + b"\n" for line in found)
