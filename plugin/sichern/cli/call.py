"""How a command was called: what every command is asked with, and the session that it opens."""

from dataclasses import dataclass
from pathlib import Path

from sichern.cli.output import Output
from sichern.config import Config, load_config
from sichern.session import Session, open_session


@dataclass(frozen=True, kw_only=True)
class Call:
    """The options that every command takes. `lang` None: the user's language, else the output's."""

    config_path: Path
    login: str | None
    lang: str | None
    output: Output

    def config(self) -> Config:
        """Read the configuration.

        Raises what `load_config` raises.
        """
        return load_config(self.config_path)

    def open(self, *observers: object) -> Session:
        """Open the host for the user; from here on the output speaks this user's language.

        Raises what `load_config` and `open_session` raise.
        """
        session = open_session(self.config(), self.login, *observers)
        if self.lang is None and session.actor.login is not None:
            self.output.language = session.actor.language
        return session
