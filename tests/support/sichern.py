"""Run the command `sichern` as a user would: as a program, with a configuration file."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.archive import Pair
from tests.support.tryton import TrytonDatabase

TIMEOUT = 600


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


def sichern(*arguments: str | Path, home: Path | None = None) -> Outcome:
    """Run a command to its end; German and English by `--lang`, English otherwise."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if home is not None:
        environment["XDG_STATE_HOME"] = str(home)
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from sichern.cli import main; sys.exit(main())"]
        + [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment,
        check=False,
    )
    return Outcome(status=done.returncode, out=done.stdout, err=done.stderr)


def write_sichern_config(database: TrytonDatabase, folder: Path, more: str = "") -> Path:
    """Write a `sichern.toml` for a database of Tryton."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sichern.toml"
    path.write_text(
        f'[host]\nname = "tryton"\nconfig = "{database.config}"\n'
        f'database = "{database.name}"\n{more}',
        encoding="utf-8",
    )
    return path


def back_up_all(database: TrytonDatabase, folder: Path, *options: str) -> dict[str, Pair]:
    """Back up every company of a database; the pairs by company id."""
    config = write_sichern_config(database, folder)
    target = folder / "backups"
    target.mkdir(exist_ok=True)
    done = sichern("backup", "--all", "--to", target, "--json", "--config", config, *options)
    assert done.status == 0, done.out + done.err
    return {entry["key"]: Pair(Path(entry["files"][-1])) for entry in done.data["tenants"]}
