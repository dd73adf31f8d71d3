"""A look at blocks of lines that is made where they are read, for the proof to judge."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from sichern.tenancy.keyset import KeySet

_VALUE = rb"[^\t\n]*+"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of lines: some to be judged one by one, keys and parents of all where asked."""

    lines: bytes
    keys: KeySet
    parents: KeySet

    @classmethod
    def united(cls, all_seen: Iterable["Seen"]) -> "Seen":
        """Give what was seen of several blocks."""
        lines, keys, parents = list[bytes](), KeySet(), KeySet()
        for seen in all_seen:
            lines.append(seen.lines)
            keys.unite(seen.keys)
            parents.unite(seen.parents)
        return cls(lines=b"".join(lines), keys=keys, parents=parents)


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What the proof wants to see of each line, made of regular expressions alone.

    With a `tenant`, the lines whose column at that `position` holds anything else; without
    one, the first `fields` columns of each line. Of all lines the values at the positions
    `keys` and `parents`, joined by tabs.
    """

    position: int
    tenant: bytes | None
    fields: int
    keys: Sequence[int] = ()
    parents: Sequence[int] = ()

    def at(self, block: bytes) -> Seen:
        """Look at a block of complete lines.

        A few passes in C over the block: a loop over its lines would cost ten times as much.
        """
        text = b"\n" + block
        found: list[bytes] = self._pattern.findall(text)
        return Seen(
            lines=b"".join([line + b"\n" for line in found]),
            keys=_values(text, self.keys),
            parents=_values(text, self.parents),
        )

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        # Each value is written out: a repeated group takes half as long again.
        if self.tenant is None:
            return re.compile(rb"\n(?!\Z)(%s)" % rb"\t".join([_VALUE] * self.fields))
        right = rb"%s%s[\t\n]" % ((_VALUE + rb"\t") * self.position, re.escape(self.tenant))
        return re.compile(rb"\n(?!%s|\Z)([^\n]*+)" % right)


def _values(text: bytes, positions: Sequence[int]) -> KeySet:
    """The values at some positions of each line that follows a line feed."""
    keys = KeySet()
    if positions:
        ascending = sorted(positions)
        found = _columns(tuple(ascending)).findall(text)
        if len(found) != text.count(b"\n") - 1:
            raise ValueError(f"a line without column {ascending[-1]}")
        if len(positions) > 1:
            places = [ascending.index(position) for position in positions]
            found = [b"\t".join([values[place] for place in places]) for values in found]
        keys.update(found)
    return keys


@cache
def _columns(ascending: tuple[int, ...]) -> re.Pattern[bytes]:
    columns = [
        rb"(%s)" % _VALUE if number in ascending else _VALUE for number in range(ascending[-1] + 1)
    ]
    return re.compile(rb"\n(?!\Z)" + rb"\t".join(columns))
