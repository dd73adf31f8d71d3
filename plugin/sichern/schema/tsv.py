r"""Lines of tab-separated text as PostgreSQL's COPY writes them: backslash escapes, `\N` for NULL.

Escaped are the backslash, `\b \f \n \r \t \v`, and NUL as `\000`; every other character stands
for itself. So a line feed always ends a line, and a tab always ends a value.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from sichern.schema.errors import MalformedText

NULL = "\\N"

_ESCAPES = {
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\0": "\\000",
}
_SPECIAL = re.compile(r"[\x00\x08-\x0d\\]")
_TABLE = str.maketrans(_ESCAPES)
_PLAIN = {escaped: character for character, escaped in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\(?:000|[\\bfnrtv]|)")


def escape(text: str) -> str:
    """Write a text as a value of a line."""
    return text.translate(_TABLE) if _SPECIAL.search(text) else text


def escape_all(texts: Sequence[str]) -> Sequence[str]:
    """Write texts as values of a line."""
    joined = "".join(texts)
    # One search for each character is far faster than one for all of them.
    plain = not any(character in joined for character in _ESCAPES)
    return texts if plain else list(map(escape, texts))


def unescape(value: str) -> str | None:
    r"""Read a value of a line; None for `\N`.

    Raises MalformedText for an escape that `escape` never writes.
    """
    if "\\" not in value:
        return value
    if value == NULL:
        return None
    try:
        return _ESCAPED.sub(lambda found: _PLAIN[found[0]], value)
    except KeyError:
        raise MalformedText(text=value[:80]) from None


def line(values: Iterable[str | None]) -> bytes:
    """Write one line of texts, with its line feed."""
    joined = "\t".join([NULL if value is None else escape(value) for value in values])
    return (joined + "\n").encode()


def values(line: bytes) -> list[str | None]:
    """Read one line, with or without its line feed.

    Raises MalformedText.
    """
    try:
        text = line.removesuffix(b"\n").decode()
    except UnicodeDecodeError:
        raise MalformedText(text=line[:80].decode(errors="replace")) from None
    return [unescape(value) for value in text.split("\t")]


def lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks of any size into lines, without their line feeds."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n") if rest else block.split(b"\n")
        yield from whole
    if rest:
        raise MalformedText(text=rest[:80].decode(errors="replace"))
