"""On a terminal somebody sees how far it is; Ctrl-C and odd names are harmless."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.sichern import write_sichern_config
from tests.support.tryton import copy_sqlite, demo_sqlite, run_tryton

COMMAND = [sys.executable, "-c", "import sys; from sichern.cli import main; sys.exit(main())"]
RENAME = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("update party_party set name = ? where id in (select party from"
                   " company_company)", (sys.argv[2],))
connection.commit()
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a command left on the screen, and its status."""

    status: int
    text: str


def on_terminal(*arguments: str | Path, interrupt_at: str = "") -> Seen:
    """Run a command with a terminal for its output; Ctrl-C once it shows `interrupt_at`."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    text = b""
    watchdog = threading.Timer(120, process.kill)
    watchdog.start()
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
        if interrupt_at and interrupt_at.encode() in text:
            process.send_signal(signal.SIGINT)
            interrupt_at = ""
    watchdog.cancel()
    os.close(ours)
    return Seen(status=process.wait(), text=text.decode())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return write_sichern_config(demo_sqlite(), tmp_path)


def test_a_bar_shows_each_tenant_and_ends_its_line(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    seen = on_terminal("backup", "--all", "--to", target, "--config", config)
    assert seen.status == 0, seen.text
    for name in ("Beispiel AG", "Muster GmbH"):
        bars = re.findall(rf"{name}  \[#*-*\] +(\d+)%", seen.text)
        assert int(bars[0]) < int(bars[-1]) == 100
    assert "\r\nTenant       Result" in seen.text
    (ztx, _) = sorted(target.glob("*.ztx"))
    assert "100%" in on_terminal("check", ztx).text


def test_no_bar_is_drawn_into_json(config: Path, tmp_path: Path) -> None:
    seen = on_terminal("backup", "1", "--to", tmp_path / "backups", "--config", config, "--json")
    assert seen.status == 0
    assert "%" not in seen.text
    assert seen.text.lstrip().startswith("{")


def test_an_interrupted_run_says_so_and_leaves_nothing(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups"
    seen = on_terminal(
        "backup", "--all", "--to", target, "--config", config, interrupt_at="Beispiel AG  ["
    )
    assert seen.status == 1, seen.text
    assert "cancelled" in seen.text
    assert "Traceback" not in seen.text
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_before_anything_runs_is_said_as_well(
    tmp_path: Path, stop: signal.Signals
) -> None:
    os.mkfifo(tmp_path / "sichern.toml")
    # Reading the configuration waits for ever: nobody writes anything to the pipe.
    process = subprocess.Popen(
        [*COMMAND, "tenants", "--config", str(tmp_path / "sichern.toml")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    writer = os.open(tmp_path / "sichern.toml", os.O_WRONLY)  # waits until the command reads
    process.send_signal(stop)
    out, err = process.communicate(timeout=30)
    os.close(writer)
    assert (process.returncode, out) == (1, "")
    assert err.lstrip().startswith("error: ")
    assert "Traceback" not in err


def test_a_name_moves_no_cursor(tmp_path: Path) -> None:
    name = "\x1b[2J\x1b]0;title\x07Evil two\r\nlines back\x08\x08 \u202e"
    copy = copy_sqlite(demo_sqlite(), tmp_path / "copy")
    run_tryton(["-c", RENAME, str(copy.file), name], copy.uri)
    (tmp_path / "backups").mkdir()
    config = write_sichern_config(copy, tmp_path)
    for command in (["tenants"], ["backup", "1", "--to", tmp_path / "backups"]):
        done = subprocess.run(
            [*COMMAND, *map(str, command), "--config", str(config)], capture_output=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True,
        )
        assert all(c == "\n" or c.isprintable() for c in done.stdout.decode())
    for file in (tmp_path / "backups").iterdir():
        assert file.name.isprintable()
    (ztx,) = (tmp_path / "backups").glob("*.ztx")
    shown = subprocess.run([*COMMAND, "show", str(ztx)], capture_output=True, check=True)
    assert all(c == "\n" or c.isprintable() for c in shown.stdout.decode())


INTERRUPTED = """
import os, signal, sys
from sichern.cli import main

class Interrupting:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.exit(main(["tenants"]))
"""


@pytest.mark.parametrize("module", ["click", "sichern.config", "sichern.run"])
def test_ctrl_c_while_the_program_loads_leaves_no_traceback(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
