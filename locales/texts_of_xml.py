"""A Babel extractor: what people see of the views, menus and messages of a Tryton module."""

from collections.abc import Collection, Iterator
from typing import BinaryIO
from xml.etree import ElementTree

SHOWN = frozenset({"string", "confirm", "help", "sum"})
"""Attributes of a view's elements."""
TEXTS = {
    "ir.message": {"text"},
    "ir.model.button": {"string", "help", "confirm"},
    "ir.action.act_window": {"name"},
    "ir.action.act_window.domain": {"name"},
    "ir.action.wizard": {"name"},
    "ir.rule.group": {"name"},
    "ir.ui.menu": {"name"},
    "res.group": {"name"},
}
"""Fields of records that are translated."""


def extract(
    file: BinaryIO, _keywords: object, _comment_tags: Collection[str], **_options: object
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Give each text once, as Babel wants it."""
    for text in dict.fromkeys(texts(file)):
        yield 0, None, text, []


def texts(file: BinaryIO) -> Iterator[str]:
    """Give the texts of one file."""
    for element in ElementTree.parse(file).iter():  # noqa: S314 - files of the project itself
        if element.tag == "menuitem" and "name" in element.attrib:
            yield element.attrib["name"]
        elif element.tag == "record":
            for field in element.iter("field"):
                shown = TEXTS.get(element.attrib["model"], set())
                if field.attrib["name"] in shown and (field.text or "").strip():
                    yield str(field.text)
        elif element.tag != "field" or "model" not in element.attrib:
            yield from (text for name, text in element.attrib.items() if name in SHOWN and text)
