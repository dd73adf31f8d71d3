"""Readers take the cores that nobody uses: whoever works with the ERP has the others."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sichern import idle
from sichern.idle import free_cores
from sichern.side_by_side import cores

BUSY = "print(flush=True)\nwhile True: pass"


def test_where_every_core_is_busy_one_is_taken() -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
        for _ in range(2 * (cores() + 1))
    ]
    try:
        for each in started:
            assert each.stdout is not None
            each.stdout.readline()
        time.sleep(idle.MOMENT)
        assert free_cores() == 1
    finally:
        for each in started:
            with each:
                each.kill()


@pytest.mark.parametrize("said", [None, "cpu  0 0 0 0 0 0 0 0 0 0\n"])
def test_where_the_system_does_not_say_all_are(
    said: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stat = tmp_path / "stat"
    if said is not None:
        stat.write_text(said, encoding="ascii")
    monkeypatch.setattr(idle, "_STAT", stat)
    assert free_cores() == cores()
