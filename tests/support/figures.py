"""Say a measured figure: shown by `pytest -s`, and with the output of a test that fails."""

import sys


def say(text: str) -> None:
    """Print one line."""
    sys.stdout.write(text + "\n")
