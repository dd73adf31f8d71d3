"""The options that every command takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sichern.config import DEFAULT
from sichern.i18n import LANGUAGES, N_, translate


def common(language: str) -> Callable[[click.Command], click.Command]:
    """Add `--config`, `--user`, `--json` and `--lang` to a command."""

    def say(text: str) -> str:
        return translate(text, language)

    parameters: list[click.Parameter] = [
        click.Option(
            ["--config", "config_path"],
            type=click.Path(path_type=Path),
            default=DEFAULT,
            show_default=True,
            help=say(N_("The configuration file.")),
        ),
        click.Option(
            ["--user", "login"],
            help=say(N_("The login in the ERP whose rights count.")),
        ),
        click.Option(["--json", "as_json"], is_flag=True, help=say(N_("Print JSON for machines."))),
        click.Option(
            ["--lang"], type=click.Choice(LANGUAGES), help=say(N_("The language of all texts."))
        ),
    ]

    def add(command: click.Command) -> click.Command:
        command.params.extend(parameters)
        return command

    return add


def command(
    language: str, name: str, help_text: str, run: Callable[..., Any], *parameters: click.Parameter
) -> click.Command:
    """Build one command with its own parameters and the common ones."""
    built = click.Command(
        name, callback=run, params=list(parameters), help=translate(help_text, language)
    )
    return common(language)(built)
