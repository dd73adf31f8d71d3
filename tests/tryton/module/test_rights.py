"""Every entry of the module, by every role, for a tenant of another company: nothing comes out.

The entries come from Tryton's own registry, so one that is new has to be classified here first.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.module import demo_with_module
from tests.support.serving import WebServer, serving
from tests.support.tryton import copy_sqlite, environment
from tests.support.visitor import Visitor

ROOT = "allowed-root"
SECRETS = ("geheim", "987654321")
"""What stands in the rows of company B alone, in lower case."""
ALL = frozenset({"back_up", "download", "import", "configure", "admin"})
ROLES = ("nobody", "back_up", "download", "import", "configure", "admin")

BACK_UP, IMPORT = frozenset({"back_up", "admin"}), frozenset({"import", "admin"})
CONFIGURE, NEVER = frozenset({"configure", "admin"}), frozenset[str]()
SHAPE = "shape"
"""Tells of fields and forms, never of rows."""
READS = {"read", "search", "search_read", "search_count", "export_data"}
WRITES = {"create", "write", "delete", "copy", "import_data"}
SHAPES = {
    "autocomplete", "default_get", "fields_get", "fields_view_get", "on_change",
    "on_change_notify", "on_change_with", "on_scan_code", "pre_validate", "view_toolbar_get",
    "export_data_domain", "history_revisions", "resources",
}
STORED = {
    "sichern.job": (CONFIGURE, CONFIGURE), "sichern.run": (ALL, NEVER),
    "sichern.run.tenant": (ALL, NEVER), "sichern.tenant": (ALL, NEVER),
}
OWN = {
    "sichern.back_up.start.get_destinations": BACK_UP,
    "sichern.back_up.start.on_change_with_free": BACK_UP,
    "sichern.back_up.start.on_change_with_needed": BACK_UP,
    "sichern.import.start.get_pairs": IMPORT,
    "sichern.import.start.get_safeties": IMPORT,
    "sichern.import.start.get_sources": IMPORT,
    "sichern.import.start.on_change_source": SHAPE,
    "sichern.job.get_destinations": CONFIGURE,
    "sichern.job.start": CONFIGURE,
    "sichern.run.cancel": BACK_UP | IMPORT,
    "sichern.run.tenant.on_change_with_kind": SHAPE,
    "sichern.tenant.sichern": BACK_UP,
    **{f"sichern.back_up.{name}": BACK_UP for name in
       ("create", "delete", "execute", "start", "run")},
    **{f"sichern.import.{name}": IMPORT for name in
       ("create", "delete", "execute", "start", "prepare", "plan", "refresh", "run")},
}
MODELS = {"sichern.back_up.start", "sichern.import.start", "sichern.import.plan",
          "sichern.job-company.company", "sichern.job-excluded-company.company", *STORED}
ROUTES = {("down", "GET"), ("down", "HEAD"), ("up", "GET"), ("up", "HEAD"), ("up", "PATCH"),
          ("up", "POST")}


def right_of(kind: str, name: str, method: str) -> object:
    """What an entry takes, None where nobody classified it."""
    if kind == "route":
        return ALL if (method.split("/")[3], name) in ROUTES else None
    known = OWN.get(f"{name}.{method}")
    if known is not None or kind != "model" or name not in MODELS:
        return known
    if name in STORED and method in READS | WRITES:
        return STORED[name][method in WRITES]
    return SHAPE if method in SHAPES else None


@dataclass(frozen=True, kw_only=True)
class World:
    """A served system, and what was made in it."""

    server: WebServer
    made: Mapping[str, Any]
    root: str

    def rows(self) -> dict[str, list[Any]]:
        """Everything that the module keeps."""
        names = ("sichern_run", "sichern_run_tenant", "sichern_job", "sichern_transfer")
        file = self.server.databases[0].file
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            return {
                name: connection.execute(f"SELECT * FROM {name} ORDER BY id").fetchall()
                for name in names
            }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Users of each right in two companies, and runs and a job of the second one."""
    database = copy_sqlite(demo_with_module(), tmp_path_factory.mktemp("rights"))
    root = tmp_path_factory.mktemp(ROOT)
    with database.config.open("a", encoding="utf-8") as file:
        file.write(f"\n[sichern]\ndestinations = {root}\n")
    printed = subprocess.run(
        [sys.executable, "-m", "tests.tryton.module.peopling", str(database.config),
         database.name, str(root)],
        env=environment(database.uri), stdout=subprocess.PIPE, text=True, check=True,
        cwd=Path(__file__).parents[3],
    ).stdout
    with serving(database) as server:
        yield World(server=server, made=json.loads(printed), root=str(root))


@pytest.fixture(scope="module", params=ROLES)
def visitor(world: World, request: pytest.FixtureRequest) -> tuple[str, Visitor]:
    """A user of company A with one right, or none."""
    server, login = world.server, f"a-{request.param}"
    person = Visitor(port=server.port, database=server.databases[0].name)
    person.sign_in(login, f"{login}-sichern")
    return str(request.param), person


def contexts(made: Mapping[str, Any]) -> list[dict[str, object]]:
    """Give what a client may say of itself, the honest one first."""
    company = made["b"]
    forged: dict[str, object] = {
        "company": company, "companies": [company], "employee": 1, "_check_access": False,
        "_user": 1, "user": made["chief"], "sichern_companies": [company],
    }
    return [
        {}, forged, {**forged, "action_id": 999_999, "active_test": False},
        {**forged, "active_model": "sichern.tenant", "active_ids": [company],
         "active_id": company, "action_id": 1},
    ]


