"""Tryton's web client as its distribution serves it: from npm, kept in the cache of the tests."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.support.need import missing, need
from tests.support.tryton import cache_folder, locked

PACKAGE = "tryton-sao@~8.0"
TIMEOUT = 300


@cache
def web_client() -> Path:
    """Give the folder for trytond's `[web] root`.

    Nothing of a package is run while it is installed. The page looks for what it needs in
    `node_modules` below itself, where a release of Tryton has it; npm puts it beside.
    """
    folder = cache_folder() / "tryton-sao-8"
    with locked(folder):
        if not folder.exists():
            part = folder.with_suffix(".new")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            _install(part)
            (part / "node_modules/tryton-sao/node_modules").symlink_to("..")
            part.rename(folder)
    return folder / "node_modules/tryton-sao"


def _install(folder: Path) -> None:
    options = ["--omit=dev", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
    done = subprocess.run(
        [need("npm"), "install", *options, PACKAGE],
        cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )
    if done.returncode:
        missing(f"npm could not install {PACKAGE}: {done.stderr[-1000:]}")
