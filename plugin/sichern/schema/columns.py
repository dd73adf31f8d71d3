"""A column as the archive holds it. Without what it takes to write one, for those that only ask."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WireColumn:
    """A column as the archive holds it; `wire` is the name of its wire type."""

    name: str
    wire: str
    nullable: bool
