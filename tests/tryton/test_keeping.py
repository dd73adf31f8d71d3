"""Which of a job's pairs go, for every order of nights that went well and nights that did not."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sichern.hosts.tryton.keeping import surplus


@dataclass(frozen=True)
class Pair:
    night: int
    checked: bool


NIGHTS = st.lists(st.booleans(), max_size=40).map(
    lambda checked: [Pair(night, good) for night, good in enumerate(checked)][::-1]
)


@given(NIGHTS, st.integers(min_value=-1, max_value=20))
def test_the_newest_checked_pairs_stay(made: list[Pair], keep: int) -> None:
    gone = surplus(made, keep)
    left = [pair for pair in made if pair not in gone]
    assert all(pair.checked for pair in gone)
    checked = [pair for pair in made if pair.checked]
    assert [pair for pair in left if pair.checked] == checked[:max(1, keep)]


@given(st.lists(st.booleans(), max_size=40), st.integers(min_value=0, max_value=5))
def test_over_many_nights_nothing_goes_before_something_newer_is_checked(
    nights: list[bool], keep: int
) -> None:
    there: list[Pair] = []
    for night, good in enumerate(nights):
        there.insert(0, Pair(night, good))
        # Retention is asked for only once the newest pair was checked.
        gone = surplus(there, keep) if good else []
        for pair in gone:
            assert any(each.checked and each.night > pair.night for each in there)
        there = [pair for pair in there if pair not in gone]
        assert sum(pair.checked for pair in there) <= max(1, keep)
    assert sum(pair.checked for pair in there) == min(max(1, keep), sum(nights))
