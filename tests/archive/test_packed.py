"""A member packed away from the archive, and a glance at its lines, against the slow way."""

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.archive.deflate import TERMINATOR
from sichern.archive.packed import pack_member
from sichern.tenancy.glance import Glance, Seen
from sichern.tenancy.keyset import KeySet

FIELD = st.binary(max_size=4).map(lambda text: text.translate(None, b"\t\n\r"))
LINES = st.lists(st.lists(FIELD | st.just(b"1") | st.just(b"12"), min_size=3, max_size=3))


def block_of(lines: list[list[bytes]]) -> bytes:
    """Lines as an archive has them."""
    return b"".join(b"\t".join(line) + b"\n" for line in lines)


@given(LINES, st.integers(0, 2))
def test_a_glance_sees_each_line_of_another_tenant(lines: list[list[bytes]], place: int) -> None:
    seen = Glance(position=place, tenant=b"1", fields=3).at(block_of(lines)).lines
    assert seen == block_of([line for line in lines if line[place] != b"1"])


@given(LINES, st.integers(1, 3))
def test_a_glance_sees_the_first_columns_of_each_line(
    lines: list[list[bytes]], fields: int
) -> None:
    seen = Glance(position=0, tenant=None, fields=fields).at(block_of(lines)).lines
    assert seen == block_of([line[:fields] for line in lines])


@given(LINES, st.permutations([0, 1, 2]), st.integers(1, 3))
def test_a_glance_sees_the_keys_and_the_parents_of_each_line(
    lines: list[list[bytes]], places: list[int], count: int
) -> None:
    at = places[:count]
    expected = KeySet.of(*(b"\t".join([line[place] for place in at]) for line in lines))
    block = block_of(lines)
    for seen in (
        Glance(position=0, tenant=b"1", fields=1, keys=at, parents=at).at(block),
        Seen.united(
            Glance(position=0, tenant=None, fields=1, keys=at, parents=at).at(block_of([line]))
            for line in lines
        ),
    ):
        assert seen.keys == expected
        assert seen.parents == expected


def test_a_line_without_the_columns_of_its_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="without column 1"):
        Glance(position=0, tenant=None, fields=1, parents=[1]).at(b"1\t2\n3\n")


def test_a_packed_member_unpacks_to_its_bytes() -> None:
    blocks = [b"%d\tLine %d\n" % (n, n % 97) * 500 for n in range(400)]
    packed = pack_member(iter(blocks), lambda: 200_000)
    plain = b"".join(blocks)
    stream = b"".join(chunk.data for chunk in packed.chunks) + TERMINATOR
    assert zlib.decompress(stream, -15) == plain
    assert packed.sha256 == hashlib.sha256(plain).hexdigest()
    assert (packed.lines, len(packed.chunks)) == (200_000, -(-len(plain) // (1 << 20)))
