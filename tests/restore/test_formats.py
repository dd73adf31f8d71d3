"""Pairs of an earlier format are imported as those of this one."""

import pytest

from sichern_hooks import Outcome, Way
from tests.archive.making import make_format_1
from tests.restore.conftest import MakeWorld
from tests.restore.reading import error_of
from tests.support import world as small


@pytest.mark.parametrize("way", [Way.NEW, Way.REPLACE])
def test_a_pair_of_format_1_is_imported(make_world: MakeWorld, way: Way) -> None:
    world = make_world(small.ROWS)
    file = world.back_up()
    make_format_1(file)
    report = world.take(file, way, copy_confirmed=True)
    assert report.outcome is Outcome.COMPLETE, error_of(report)
