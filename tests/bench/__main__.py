"""Run one benchmark and print its medians and ratios."""

import importlib
import json
import sys
from collections.abc import Mapping

import click

from tests.bench.harness import Bench, Measured, machine, measure

BENCHES: Mapping[str, str] = {
    "documents": "documents",
    "export-pg": "export_pg",
    "export-pg-shuffled": "export_pg_shuffled",
    "export-pg-wide": "export_pg_wide",
    "export-sqlite": "export_sqlite",
    "impact": "impact",
    "import-pg": "import_pg",
    "marshmallow": "marshmallow_dump",
    "memory": "memory",
    "odoo-way": "odoo_way",
    "plan": "plan",
    "slice-pg": "slice_pg",
    "tenants": "tenants",
}
"""The module of each benchmark: imported when it is run, since some need what others do not."""


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
@click.option("--runs", type=click.IntRange(1), help="Count so many runs of each side.")
def main(name: str, as_json: bool, runs: int | None) -> None:
    """Measure NAME several times, the sides in turn, after one round that is not counted."""
    bench: Bench = importlib.import_module(f"tests.bench.{BENCHES[name]}").BENCH
    measured = measure(bench, runs)
    if as_json:
        json.dump(measured.as_json(), sys.stdout, indent=1)
        return
    _tell(measured)


def _tell(measured: Measured) -> None:
    click.echo(f"{measured.bench.name}: {measured.bench.work}")
    for figure, median in measured.medians.items():
        values = measured.runs[figure]
        unit = "" if figure.endswith(("MB", "/s")) else " s"
        spread = f"{min(values):.3f} to {max(values):.3f}"
        busy = measured.core_seconds.get(figure)
        cores = "" if busy is None else f", {busy:.2f} core-seconds"
        click.echo(f"  {figure}: {median:.3f}{unit} (of {len(values)}: {spread}){cores}")
    for ratio, value in measured.ratios():
        verdict = "reached" if ratio.reached(value) else "NOT reached"
        goal = f", {ratio.goal}: {verdict}" if ratio.goal else ""
        click.echo(f"  {ratio.name}: {value:.3f}{goal}")
    for name, most in measured.bench.goals:
        verdict = "reached" if measured.medians[name] <= most else "NOT reached"
        click.echo(f"  {name}: at most {most:g}: {verdict}")
    versions = ", ".join(f"{name} {value}" for name, value in machine().items())
    click.echo(f"  on {versions}; load {measured.load[0]:.1f} to {measured.load[-1]:.1f}")


if __name__ == "__main__":
    main()
