"""A set of keys is a set, however its keys are kept."""

from hypothesis import given
from hypothesis import strategies as st

from sichern.tenancy.keyset import KeySet

KEYS = st.sets(
    st.integers(0, 40).map(lambda number: str(number).encode())
    | st.integers(0, (1 << 64) + 9).map(lambda number: str(number).encode())
    | st.sampled_from([b"", b"007", b"-1", b"1\t2", b"1 ", b"\\N", "\u0661".encode()])
    | st.binary(max_size=3).map(lambda key: key.replace(b"\n", b""))
)


@given(KEYS, KEYS)
def test_it_holds_what_was_added_and_nothing_else(keys: set[bytes], others: set[bytes]) -> None:
    found = KeySet.of(*keys)
    assert all(key in found for key in keys)
    assert all((key in found) == (key in keys) for key in others)
    assert found == KeySet.of(*keys)


@given(KEYS, KEYS, KEYS)
def test_it_lies_within_others_and_unites_with_them_as_a_set_does(
    keys: set[bytes], left: set[bytes], right: set[bytes]
) -> None:
    assert KeySet.of(*keys).within(KeySet.of(*left), KeySet.of(*right)) == (keys <= left | right)
    assert KeySet.of(*keys).within() == (not keys)
    united = KeySet.of(*keys)
    united.unite(KeySet.of(*left))
    assert united == KeySet.of(*(keys | left))
    assert united.within(KeySet.of(*left), KeySet.of(*keys))
    assert KeySet.of(*left).within(united)


def test_many_neighbours_and_numbers_far_apart_take_little_memory() -> None:
    wide = KeySet.of(*{b"%d" % number for number in range(1, 1 << 40, 1 << 24)})
    close = KeySet.of(*{b"%d" % number for number in range(1, 100_000)})
    close.unite(wide)
    assert b"99999" in close
    assert b"100000" not in close
    assert len(close._numbers.serialize()) < 3_000_000
