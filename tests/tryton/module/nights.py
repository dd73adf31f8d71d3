"""A Tryton with a mail server, an allowed folder and jobs, and what tests do with them."""

from configparser import ConfigParser
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.support.module import demo_with_module
from tests.support.tryton import copy_sqlite
from tests.tryton.module.running import Tryton
from tests.tryton.module.test_runs import GOING_ON, until


class Nights:
    """A Tryton with a mail server, an allowed folder and jobs."""

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        self.to = folder / "Sicherungen"
        self.to.mkdir()
        self.database = copy_sqlite(demo_with_module(), folder / "tryton")
        parser = ConfigParser(interpolation=None)
        parser.read(self.database.config, encoding="utf-8")
        parser["sichern"] = {"destinations": f"\n{self.to}", **settings}
        parser["email"] = {"uri": f"smtp://127.0.0.1:{port}", "from": "erp@muster.example"}
        with self.database.config.open("w", encoding="utf-8") as file:
            parser.write(file)
        self.tryton = Tryton(self.database)

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.database.sql(statement, *values)

    def job(self, **values: object) -> int:
        said = {
            "name": "Nachts", "destination": str(self.to), "everyone": True, "nightly": False,
            **values,
        }
        return int(self.tryton.ask("save_job", "chef", said))

    def run(self, job: int) -> dict[str, Any]:
        self.tryton.ask("start_job", "chef", job)
        return self.last()

    def last(self) -> dict[str, Any]:
        ((run,),) = self.sql("SELECT max(id) FROM sichern_run")
        until(lambda: self.tryton.ask("show", "chef", run)["state"] not in GOING_ON)
        return dict(self.tryton.ask("show", "chef", run))

    def settled(self) -> None:
        """Wait until no run goes on."""
        until(lambda: not self.sql(
            "SELECT id FROM sichern_run WHERE state IN ('waiting', 'running')"
        ))

    def pairs(self) -> list[str]:
        return sorted(path.name for path in self.to.glob("*.ztx"))


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
