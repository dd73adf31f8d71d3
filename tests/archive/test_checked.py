"""When a pair was last checked is remembered, and what was found."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from sichern.archive.checked import Check, Checked, state_folder
from tests.archive.making import WHEN

ONE, OTHER = "1" * 64, "2" * 64
SOUND = Check(when=WHEN, sound=True)
LATER = Check(when=WHEN + timedelta(days=1), sound=True)


def test_a_check_is_remembered_by_the_pairs_hash(tmp_path: Path) -> None:
    memory = Checked(folder=tmp_path / "state" / "sichern")
    assert memory.last(ONE) is None
    memory.remember(ONE, SOUND)
    memory.remember(OTHER, LATER)
    again = Checked(folder=tmp_path / "state" / "sichern")
    assert again.last(ONE) == SOUND
    assert again.last(OTHER) == LATER


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", '{"x": 1}', f'{{"{ONE}": 1}}', f'{{"{ONE}": ["yesterday", true]}}'],
)
def test_a_memory_that_cannot_be_read_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "checked.json").write_text(text)
    memory = Checked(folder=tmp_path)
    assert memory.last(ONE) is None
    memory.remember(ONE, SOUND)
    assert memory.last(ONE) == SOUND


def test_checks_at_the_same_time_do_not_forget_each_other(tmp_path: Path) -> None:
    keys = [f"{n:064x}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: Checked(folder=tmp_path).remember(key, SOUND), keys))
    assert all(Checked(folder=tmp_path).last(key) == SOUND for key in keys)


def test_the_state_lies_where_xdg_says(tmp_path: Path) -> None:
    assert state_folder({}, tmp_path) == tmp_path / ".local/state/sichern"
    assert state_folder({"XDG_STATE_HOME": "/s"}, tmp_path) == Path("/s/sichern")
    relative = {"XDG_STATE_HOME": "relative"}
    assert state_folder(relative, tmp_path) == tmp_path / ".local/state/sichern"


def test_a_pair_found_damaged_later_is_remembered_as_such(tmp_path: Path) -> None:
    memory = Checked(folder=tmp_path)
    memory.remember(ONE, SOUND)
    memory.remember(OTHER, SOUND)
    damaged = Check(when=LATER.when, sound=False)
    memory.remember(ONE, damaged)
    assert memory.last(ONE) == damaged
    assert memory.last(OTHER) == SOUND
