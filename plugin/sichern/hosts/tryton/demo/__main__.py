"""Make a demo system: `python -m sichern.hosts.tryton.demo FOLDER DATABASE`."""

import time
from pathlib import Path

import click

from sichern.hosts.tryton.demo import DEMO_MODULES, build
from sichern_hooks import SichernError
from sichern_hooks.errors import Scalar


@click.command(help="Make the demo database DATABASE, with its documents in FOLDER.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("database")
@click.option("--uri", default="sqlite://", show_default=True, help="trytond's [database] uri")
@click.option("--invoices", default=200, show_default=True, help="customer invoices per company")
@click.option("--module", "modules", multiple=True, help="a further module to activate")
@click.option("--bare", multiple=True, help="a copy, on SQLite, with the modules alone")
@click.option("--language", "languages", multiple=True, default=("de",), show_default=True)
def main(
    folder: Path, database: str, uri: str, invoices: int, modules: tuple[str, ...],
    bare: tuple[str, ...], languages: tuple[str, ...],
) -> None:
    """Build the database and print each step with the seconds since the start."""
    start = time.monotonic()

    def report(step: str, /, **values: Scalar) -> None:
        click.echo(f"{time.monotonic() - start:6.1f} s  {step % values}")

    try:
        build(
            uri, database, folder, invoices=invoices, languages=languages,
            modules=tuple(dict.fromkeys((*DEMO_MODULES, *modules))), bare=bare, progress=report,
        )
    except SichernError as error:
        raise click.ClickException(str(error)) from error
    report("done")


if __name__ == "__main__":
    main()