def arguments(model: str, method: str, made: Mapping[str, Any], root: str) -> list[object]:
    """Give the arguments that reach for what company B has."""
    ids = {"sichern.run": made["runs"], "sichern.run.tenant": made["lines"],
           "sichern.job": [made["job"]], "sichern.tenant": [made["b"]]}.get(model, [])
    names = {"sichern.tenant": ["name", "size", "last_good.size"],
             "sichern.job": ["name", "mail_to", "destination"]}.get(
                 model, ["rec_name", "files", "size"]
                 if model == "sichern.run.tenant" else ["rec_name", "name", "destination"])
    values = {"name": "forged", "destination": root, "documents": "inside",
              "shared": "default", "keep": 1, "nightly": False, "everyone": False,
              "companies": [["add", [made["b"]]]]} if model == "sichern.job" else {"name": "x"}
    record = {"id": -1, "destination": root, "tenants": [made["b"]], "source": root}
    return {
        "read": [ids, names], "search": [[]], "search_count": [[]],
        "search_read": [[], 0, 100, None, names], "export_data": [ids, names],
        "create": [[values]], "write": [ids, {"name": "forged"}], "delete": [ids],
        "copy": [ids], "import_data": [["name"], [["forged"]]],
        "default_get": [list(record)], "fields_get": [], "fields_view_get": [None, "form"],
        "start": [ids], "cancel": [ids], "sichern": [ids], "pre_validate": [record],
        "on_change": [[record], ["destination"]],
        "on_change_with": [[record], ["free", "needed"]],
        "on_change_with_free": [record], "on_change_with_needed": [record],
        "get_pairs": [record], "autocomplete": [record, ["name"]], "resources": [ids],
        "on_change_source": [record], "on_change_with_kind": [{"id": made["lines"][0]}],
    }.get(method, [])


def test_every_entry_is_classified(world: World) -> None:
    entries = world.made["entries"]
    assert len(entries) > 100
    assert [entry for entry in entries if right_of(*entry) is None] == []


def test_no_entry_gives_or_changes_what_is_anothers(
    world: World, visitor: tuple[str, Visitor]
) -> None:
    role, person = visitor
    before, wrong = world.rows(), []
    for kind, model, method in world.made["entries"]:
        if kind != "model":
            continue
        right = right_of(kind, model, method)
        for number, context in enumerate(contexts(world.made)):
            answer = person.call(
                f"model.{model}.{method}", *arguments(model, method, world.made, world.root),
                context=context,
            )
            said = answer.body.decode().lower()
            entry = f"{model}.{method} in context {number}: {said[:200]}"
            if any(secret in said for secret in SECRETS):
                wrong.append(f"tells {entry}")
            may = role in ALL if right == SHAPE else role in right  # type: ignore[operator]
            if not may and f"{ROOT}" in _result(answer.body):
                wrong.append(f"names a folder {entry}")
            if not may and right != SHAPE and _success(answer.body):
                wrong.append(f"allows {entry}")
            if method in {"write", "delete", "copy", "cancel", "start", "sichern"} and (
                _success(answer.body)
            ):
                wrong.append(f"does {entry}")
    assert wrong == []
    assert world.rows() == before


def _result(body: bytes) -> str:
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    return json.dumps(data["result"]) if isinstance(data, dict) and "result" in data else ""


def _success(body: bytes) -> bool:
    """Whether something came out that is more than an empty answer."""
    return _result(body) not in {"", "null", "[]", "0", "{}", '""', '[[null, ""]]'}


@pytest.mark.parametrize("wizard", ["sichern.back_up", "sichern.import"])
def test_no_wizard_begins_anything_for_anothers_tenant(
    world: World, visitor: tuple[str, Visitor], wizard: str
) -> None:
    role, person = visitor
    before, wrong = world.rows(), []
    data = {"start": {
        "tenants": [world.made["b"]], "destination": world.root, "documents": "inside",
        "shared": "default", "source": world.root, "pair": "../GEHEIM.ztx", "way": "replace",
        "safety": world.root,
    }, "plan": {"run": world.made["runs"][1], "typed": "GEHEIM-NAME"}}
    may = role in OWN[f"{wizard}.create"]
    states = [state for kind, name, state in world.made["entries"]
              if kind == "state" and name == wizard]
    for context in contexts(world.made):
        created = person.call(f"wizard.{wizard}.create", context=context)
        session = json.loads(_result(created.body) or "[0]")[0]
        if not context:  # or everything below would be refused for want of a session
            assert bool(session) == may
        for state in states:
            answer = person.call(
                f"wizard.{wizard}.execute", session, data, state, context=context
            )
            said = answer.body.decode().lower()
            entry = f"{wizard} {state} in {context}: {said[:300]}"
            told = said.replace("geheim.ztx", "")  # what this client itself sent
            if any(secret in told for secret in SECRETS):
                wrong.append(f"tells {entry}")
            if (state != "start" and _success(answer.body)) or (not may and ROOT in said):
                wrong.append(f"allows {entry}")
    assert wrong == []
    assert world.rows() == before


def test_no_route_knows_a_link_that_is_not_the_users(
    world: World, visitor: tuple[str, Visitor]
) -> None:
    _, person = visitor
    for kind, method in sorted(ROUTES):
        for name in ("", "GEHEIM.zip"):
            address = f"/{person.database}/sichern/{kind}/forged/{name}"
            assert person.ask(method, address).status in {400, 403, 404, 405}, (method, address)
