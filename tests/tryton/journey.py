"""Take a company along a way of several steps, in one process, as trytond takes long to load.

Steps are read as JSON lines from standard input and answered by one line each. Databases of a
process must have names of their own: trytond remembers by name. A step is `{"step": name, ...}`:

- `import`: `config` (a `sichern.toml`), `file`, `way`, and `safety`, `copy` where they are needed
- `plan`: the same, and nothing is written
- `export`: `config`, `company`, `to`, and `shared` for another choice of shared rows
- `judge`, `work`: `config` (a `trytond.conf`), `database`, `company`
- `insert`: the same, and `count`: so many records of some models, through the ORM
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from subprocess import PIPE, Popen
from types import TracebackType
from typing import Any, Self

from tests.support.tryton import TrytonDatabase, environment

ROOT = Path(__file__).parents[2]


class Journey:
    """The program, running; `with` starts and ends it."""

    def __init__(self, uri: str) -> None:
        """Start it for databases of the kind of `uri`."""
        self._process = Popen(
            [sys.executable, "-m", "tests.tryton.journey"], env=environment(uri), cwd=ROOT,
            stdin=PIPE, stdout=PIPE, text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait(60)

    def ask(self, step: str, **values: object) -> Any:
        """Do a step and give its answer; fails where the program did."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {name: str(each) if isinstance(each, Path) else each
                for name, each in values.items()}  # fmt: skip
        self._process.stdin.write(json.dumps({"step": step, **said}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the journey broke off at {step}: {said}"
        return json.loads(line)

    def judge(self, database: TrytonDatabase, company: str) -> Any:
        """Ask Tryton what it says of a company."""
        return self.ask(
            "judge", config=database.config, database=database.name, company=company
        )

    def work(self, database: TrytonDatabase, company: str) -> Any:
        """Post, pay and reconcile an invoice."""
        return self.ask("work", config=database.config, database=database.name, company=company)


def _session(config: str) -> Any:
    from sichern.config import load_config
    from sichern.session import open_session

    return open_session(load_config(Path(config)), None)


def _options(step: dict[str, Any]) -> Any:
    from sichern_hooks import Destination, ImportOptions, Way

    safety = step.get("safety")
    return ImportOptions(
        way=Way(step["way"]),
        safety=Destination(path=safety) if safety else None,
        copy_confirmed=bool(step.get("copy")),
    )


def _import(step: dict[str, Any]) -> object:
    from sichern.restore import restore

    session = _session(step["config"])
    report = restore(session.manager, session.actor, Path(step["file"]), _options(step))
    (entry,) = report.tenants
    error = entry.error
    return {
        "outcome": str(report.outcome),
        "error": f"{error.code}: {error}" if error is not None else None,
        "key": entry.tenant.ref.key,
        "files": list(entry.files),
        "protocol": entry.protocol,
    }


def _plan(step: dict[str, Any]) -> object:
    from sichern.restore import plan_import

    session = _session(step["config"])
    found = plan_import(session.manager, session.actor, Path(step["file"]), _options(step))
    return {
        "tables": {each.table: asdict(each) for each in found.tables},
        "clashes": [asdict(each) for each in found.clashes],
        "lost": [asdict(each) for each in found.lost],
        "users": [asdict(each) for each in found.users],
    }


def _export(step: dict[str, Any]) -> object:
    from sichern.backup import back_up
    from sichern_hooks import Destination, Options, SharedRows

    session = _session(step["config"])
    folder = Path(step["to"])
    folder.mkdir(parents=True, exist_ok=True)
    tenants = session.choose([step["company"]], [], everyone=False)
    options = Options(shared=SharedRows(step.get("shared", "default")))
    destination = Destination(path=str(folder))
    report = back_up(session.manager, session.actor, tenants, destination, options)
    (entry,) = report.tenants
    assert entry.error is None, entry.error
    return entry.files[-1]


def _judge(step: dict[str, Any]) -> object:
    from tests.tryton.judge import judge

    return judge(Path(step["config"]), step["database"], step["company"])


def _work(step: dict[str, Any]) -> object:
    from tests.tryton.afterwards import work

    return asdict(work(Path(step["config"]), step["database"], step["company"]))


def _insert(step: dict[str, Any]) -> object:
    from tests.tryton.afterwards import insert

    return insert(Path(step["config"]), step["database"], step["company"], step["count"])


STEPS: dict[str, Callable[[dict[str, Any]], object]] = {
    "import": _import, "plan": _plan, "export": _export, "judge": _judge, "work": _work,
    "insert": _insert,
}  # fmt: skip


def main(lines: Sequence[str] | Any = sys.stdin, out: Any = sys.stdout) -> None:
    """Answer each line."""
    for line in lines:
        step = json.loads(line)
        answer = STEPS[step["step"]](step)
        out.write(json.dumps(answer, default=str) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
