"""A set of keys as they stand in lines, small and fast for millions of numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from pyroaring import BitMap64

_NUMBER = re.compile(rb"[1-9][0-9]{0,18}+")
"""The one spelling of a number that the bitmap holds: `7`, not `007`."""
_NUMBERS = re.compile(rb"(?:%s\n)*+" % _NUMBER.pattern)


@dataclass
class KeySet:
    """Numbers lie in a compressed bitmap, all other keys as they are.

    So neither millions of rows nor widely scattered keys need much memory.
    """

    _numbers: BitMap64 = field(default_factory=BitMap64)
    _others: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, *keys: bytes) -> Self:
        """Make a set of keys."""
        made = cls()
        made.update(keys)
        return made

    def update(self, keys: Sequence[bytes]) -> None:
        """Add keys, none of which has a line feed."""
        if _NUMBERS.fullmatch(b"".join([key + b"\n" for key in keys])):
            self._numbers.update(list(map(int, keys)))
            return
        for key in keys:
            if _NUMBER.fullmatch(key):
                self._numbers.add(int(key))
            else:
                self._others.add(key)

    def unite(self, other: "KeySet") -> None:
        """Add the keys of another set; costs what the other one has."""
        # The union of two bitmaps costs what both have: of a table's blocks one after another,
        # the square of its rows.
        self._numbers.update(list(other._numbers))
        self._others |= other._others

    def within(self, *sets: "KeySet") -> bool:
        """Whether each key is in one of `sets`; costs what this one has."""
        numbers, others = self._numbers, self._others
        for each in sets:
            if numbers.issubset(each._numbers):
                numbers = BitMap64()
            else:
                numbers = BitMap64([key for key in numbers if key not in each._numbers])
            others = others - each._others
        return not numbers and not others

    def __contains__(self, key: bytes) -> bool:
        return int(key) in self._numbers if _NUMBER.fullmatch(key) else key in self._others
