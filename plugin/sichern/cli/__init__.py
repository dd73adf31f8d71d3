"""The command `sichern`."""

from sichern.cli.main import main

__all__ = ["main"]
