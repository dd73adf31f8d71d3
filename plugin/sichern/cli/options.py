"""The options that every command takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sichern.cli.call import Call
from sichern.cli.output import Output
from sichern.config import DEFAULT
from sichern.i18n import LANGUAGES, N_


def command(
    output: Output, name: str, help_text: str, run: Callable[..., int], *parameters: click.Parameter
) -> click.Command:
    """Build one command: `run` is called with a `Call` and the values of its own parameters."""

    def callback(
        config_path: Path, login: str | None, as_json: bool, lang: str | None, **values: Any
    ) -> int:
        # `--json` was looked for before the commands were built, since errors need it as well.
        output.json = as_json
        return run(Call(config_path=config_path, login=login, lang=lang, output=output), **values)

    said = output.say(help_text)
    return click.Command(
        name,
        callback=callback,
        params=[*parameters, *common(output)],
        help=said,
        short_help=said,
        options_metavar=output.say(N_("[OPTIONS]")),
    )


def common(output: Output) -> list[click.Parameter]:
    """`--config`, `--user`, `--json` and `--lang`."""
    say = output.say
    return [
        click.Option(
            ["--config", "config_path"],
            type=click.Path(path_type=Path),
            metavar=say(N_("FILE")),
            default=DEFAULT,
            show_default=True,
            help=say(N_("The configuration file.")),
        ),
        click.Option(
            ["--user", "login"],
            metavar=say(N_("LOGIN")),
            help=say(N_("The login in the ERP whose rights count.")),
        ),
        click.Option(["--json", "as_json"], is_flag=True, help=say(N_("Print JSON for machines."))),
        click.Option(
            ["--lang"], type=click.Choice(LANGUAGES), help=say(N_("The language of all texts."))
        ),
    ]
