"""Workers that are copies of a process, and the processes that are never copied."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no other system lists its files")

HEAD = """
import os, signal, socket, sqlite3, sys, threading, time
from pathlib import Path
from sichern.copies import Copies, can_be_copied
from sichern.workers import WorkerLost

def program(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()

def copies(workers):
    return [program(pid) == program(os.getpid()) for pid in workers.pids]
"""


def run(program: str, *arguments: str | Path) -> str:
    """Run a program of its own, and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program, *map(str, arguments)],
        check=True, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_a_process_of_one_thread_is_copied_and_its_copies_end_with_it() -> None:
    told = run("""
print("once")
with Copies(2) as workers:
    print(copies(workers))
    print({workers.submit(os.getpid).result() for _ in range(9)} <= set(workers.pids))
    print(workers.submit(os.getppid).result() == os.getpid())
    workers.submit(print, "nowhere").result()
    pids = workers.pids
print([pid for pid in pids if Path(f"/proc/{pid}").exists()])
""")
    assert told.splitlines() == ["once", "[True, True]", "True", "True", "[]"]


@pytest.mark.parametrize(
    ("opened", "copied"),
    [
        ("socket.socketpair()", False),
        ("sqlite3.connect(sys.argv[1])", False),
        ("threading.Thread(target=time.sleep, args=[2]).start()", False),
        ("open(sys.argv[1] + '.log', 'a')", True),
    ],
    ids=["connection", "sqlite", "thread", "log"],
)
def test_a_process_is_copied_where_a_copy_can_do_no_harm(
    tmp_path: Path, opened: str, copied: bool
) -> None:
    told = run(
        f"held = {opened}\nprint(can_be_copied())\n"
        "with Copies(1) as workers:\n    print(copies(workers))\n",
        tmp_path / "some",
    )
    assert told.splitlines() == [str(copied), str([copied])]


def test_an_interpreter_takes_the_place_of_a_lost_copy() -> None:
    told = run("""
with Copies(1) as workers:
    try:
        workers.submit(os.kill, workers.pids[0], signal.SIGKILL).result()
    except WorkerLost as lost:
        print(lost.code)
    print(workers.submit(abs, -3).result(), copies(workers))
    pids = workers.pids
print([pid for pid in pids if Path(f"/proc/{pid}").exists()])
""")
    assert told.splitlines() == ["worker-lost", "3 [False]", "[]"]


def test_copies_end_when_the_process_does_however_that_dies(tmp_path: Path) -> None:
    """Each holds a pipe's end; the pipe ends when all of them are gone."""
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", HEAD + """
with Copies(3) as workers:
    print(copies(workers), flush=True)
    time.sleep(60)
"""],
        stdout=subprocess.PIPE, text=True, pass_fds=[theirs],
    ) as process:  # fmt: skip
        os.close(theirs)
        assert process.stdout is not None
        assert process.stdout.readline() == "[True, True, True]\n"
        process.send_signal(signal.SIGKILL)
        with open(ours, "rb") as end:  # noqa: PTH123 - a number
            assert end.read() == b""
