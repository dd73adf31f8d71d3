"""A line holds any text, and two texts never share a line's bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.schema import tsv
from sichern.schema.errors import MalformedText
from tests.schema.values import TEXT


@given(st.lists(st.none() | TEXT, min_size=1))
def test_texts_come_back_from_their_line(texts: list[str | None]) -> None:
    line = tsv.line(texts)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert line.count(b"\t") == len(texts) - 1
    assert tsv.values(line) == texts


@given(st.lists(st.lists(st.none() | TEXT, min_size=1)), st.integers(1, 50))
def test_lines_come_back_from_blocks_of_any_size(rows: list[list[str | None]], size: int) -> None:
    text = b"".join(tsv.line(row) for row in rows)
    blocks = [text[start : start + size] for start in range(0, len(text), size)]
    assert [tsv.values(line) for line in tsv.lines(blocks)] == rows


def test_escapes_are_those_of_copy() -> None:
    assert tsv.escape("\\\b\f\n\r\t\v\0é\x01\x7f") == "\\\\\\b\\f\\n\\r\\t\\v\\000é\x01\x7f"


def test_null_is_told_from_the_text_that_looks_like_it() -> None:
    assert tsv.line([None, "\\N", ""]) == b"\\N\t\\\\N\t\n"
    assert tsv.values(b"\\N\t\\\\N\t\n") == [None, "\\N", ""]


@pytest.mark.parametrize("value", ["\\", "a\\", "\\x41", "\\101", "\\q", "\\Na", "a\\N", "\\00"])
def test_an_escape_that_no_backup_writes_is_refused(value: str) -> None:
    with pytest.raises(MalformedText):
        tsv.unescape(value)


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(MalformedText):
        tsv.values(b"\xff\n")


def test_a_last_line_without_its_end_is_refused() -> None:
    with pytest.raises(MalformedText):
        list(tsv.lines([b"a\nb"]))
