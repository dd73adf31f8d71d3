"""A Tryton with the module, served over HTTP."""

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sichern.archive.pair import PairWriter
from tests.archive.making import fill, make_pair
from tests.support.module import demo_with_module
from tests.support.serving import WebServer, serving
from tests.support.tryton import copy_sqlite, environment
from tests.support.visitor import Visitor
from tests.tryton.module.entries import ROLES, SHAPE, Target
from tests.tryton.module.peopling import SIZES
from tests.tryton.module.visiting import MEGA, STEM, Links, signed_in

ROOT = "allowed-root"
LONG = 120
"""Seconds until a run that does not end counts as one that never will."""
KEPT = ("sichern_run", "sichern_run_tenant", "sichern_job", "sichern_transfer",
        '"sichern_job-company_company"', '"sichern_job-excluded-company_company"')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A server with two companies: `anna` works in the first, `bernd` in the second."""
    database = copy_sqlite(demo_with_module(), tmp_path_factory.mktemp("served"))
    with serving(database) as server:
        yield server


@pytest.fixture(scope="module")
def links(server: WebServer) -> Iterator[Links]:
    """`chef` may do everything in both companies, `anna` works in one and holds no right."""
    links = Links(server)
    yield links
    links.close()


@pytest.fixture(scope="module")
def chef(server: WebServer) -> Visitor:
    return signed_in(server, "chef")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair as far as a download looks at it."""
    (tmp_path / f"{STEM}.zip").write_bytes(secrets.token_bytes(5 * MEGA + 17))
    (tmp_path / f"{STEM}.ztx").write_bytes(b'{"format": 1}\n')
    return tmp_path / f"{STEM}.ztx"


@pytest.fixture
def real_pair(tmp_path: Path) -> Path:
    """A pair that Sichern wrote."""

    def write(writer: PairWriter) -> None:
        fill(writer, documents=[secrets.token_bytes(300_000)])

    committed = make_pair(tmp_path, write=write)
    return tmp_path / committed.files[-1]


@dataclass(frozen=True, kw_only=True)
class World:
    """A served system in which users of each right in two companies attack each other.

    `made` is what `peopling` made, `process` stands in for that of a run which goes on.
    """

    server: WebServer
    made: Mapping[str, Any]
    root: str
    process: subprocess.Popen[bytes]

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Look into the database, or change it."""
        file = self.server.databases[0].file
        with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def rows(self) -> dict[str, list[Any]]:
        """Everything that the module keeps, and what was begun of its dialogs."""
        sessions = [id_ for has in self.made["has"].values() for id_ in has["sessions"].values()]
        marks = ", ".join("?" * len(sessions))
        return {
            **{name: self.sql(f"SELECT * FROM {name} ORDER BY id") for name in KEPT},
            "sessions": self.sql(
                f"SELECT id, data FROM ir_session_wizard WHERE id IN ({marks}) ORDER BY id",
                *sessions,
            ),
        }

    def wait(self) -> None:
        """Wait until every run that a test began is over."""
        made = [str(run) for has in self.made["has"].values() for run in has["runs"]]
        end = time.monotonic() + LONG
        while self.sql(
            "SELECT id FROM sichern_run WHERE state IN ('waiting', 'running')"
            f" AND id NOT IN ({', '.join(made)})"
        ):
            assert time.monotonic() < end
            time.sleep(0.1)

    def target(self, letter: str) -> Target:
        """What there is of a company to reach for."""
        made = self.made
        return Target(
            company=made["company"][letter], chief=made["user"][f"{letter}-chief"],
            has=made["has"][letter], secrets=(f"geheim-{letter}", str(SIZES[letter])),
            root=self.root, trytons={"ir.cron": made["cron"], "ir.rule": made["rules"]},
        )

    def signed_in(self, login: str) -> Visitor:
        """A client of a user."""
        person = Visitor(port=self.server.port, database=self.server.databases[0].name)
        person.sign_in(login, f"{login}-sichern")
        return person


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Users of each right in two companies, with runs, jobs, dialogs and links of each."""
    database = copy_sqlite(demo_with_module(), tmp_path_factory.mktemp("rights"))
    root = tmp_path_factory.mktemp(ROOT)
    with database.config.open("a", encoding="utf-8") as file:
        file.write(f"\n[sichern]\ndestinations = {root}\n")
    with subprocess.Popen(["sleep", "3600"]) as process:
        try:
            printed = subprocess.run(
                [sys.executable, "-m", "tests.tryton.module.peopling", str(database.config),
                 database.name, str(root), str(process.pid)],
                env=environment(database.uri), stdout=subprocess.PIPE, text=True, check=True,
                cwd=Path(__file__).parents[3],
            ).stdout
            with serving(database) as server:
                made = json.loads(printed)
                yield World(server=server, made=made, root=str(root), process=process)
        finally:
            process.kill()


@dataclass(frozen=True, kw_only=True)
class Attacker:
    """A user of one company with one right, or none, who reaches for the other company."""

    letter: str
    role: str
    person: Visitor
    target: Target

    def may(self, right: object) -> bool:
        """Whether the role has what an entry takes."""
        return right == SHAPE or self.role in right  # type: ignore[operator]

    def told(self, said: str) -> bool:
        """Whether an answer holds what only the other company may know."""
        return any(secret in said for secret in self.target.secrets)


ATTACKERS = (
    [*(("a", role) for role in ROLES), *(("b", role) for role in ("download", "import", "admin"))]
    if os.environ.get("SICHERN_TEST_ATTACKERS") == "all"
    else [("a", "nobody"), ("a", "chief"), ("b", "admin")]
)
"""`all`, which takes minutes: every role in the first company; of the second those that could do
most, to see that no order or number of companies matters. Else those that tell most."""


@pytest.fixture(scope="module", params=ATTACKERS, ids="-".join)
def attacker(world: World, request: pytest.FixtureRequest) -> Attacker:
    """One of them."""
    letter, role = request.param
    return Attacker(
        letter=letter, role=role, person=world.signed_in(f"{letter}-{role}"),
        target=world.target("b" if letter == "a" else "a"),
    )


def result(body: bytes) -> str:
    """What came out, as JSON; empty where it was refused."""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    return json.dumps(data["result"]) if isinstance(data, dict) and "result" in data else ""


def success(body: bytes) -> bool:
    """Whether something came out that is more than an empty answer."""
    return result(body) not in {"", "null", "[]", "0", "{}", '""', '[[null, ""]]'}
