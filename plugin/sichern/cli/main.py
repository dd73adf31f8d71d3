"""The group of commands, and what becomes of errors: two lines, a code, an exit status."""

import logging
import os
import sys
from collections.abc import Sequence

import click

from sichern import __version__
from sichern.cli import backup, demo, files
from sichern.cli.output import Output
from sichern.i18n import N_, environment_language, install, language_of, translate
from sichern_hooks import SichernError

FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status.

    0 complete, 3 complete with warnings, 1 failed, 2 wrong usage.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = choose_language(given)
    install(language)
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    try:
        status = group(language).main(given, prog_name="sichern", standalone_mode=False)
    except SichernError as error:
        Output(json="--json" in given, language=language).error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return int(status or 0)


def choose_language(arguments: Sequence[str]) -> str:
    """The language of `--lang`, else that of the environment; needed before commands are built."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return language_of(arguments[place + 1])
        if argument.startswith("--lang="):
            return language_of(argument.partition("=")[2])
    return environment_language()


def group(language: str) -> click.Group:
    """Build the commands with their help in one language."""

    def say(text: str) -> str:
        return translate(text, language)

    commands = [*demo.commands(language), *backup.commands(language), *files.commands(language)]
    built = click.Group(
        "sichern",
        commands=commands,
        help=say(N_("Back up one tenant of an ERP into a checked pair of files.")),
    )
    return click.version_option(__version__, package_name="sichern")(built)
