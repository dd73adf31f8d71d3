"""How many pairs are kept: exactly the newest, nothing without a newer one, nothing of others."""

import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from sichern.hosts.tryton.keeping import Pair, is_whole, remove, superfluous

ENDINGS = (".zip", ".belege.zip", ".ztx")
STRANGE = ("Urlaub.zip", "muster-gmbh_2020-01-01T000000Z.ztx", "other_2026-01-01T000000Z.zip")
WHOLE, PART, GONE = "whole", "without its info file", "gone"
states = st.lists(st.sampled_from([WHOLE, WHOLE, WHOLE, PART, GONE]), max_size=20)


def make(folder: Path, states: list[str]) -> list[Pair]:
    """Make pairs, the newest first, in the state that is said of each."""
    pairs = []
    for number, state in enumerate(states):
        stem = f"muster-gmbh_2026-11-{28 - number:02}T010000Z"
        pair = tuple(folder / f"{stem}{ending}" for ending in ENDINGS)
        for file in pair:
            if state == WHOLE or (state == PART and file.suffix != ".ztx"):
                file.touch()
        pairs.append(pair)
    for name in STRANGE:
        (folder / name).touch()
    return pairs


@given(states, st.integers(min_value=-1, max_value=20))
@example([WHOLE] * 20, 14)
@example([GONE] * 14 + [WHOLE] * 3, 14)
def test_the_newest_stay_and_nothing_goes_without_a_newer_one(
    states: list[str], keep: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = make(folder, states)
        before = [pair for pair in pairs if is_whole(pair)]
        for pair in superfluous(pairs, keep):
            newer = pairs[: pairs.index(pair)]
            assert any(is_whole(each) for each in newer)
            remove(pair, folder)
            assert not any(file.exists() for file in pair)
        assert [pair for pair in pairs if is_whole(pair)] == before[: max(1, keep)]
        assert superfluous(pairs, keep) == []
        assert all((folder / strange).exists() for strange in STRANGE)


def test_files_elsewhere_or_of_another_kind_are_never_removed(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    others = [tmp_path / "a_2026-01-01T000000Z.ztx", inner / "books.sqlite", inner / "x.part"]
    for file in others:
        file.touch()
    remove(tuple(others), inner)
    assert all(file.exists() for file in others)
