"""The README's two commands, and the one that CI runs, cannot drift apart."""

import os
import re
import stat
import subprocess
from pathlib import Path

from tests.structure.tree import ROOT

README = ROOT / "README.md"
RUN = ROOT / ".ci" / "run"


def block(name: str) -> str:
    (found,) = re.findall(rf"^```sh {name}\n(.*?)\n```$", README.read_text("utf-8"), re.M | re.S)
    return str(found)


def test_the_readme_has_one_command_for_the_demo_and_one_for_the_tests() -> None:
    venv = "python3 -m venv .venv && .venv/bin/pip install"
    assert block("demo") == f'{venv} ".[demo]" && .venv/bin/sichern demo'
    assert block("test") == f'{venv} -e ".[test]" && .venv/bin/python -m pytest'


def run_ci(tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run `.ci/run` in a small project whose README has this command."""
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "run"
    script.write_bytes(RUN.read_bytes())
    script.chmod(0o755)
    (tmp_path / "README.md").write_text(f"# x\n\n```sh demo\nfalse\n```\n\n{command}")
    (tmp_path / "a file").write_text("content\n")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("7zz", "unzip"):
        (programs / name).symlink_to("/bin/true")
    return subprocess.run(
        [str(script)],
        cwd="/",
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ci_runs_the_readmes_command_in_a_copy_and_ends_with_its_last_line(tmp_path: Path) -> None:
    command = '```sh test\necho "CI=$CI" && cat "a file" && test ! -e .venv && pwd\n```\n'
    ran = run_ci(tmp_path, command)
    assert ran.returncode == 0, ran.stderr
    *_, environment, content, place = ran.stdout.splitlines()
    assert (environment, content) == ("CI=true", "content")
    assert place != str(tmp_path)
    assert not Path(place).exists()


def test_ci_fails_where_the_command_fails(tmp_path: Path) -> None:
    assert run_ci(tmp_path, "```sh test\necho closing line && exit 3\n```\n").returncode == 3


def test_ci_fails_where_the_readme_has_no_command(tmp_path: Path) -> None:
    ran = run_ci(tmp_path, "nothing here\n")
    assert ran.returncode != 0
    assert "README.md" in ran.stderr


def test_ci_can_be_started() -> None:
    assert RUN.stat().st_mode & stat.S_IXUSR
