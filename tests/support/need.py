"""What a test needs and does not find: a failure in CI, a skip with a reason elsewhere."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """End the test: failed where CI is set, skipped elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"missing in CI: {reason}")
    pytest.skip(reason)


def need(program: str) -> Path:
    """Give the path of a program that must be installed."""
    found = shutil.which(program)
    if found is None:
        missing(f"the program {program} is not installed")
    return Path(found)
