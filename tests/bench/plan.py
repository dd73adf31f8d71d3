"""The plan of one company of a Tryton with more than 30 modules, on SQLite.

Three figures: loading Tryton's registry (what every Tryton process does once), the plan itself
once that is loaded, and the whole command as a user runs it.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sichern.backup import plan_tenant
from sichern.config import load_config
from sichern.session import open_session
from sichern_hooks import Options
from tests.bench.harness import Bench, Run
from tests.support.sichern import sichern, write_sichern_config
from tests.support.tryton import many_modules_sqlite, run_tryton


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    database = many_modules_sqlite()
    with tempfile.TemporaryDirectory() as folder:
        config = write_sichern_config(database, Path(folder))

        def inside() -> Mapping[str, float]:
            done = run_tryton(["-m", "tests.bench.plan", str(config)], database.uri)
            figures: Mapping[str, float] = json.loads(done.stdout)
            return figures

        def command() -> None:
            assert sichern("backup", "1", "--plan", "--config", config).status == 0

        yield {"inside": inside, "command": command}


def _inside(config: Path) -> dict[str, float]:
    """Measure in a process of Tryton's: the first plan loads the registry, the second does not."""
    session = open_session(load_config(config), None)
    tenant = session.choose(["1"], [], everyone=False)[0]
    times = []
    for _ in range(2):
        start = time.perf_counter()
        plan_tenant(session.manager, session.actor, tenant, Options())
        times.append(time.perf_counter() - start)
    return {"registry": times[0] - times[1], "plan": times[1]}


BENCH = Bench(
    name="plan",
    work="the plan of a company of a Tryton with more than 30 modules",
    sides=_sides,
    goals=(("plan", 1.0),),
)

if __name__ == "__main__":
    json.dump(_inside(Path(sys.argv[1])), sys.stdout)
