"""What a command prints: text for people, JSON for machines, errors as two lines."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from sichern.i18n import error_lines, translate
from sichern.report.text import columns
from sichern.tenancy.errors import PlanRefused
from sichern_hooks import N_, SichernError
from sichern_hooks.errors import Scalar


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where a command's results go."""

    json: bool
    language: str

    def say(self, text: str, values: Mapping[str, Scalar] | None = None) -> str:
        """Translate a text."""
        return translate(text, self.language, values)

    def data(self, data: object) -> None:
        """Print the result for machines."""
        click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str))

    def line(self, text: str) -> None:
        """Print a line for people; nothing where JSON was asked for."""
        if not self.json:
            click.echo(text)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[int]) -> None:
        """Print rows under translated heads."""
        if not self.json:
            titled = [[self.say(head) for head in heads], *[list(row) for row in rows]]
            for line in columns(titled, frozenset(numbers)):
                click.echo(line)

    def error(self, error: SichernError) -> None:
        """Print what is wrong and what to do, with each problem of a refused plan."""
        what, hint = error_lines(error, self.language)
        details = [
            (
                self.say(problem.message, problem.values),
                self.say(problem.hint, problem.values),
            )
            for problem in (error.problems if isinstance(error, PlanRefused) else ())
        ]
        if self.json:
            self.data(
                {
                    "error": {
                        "code": error.code,
                        "message": what,
                        "hint": hint,
                        "details": [{"message": text, "hint": advice} for text, advice in details],
                    }
                }
            )
            return
        click.echo(self.say(N_("error: %(message)s"), {"message": what}), err=True)
        click.echo(self.say(N_("hint: %(hint)s"), {"hint": hint}), err=True)
        for text, advice in details:
            click.echo(f"  - {text}; {advice}", err=True)


def on_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()
