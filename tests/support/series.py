"""Another series of Tryton beside the installed one: an environment of its own, from the index.

Making it and its databases takes minutes and a package index, so it is asked for by
`SICHERN_TEST_SERIES=1`. trytond of two series never meets in one process: everything here runs
programs.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sichern.hosts.tryton.demo import DEMO_MODULES
from tests.support.need import missing
from tests.support.sichern import Outcome
from tests.support.tryton import TIMEOUT, environment

ASKED = "SICHERN_TEST_SERIES"
ROOT = Path(__file__).parents[2]
URI = "sqlite://"
SICHERN = "import sys; from sichern.cli import main; sys.exit(main())"


@dataclass(frozen=True, kw_only=True)
class Series:
    """A Python that has one series of Tryton, Sichern and what the programs of the tests need."""

    python: Path

    def run(self, *arguments: str | Path) -> str:
        """Run `python <arguments>` from the project's folder and give what it printed.

        Raises CalledProcessError where it fails; its `stderr` is added as a note.
        """
        try:
            done = subprocess.run(
                [self.python, *arguments], env=environment(URI), cwd=ROOT, check=True,
                capture_output=True, text=True, timeout=TIMEOUT,
            )
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr[-4000:])
            raise
        return done.stdout

    def sichern(self, *arguments: str | Path, home: Path) -> Outcome:
        """Run the command `sichern` to its end; protocols of imports go below `home`."""
        done = subprocess.run(
            [self.python, "-c", SICHERN, *arguments],
            env={**environment(URI), "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(home)},
            check=False, capture_output=True, text=True, timeout=TIMEOUT,
        )
        return Outcome(status=done.returncode, out=done.stdout, err=done.stderr)


INSTALLED = Series(python=Path(sys.executable))


def install(series: str, folder: Path) -> Series:
    """Make an environment with this series, as `7.8`, and Sichern as it is in this tree.

    The test is skipped unless it was asked for, and where the index does not have the series.
    """
    if not os.environ.get(ASKED):
        pytest.skip(f"takes minutes, and a package index with Tryton {series}: set {ASKED}=1")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=TIMEOUT)
    python = folder / "bin" / "python"
    modules = [f"trytond-{module.replace('_', '-')}" for module in DEMO_MODULES]
    _pip(python, [*(f"{name}~={series}.0" for name in ("trytond", *modules)), "pytest", str(ROOT)])
    return Series(python=python)


def _pip(python: Path, requirements: Sequence[str]) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        check=False, capture_output=True, text=True, timeout=TIMEOUT,
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
        missing(f"cannot be installed: {lines[-1] if lines else done.stderr[-200:]}")
