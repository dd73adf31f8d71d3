"""From row to row: by which links a row makes another one go along, and which are worth asking."""

from collections.abc import Mapping
from dataclasses import dataclass

from sichern.tenancy.model import ForeignLink
from sichern_hooks import Polymorphic

Linked = tuple[str, tuple[str, ...], str | None]
"""A table, the columns of one of its links, and the polymorphic kind."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Rows of `source` make rows of `target` go along, through `link` of one of them.

    `down` follows the link from a parent to its children, otherwise from a row to what it
    points at. `kind` is the polymorphic kind.
    """

    source: str
    target: str
    link: ForeignLink | Polymorphic
    down: bool = False
    kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is worth asking: tables that have rows, and what rows that may go along point at.

    `linked` are links that hold something there; `kinds` are those that any rows name.
    """

    filled: frozenset[str]
    linked: frozenset[Linked]
    kinds: Mapping[tuple[str, str], tuple[str, ...]]
