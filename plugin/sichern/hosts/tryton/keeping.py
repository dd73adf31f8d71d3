"""Which pairs of a tenant are too many: nothing goes before something newer was checked."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Checked(Protocol):
    """A pair, and when it was last read again and found whole."""

    @property
    def checked(self) -> object: ...


Made = TypeVar("Made", bound=Checked)


def surplus(made: Sequence[Made], keep: int) -> list[Made]:
    """Give what may be removed of the pairs, newest first, that one job made of one tenant.

    The newest `keep` checked pairs stay, at least one. One that was not checked is neither
    counted nor removed.
    """
    return [pair for pair in made if pair.checked][max(1, keep):]
