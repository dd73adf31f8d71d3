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


def key_set(keys: set[bytes]) -> KeySet:
    """A set of these keys."""
    made = KeySet()
    made.update(list(keys))
    return made


@given(KEYS, KEYS)
def test_it_holds_what_was_added_and_nothing_else(keys: set[bytes], others: set[bytes]) -> None:
    found = key_set(keys)
    assert all(key in found for key in keys)
    assert all((key in found) == (key in keys) for key in others)
    assert found == key_set(keys)


@given(KEYS, KEYS, KEYS)
def test_it_lies_within_others_and_unites_with_them_as_a_set_does(
    keys: set[bytes], left: set[bytes], right: set[bytes]
) -> None:
    assert key_set(keys).within(key_set(left), key_set(right)) == (keys <= left | right)
    assert key_set(keys).within() == (not keys)
    united = key_set(keys)
    united.unite(key_set(left))
    assert united == key_set(keys | left)
    assert united.within(key_set(left), key_set(keys))
    assert key_set(left).within(united)


def test_many_neighbours_and_numbers_far_apart_take_little_memory() -> None:
    wide = key_set({b"%d" % number for number in range(1, 1 << 40, 1 << 24)})
    close = key_set({b"%d" % number for number in range(1, 100_000)})
    close.unite(wide)
    assert b"99999" in close
    assert b"100000" not in close
    assert len(close._numbers.serialize()) < 3_000_000
