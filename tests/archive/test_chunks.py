"""Lines cut into chunks of so many rows, wherever the blocks end."""

from itertools import chain, repeat

from hypothesis import given
from hypothesis import strategies as st

from sichern.archive.chunks import Chunks

LINE = st.binary(max_size=3).map(lambda text: text.replace(b"\n", b""))
BLOCKS = st.lists(st.lists(LINE, max_size=9))


@given(BLOCKS, st.lists(st.integers(1, 7)), st.integers(1, 9))
def test_each_chunk_has_the_rows_that_were_asked_for(
    blocks: list[list[bytes]], first: list[int], then: int
) -> None:
    lines = [line + b"\n" for block in blocks for line in block]
    asked = chain(first, repeat(then))
    given = (b"".join(line + b"\n" for line in block) for block in blocks)
    chunks = Chunks(given, chain(first, repeat(then)))
    for chunk in chunks:
        expected, lines = lines[: (rows := next(asked))], lines[rows:]
        assert b"".join(chunk) == b"".join(expected) != b""
        assert chunks.taken == len(expected)
    assert lines == []
