"""The wire field of arrays of any other type."""

import re
from collections.abc import Iterator
from typing import Any

from sichern.schema.wire import Wire

_QUOTED = re.compile(r'[\s"\\{},]|^$|^null$', re.IGNORECASE | re.ASCII)
_SPECIAL = re.compile(r'["\\]')
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^"\\{},\s][^"\\{},]*)|([{},])', re.ASCII | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
DEPTH = 6
"""Dimensions that PostgreSQL's arrays can have."""


class Array(Wire):
    """`{1,NULL,"a b"}`; a list, or lists of lists.

    Elements are values of `element`, which may be texts. Bounds that do not start at 1
    (`[0:1]={1,2}`) make a text of the whole.
    """

    plain = False
    kinds = (list,)

    def __init__(self, element: Wire, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.element = element
        self.wire = f"{element.wire}[]"  # type: ignore[misc]

    def _format(self, value: Any) -> str:
        return "{" + ",".join([self._item(item) for item in value]) + "}"

    def _item(self, item: Any) -> str:
        if item is None:
            return "NULL"
        if isinstance(item, list) and not self._holds_lists():
            return self._format(item)
        text = self.element.text(item)
        if _QUOTED.search(text):
            return '"' + _SPECIAL.sub(r"\\\g<0>", text) + '"'
        return text

    def _holds_lists(self) -> bool:
        """Whether a list may be one element: in arrays of JSON it always is."""
        return self.element.wire in ("json", "jsonb")

    def _parse(self, text: str) -> list[Any]:
        tokens = _tokens(text)
        if next(tokens, None) != ("{", False):
            raise ValueError(text)
        items = self._items(tokens, DEPTH)
        if next(tokens, None) is not None:
            raise ValueError(text)
        return items

    def _items(self, tokens: Iterator[tuple[str, bool]], depth: int) -> list[Any]:
        if not depth:
            raise ValueError("too many dimensions")
        items: list[Any] = []
        for piece, quoted in tokens:
            if quoted:
                items.append(self.element.value(piece))
            elif piece == "{":
                if self._holds_lists():
                    raise ValueError("an array of arrays of JSON")
                items.append(self._items(tokens, depth - 1))
            elif piece == "}":
                return items
            elif piece != ",":
                items.append(None if piece == "NULL" else self.element.value(piece))
        raise ValueError("no closing brace")


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Cut an array's text: each token, and whether it stood in quotes."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ValueError(text)
        quoted, plain, mark = found.groups()
        if quoted is not None:
            yield _ESCAPED.sub(r"\1", quoted), True
        else:
            yield plain if plain is not None else mark, False
        position = found.end()
