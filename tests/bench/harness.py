"""What a benchmark is, and how one is run: rival and ours in turn, several times."""

import compileall
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sichern
import sichern_hooks

Run = Callable[[], Mapping[str, float] | None]
"""One run of a side. None: its wall time is the figure; else its figures by name, in `unit`."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A quotient of two medians, and what it is to be."""

    over: str
    under: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def name(self) -> str:
        """How it is called."""
        return f"{self.over} / {self.under}"

    @property
    def goal(self) -> str:
        """What it is to be."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    def reached(self, value: float) -> bool:
        """Whether the goal is reached."""
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A benchmark.

    `sides` prepares the data and gives the runs by the name of their side, in the order in
    which they take turns; it cleans up behind them. `goals` are figures that are limits by
    themselves, as (figure, most). A figure whose name ends in `MB` or `/s` says its own unit,
    all others are seconds.
    """

    name: str
    work: str
    sides: Callable[[], AbstractContextManager[Mapping[str, Run]]]
    ratios: tuple[Ratio, ...] = ()
    goals: tuple[tuple[str, float], ...] = ()
    runs: int = 5


@dataclass(kw_only=True)
class Measured:
    """What was measured: each figure's value in each run."""

    bench: Bench
    runs: dict[str, list[float]] = field(default_factory=dict)
    busy: dict[str, list[float]] = field(default_factory=dict)
    load: list[float] = field(default_factory=list)

    @property
    def medians(self) -> dict[str, float]:
        """The median of each figure."""
        return _medians(self.runs)

    @property
    def core_seconds(self) -> dict[str, float]:
        """What the machine's cores were busy for while each timed side ran.

        The database server's processes are included, and whatever else ran meanwhile. Divided by
        the cores it is the least time that the same work can take on this machine.
        """
        return _medians(self.busy)

    def ratios(self) -> list[tuple[Ratio, float]]:
        """The quotients of the medians."""
        medians = self.medians
        return [
            (ratio, medians[ratio.over] / medians[ratio.under])
            for ratio in self.bench.ratios
            if ratio.over in medians and ratio.under in medians
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it for machines."""
        return {
            "bench": self.bench.name,
            "work": self.bench.work,
            "runs": self.runs,
            "median": self.medians,
            "core-seconds": self.core_seconds,
            "ratio": {
                ratio.name: {"value": value, "goal": ratio.goal, "reached": ratio.reached(value)}
                for ratio, value in self.ratios()
            },
            "goals": {
                name: {"most": most, "reached": self.medians[name] <= most}
                for name, most in self.bench.goals
            },
            "load": self.load,
            "machine": machine(),
        }


def measure(bench: Bench, runs: int | None = None) -> Measured:
    """Run every side in turn, `runs` times; the first round of all warms up and is not counted."""
    measured = Measured(bench=bench)
    # As it is installed; where no byte code is to be written, each process would compile it anew.
    for package in (sichern, sichern_hooks):
        compileall.compile_dir(package.__path__[0], quiet=1)
    with bench.sides() as sides:
        measured.load.append(os.getloadavg()[0])
        for number in range((runs or bench.runs) + 1):
            for name, run in sides.items():
                start, before = time.perf_counter(), _busy()
                given = run()
                took, busy = time.perf_counter() - start, _busy() - before
                if number:
                    for figure, value in ({name: took} if given is None else given).items():
                        measured.runs.setdefault(figure, []).append(value)
                    if given is None:
                        measured.busy.setdefault(name, []).append(busy)
        measured.load.append(os.getloadavg()[0])
    return measured


def _medians(runs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in runs.items()}


def _busy() -> float:
    """Seconds that the machine's cores have worked for anybody, see proc_stat(5)."""
    first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    user, nice, system, _, _, *interrupts = [int(ticks) for ticks in first.split()[1:8]]
    return sum((user, nice, system, *interrupts)) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, str]:
    """The machine and the versions that a figure is worth nothing without."""
    named = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in named if line.startswith("model name")]
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": models[0] if models else platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("isal", "psycopg", "sqlalchemy", "sichern")},
    }
