"""Run one benchmark and print its medians."""

import json
import statistics
import sys
from collections.abc import Callable, Mapping

import click

from tests.bench import plan

BENCHES: Mapping[str, Callable[[], Mapping[str, list[float]]]] = {"plan": plan.measure}


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "as_json", is_flag=True)
def main(name: str, as_json: bool) -> None:
    """Measure NAME several times; print the median of each figure in seconds."""
    figures = BENCHES[name]()
    medians = {figure: statistics.median(values) for figure, values in figures.items()}
    if as_json:
        json.dump({"bench": name, "runs": figures, "median": medians}, sys.stdout, indent=1)
        return
    for figure, median in medians.items():
        values = figures[figure]
        spread = f"{min(values):.3f} to {max(values):.3f}"
        click.echo(f"{figure}: {median:.3f} s (of {len(values)}: {spread})")


if __name__ == "__main__":
    main()
