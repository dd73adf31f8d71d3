"""What a command prints: text for people, one JSON document for machines, errors as two lines."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from sichern.i18n import error_lines, translate
from sichern.report.text import columns, notice_text, printable
from sichern.tenancy.errors import Refused
from sichern_hooks import N_, Notice, SichernError
from sichern_hooks.errors import Scalar

MOST = 10
"""So many details of an error are shown to people; JSON has all of them."""


@dataclass(kw_only=True)
class Output:
    """Where a command's results go. `contact` follows every error.

    `language` changes once, when the user is known who has a language of his own.
    """

    json: bool
    language: str
    contact: str = ""

    def say(self, text: str, values: Mapping[str, Scalar] | None = None) -> str:
        """Translate a text."""
        return translate(text, self.language, values)

    def data(self, data: object) -> None:
        """Print the result for machines: one call per command."""
        _print(json.dumps(data, ensure_ascii=False, indent=1, default=str))

    def line(self, text: str) -> None:
        """Print a line for people; nothing where JSON was asked for."""
        if not self.json:
            _print(printable(text))

    def aside(self, text: str) -> None:
        """Print a line that is no result: it never stands between JSON."""
        click.echo(printable(text), err=True)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> None:
        """Print rows under translated heads."""
        if not self.json:
            titled = [[self.say(head) for head in heads], *[list(row) for row in rows]]
            for line in columns(titled, frozenset(numbers)):
                self.line(line)

    def error(self, error: SichernError) -> None:
        """Print what is wrong and what to do, with each problem of a refused plan."""
        if self.json:
            self.data({"error": error_data(error, self.language)})
            return
        self.problem(*error_lines(error, self.language), _details(error, self.language))

    def problem(self, what: str, hint: str, details: Sequence[str] = ()) -> None:
        """Print an error that is translated already."""
        self.aside(self.say(N_("error: %(message)s"), {"message": what}))
        self.aside(self.say(N_("hint: %(hint)s"), {"hint": hint}))
        for detail in details[:MOST]:
            self.aside(f"  - {detail}")
        if len(details) > MOST:
            more = self.say(N_("and %(count)d more"), {"count": len(details) - MOST})
            self.aside(f"  - {more}")
        if self.contact:
            self.aside(self.contact)


class OutputFailed(SichernError):
    """The result cannot be printed."""

    code = "output-failed"
    message = N_("the result could not be printed: %(reason)s")
    hint = N_("what the command did stands: look at the destination, or at the protocol")


def _print(text: str) -> None:
    try:
        click.echo(text)
    except BrokenPipeError:
        raise  # who read it has seen enough
    except OSError as error:
        raise OutputFailed(reason=error.strerror or "") from error


def print_notices(
    output: Output, notices: Sequence[Notice], *, aside: bool, prefix: str = ""
) -> None:
    """Print the first notices, a line each, and how many more there are."""
    show = output.aside if aside else output.line
    for notice in notices[:MOST]:
        show(f"  {prefix}{notice_text(notice, output.language)}")
    if len(notices) > MOST:
        more = output.say(N_("and %(count)d more"), {"count": len(notices) - MOST})
        show(f"  {prefix}{more}")


def error_data(error: SichernError, language: str) -> dict[str, Any]:
    """An error as JSON has it: the code for machines, the texts for people."""
    what, hint = error_lines(error, language)
    return {
        "code": error.code,
        "message": what,
        "hint": hint,
        "details": list(_details(error, language)),
    }


def _details(error: SichernError, language: str) -> tuple[str, ...]:
    problems = error.problems if isinstance(error, Refused) else ()
    return tuple(
        f"{translate(problem.message, language, problem.values)}; "
        f"{translate(problem.hint, language, problem.values)}"
        for problem in problems
    )


def on_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()


def warn_unmailed(output: Output, mailed: bool | None) -> None:
    """Say that the protocol was to be mailed, and was not; None where nobody asked for it."""
    if mailed is False:
        output.aside(
            output.say(
                N_(
                    "warning: the protocol could not be mailed: check the address, and the mail"
                    " settings of the ERP"
                )
            )
        )
