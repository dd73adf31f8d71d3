"""The group of commands, and what becomes of errors: two lines, a code, an exit status."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from sichern import __version__
from sichern.archive.checked import state_folder
from sichern.cli.log import LogFile
from sichern.cli.output import Output, OutputFailed
from sichern.config import DEFAULT, Config, load_config
from sichern.i18n import LANGUAGES, N_, environment_language, error_lines, install, language_of
from sichern.run import Cancelled, Unexpected, stoppable
from sichern_hooks import SichernError

COMMANDS = {
    "backup": "backup",
    "check": "files",
    "demo": "demo",
    "import": "importing",
    "list": "files",
    "show": "files",
    "tenants": "backup",
}
"""The module of each command. Who looks at files does not wait for what reads databases."""
FAILED = 1
LOG = "sichern.log"

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status.

    0 complete, 3 complete with warnings, 1 failed, 2 wrong usage.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    config = _configured(given)
    language = choose_language(given, config)
    install(language)
    output = Output(
        json="--json" in given, language=language, contact=config.contact if config else ""
    )
    log = LogFile(state_folder(os.environ, Path.home()) / LOG)
    logging.basicConfig(handlers=[log])
    with stoppable():
        status = _run(given, output)
    if log.written:
        output.aside(output.say(N_("details are in the log %(path)s"), {"path": str(log.path)}))
    return status


def _run(given: Sequence[str], output: Output) -> int:
    error: SichernError
    try:
        return int(group(output).main(given, prog_name="sichern", standalone_mode=False) or 0)
    except OutputFailed as failed:
        _print_no_more()
        output.problem(*error_lines(failed, output.language))
        return failed.exit_code
    except SichernError as known:
        error = known
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        return asked.exit_code
    except click.ClickException as wrong:
        wrong_call(output, wrong)
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        error = Cancelled()
    except BrokenPipeError:
        _print_no_more()
        return FAILED
    except Exception as unknown:
        logger.exception("a command failed")
        error = Unexpected.of(unknown)
    output.error(error)
    return error.exit_code


def _print_no_more() -> None:
    """What is still to be printed would fail once more when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def wrong_call(output: Output, wrong: click.ClickException) -> None:
    """Say what click found, in the two lines that every error has."""
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    what = " ".join(wrong.format_message().split()).removesuffix(".")
    hint = output.say(
        N_("`%(command)s --help` says how to call it"),
        {"command": context.command_path if context else "sichern"},
    )
    if output.json:
        output.data(
            {"error": {"code": "wrong-usage", "message": what, "hint": hint, "details": []}}
        )
    else:
        output.problem(what, hint)


def choose_language(arguments: Sequence[str], config: Config | None = None) -> str:
    """The language of `--lang`, else of the configuration, else of the environment.

    It is needed before the commands are built.
    """
    asked = _value(arguments, "--lang") or (config.language if config else None)
    return language_of(asked) if asked else environment_language()


class Commands(click.Group):
    """Commands with their help in one language, each imported once it is asked for."""

    def __init__(self, output: Output, **how: Any) -> None:
        """`how` is what click says of a group."""
        # The names alone: click lists them, and knows by them which one may have been meant.
        super().__init__(commands={name: click.Command(name) for name in COMMANDS}, **how)
        self._output = output

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Build one command; None where there is none of this name."""
        if name not in COMMANDS:
            return None
        built: list[click.Command] = import_module(f"{__package__}.{COMMANDS[name]}").commands(
            self._output
        )
        return next(command for command in built if command.name == name)


def group(output: Output) -> click.Group:
    """Build the program with its help in one language."""
    say = output.say
    built = Commands(
        output,
        name="sichern",
        help=say(N_("Back up one tenant of an ERP into a checked pair of files, and import it.")),
        options_metavar=say(N_("[OPTIONS]")),
        subcommand_metavar=say(N_("COMMAND [ARGUMENTS]...")),
        # Read by choose_language; here so that `sichern --lang de --help` is no wrong usage.
        params=[
            click.Option(
                ["--lang"],
                type=click.Choice(LANGUAGES),
                expose_value=False,
                help=say(N_("The language of all texts.")),
            )
        ],
    )
    return click.version_option(__version__, package_name="sichern")(built)


def _configured(arguments: Sequence[str]) -> Config | None:
    """The configuration, for the contact and the language; a command says what is wrong with it.

    A pipe can be read only once, and the command needs it.
    """
    path = Path(_value(arguments, "--config") or DEFAULT)
    try:
        return load_config(path) if path.is_file() else None
    except (SichernError, ValueError):
        return None


def _value(arguments: Sequence[str], option: str) -> str | None:
    """The value of an option in arguments that nobody has parsed yet."""
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None
