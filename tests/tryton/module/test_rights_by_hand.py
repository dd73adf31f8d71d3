"""What a client can do besides calling an entry: other protocols, own rows bent to another's."""

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import pytest

from sichern.archive.info import InfoTenant
from sichern_hooks import SystemIdentity
from tests.archive.making import make_pair
from tests.support.visitor import Answer
from tests.tryton.module.conftest import ROOT, Attacker, World, result, success
from tests.tryton.module.entries import (
    BACK_UP,
    CHANGES,
    CONFIGURE,
    IMPORT,
    MODELS,
    SHAPE,
    STORED,
    right_of,
)

LINKS = ("sichern.job-company.company", "sichern.job-excluded-company.company")
BORN = {"destination": "", "documents": "inside", "shared": "default", "keep": 1,
        "nightly": False, "everyone": True}


def rest(
    world: World, attacker: Attacker, method: str, path: str, data: object = None,
    context: object = None,
) -> Answer:
    """Send a request to Tryton's other protocol, with what it takes for a password there."""
    key = world.made["key"][f"{attacker.letter}-{attacker.role}"]
    said = base64.urlsafe_b64encode(json.dumps(context or {}).encode()).decode()
    return attacker.person.ask(
        method, f"/{attacker.person.database}/rest/model/{path}", json.dumps(data or {}).encode(),
        {"Authorization": f"bearer {key}", "Content-Type": "application/json",
         "X-Tryton-Context": said},
    )


def given(answer: Answer) -> bool:
    """Whether something came out that is more than an empty answer."""
    empty = {b"", b"null", b"[]", b"0", b"{}", b'""', b'[[null, ""]]'}
    return answer.status < 300 and answer.body not in empty


# --- another protocol --------------------------------------------------------------------------


def test_rows_are_kept_from_others_by_rest(world: World, attacker: Attacker) -> None:
    before, wrong = world.rows(), []
    target = attacker.target
    requests: list[tuple[str, str, object]] = []
    for model in (*STORED, *LINKS, "sichern.transfer"):
        number = (target.ids(model) or [1])[0]
        requests += [
            ("GET", model, None), ("GET", f"{model}/{number}", None),
            ("PUT", f"{model}/{number}", {"name": "forged"}), ("DELETE", f"{model}/{number}", None),
        ]
        if model != "sichern.job":
            requests.append(
                ("POST", model, {"job": target.has["jobs"][0], "company": target.company})
            )
    for context in target.contexts():
        for method, path, data in requests:
            answer = rest(world, attacker, method, path, data, context)
            shown = f"{method} {path}: {answer.status} {answer.body!r:.300}"
            if attacker.told(answer.body.decode().lower()):
                wrong.append(f"tells {shown}")
            if method != "GET" and answer.status < 300:
                wrong.append(f"does {shown}")
    assert not wrong, "\n".join(wrong)
    assert world.rows() == before


def test_methods_ask_again_where_rest_calls_them(world: World, attacker: Attacker) -> None:
    """It calls them past what Tryton wraps around its own protocol's calls."""
    before, wrong = world.rows(), []
    target = attacker.target
    for kind, model, method in world.made["entries"]:
        right = right_of(kind, model, method)
        if kind != "model" or model not in MODELS:
            continue
        ids = target.ids(model)
        for path, data in (
            *((f"{model}/{number}/{method}", {}) for number in ids),
            (f"{model}/{method}", {}),
            (f"{model}/{method}", {"ids": ids, "fields_names": ["rec_name"]}),
            (f"{model}/{method}", {"domain": [], "fields_names": ["rec_name", "name"]}),
            (f"{model}/{method}", {"fields_names": None}),
        ):
            answer = rest(world, attacker, "POST", path, data, target.contexts()[1])
            said = answer.body.decode().lower()
            shown = f"{path} {data}: {answer.status} {said[:300]}"
            if attacker.told(said):
                wrong.append(f"tells {shown}")
            if not attacker.may(right) and right != SHAPE and given(answer):
                wrong.append(f"allows {shown}")
            if not attacker.may(right) and ROOT in said and answer.status < 300:
                wrong.append(f"names a folder {shown}")
            if method in CHANGES and given(answer):
                wrong.append(f"does {shown}")
    assert not wrong, "\n".join(wrong)
    assert world.rows() == before
    assert world.process.poll() is None, "a run of another company was stopped"


def test_tables_for_spreadsheets_hold_nothing_of_others(world: World, attacker: Attacker) -> None:
    target, wrong = attacker.target, []
    for model in STORED:
        for domain in ([], target.ids(model)):
            address = (
                f"/{attacker.person.database}/data/{model}?f=rec_name&d={quote(json.dumps(domain))}"
            )
            answer = attacker.person.ask("GET", address)
            if attacker.told(answer.body.decode().lower()):
                wrong.append(f"{address}: {answer.body!r:.300}")
    assert not wrong, "\n".join(wrong)


def test_no_row_of_trytons_own_names_anothers(world: World, attacker: Attacker) -> None:
    """A note or an attachment hangs on any row, and says its name."""
    target, wrong = attacker.target, []
    for model in STORED:
        for number in target.ids(model):
            resource = f"{model},{number}"
            calls: list[tuple[str, list[object]]] = [
                ("ir.note.create", [[{"resource": resource, "message": "x"}]]),
                ("ir.attachment.create", [[{"resource": resource, "name": "x"}]]),
                ("ir.note.default_get", [["resource"]]),
                ("ir.attachment.default_get", [["resource"]]),
            ]
            for name, arguments in calls:
                answer = attacker.person.call(
                    f"model.{name}", *arguments, context={"default_resource": resource}
                )
                made = name.endswith("create") and success(answer.body)
                if made or attacker.told(answer.body.decode().lower()):
                    wrong.append(f"{name} {resource}: {answer.body!r:.300}")
    assert not wrong, "\n".join(wrong)


def test_trytons_own_dialogs_open_as_ever(world: World) -> None:
    chief = world.signed_in("a-admin")
    for call, *arguments in (
        ("party.party.fields_view_get", None, "tree"), ("party.party.default_get", None),
        ("party.configuration.default_get", []), ("account.configuration.default_get", []),
        ("ir.note.default_get", None),
    ):
        answer = chief.call(f"model.{call}", *arguments)
        assert "result" in answer.data, answer.body


# --- own jobs ----------------------------------------------------------------------------------


def job_calls(attacker: Attacker, own: int, root: str) -> list[tuple[str, list[object]]]:
    """Give every way in which a job could come to mean the other company."""
    other, foreign = attacker.target.company, attacker.target.has["jobs"]
    runs = attacker.target.has["runs"]
    born = {**BORN, "name": "forged", "destination": root}
    named, left_out = {"companies": [["add", [other]]]}, {"excluded": [["add", [other]]]}
    line = ["forged", root, "inside", "shared", 1]
    return [
        ("create", [[{**born, "everyone": False, **named}]]),
        ("create", [[{**born, **named}]]), ("create", [[{**born, **left_out}]]),
        ("create", [[{**born, "user": attacker.target.chief, "everyone": False, **named}]]),
        ("write", [[own], {"everyone": False, **named}]), ("write", [[own], left_out]),
        ("write", [[own], {"companies": [["create", [{"company": other}]]]}]),
        ("write", [[own, *foreign], {"keep": 1}]),
        ("copy", [foreign]), ("copy", [[own, foreign[0]]]),
        ("copy", [[own], {"name": "forged", "companies": [other]}]),
        ("copy", [[own], {"name": "forged", "user": attacker.target.chief, **named}]),
        ("import_data", [["name", "destination", "documents", "shared", "keep"], [line]]),
        ("import_data", [["id", "name"], [[foreign[0], "forged"]]]),
        ("write", [[own], {"runs": [["add", runs]]}]),
        ("write", [[own], {"runs": [["delete", runs]]}]),
        ("write", [[own], {"runs": [["create", [{
            "kind": "back-up", "name": "forged", "state": "waiting", "destination": root,
            "tenants": [["create", [{"key": str(other), "state": "waiting"}]]],
        }]]]}]),
        ("write", [foreign, {"last_day": None}]),
        ("start", [foreign]), ("start", [[own, foreign[0]]]), ("delete", [[own, foreign[0]]]),
    ]


@pytest.fixture
def own(world: World, attacker: Attacker) -> int:
    """A job of the attacker's own."""
    answer = attacker.person.call("model.sichern.job.create", [{
        **BORN, "name": f"own-{secrets.token_hex(8)}", "destination": world.root,
    }])
    made = json.loads(result(answer.body) or "[0]")
    assert bool(made[0]) == attacker.may(BACK_UP & CONFIGURE)
    return int(made[0])


def test_no_job_comes_to_mean_anothers_tenant(
    world: World, attacker: Attacker, own: int
) -> None:
    before, wrong = world.rows(), []
    for context in attacker.target.contexts():
        for method, arguments in job_calls(attacker, own, world.root):
            answer = attacker.person.call(
                f"model.sichern.job.{method}", *arguments, context=context
            )
            if success(answer.body) or attacker.told(answer.body.decode().lower()):
                wrong.append(f"{method} {arguments}: {answer.body!r:.300}")
        for model in LINKS:
            line = {"job": own, "company": attacker.target.company}
            answer = rest(world, attacker, "POST", model, line, context)
            if answer.status < 300:
                wrong.append(f"{model}: {answer.status}")
    assert not wrong, "\n".join(wrong)
    assert world.rows() == before


def test_nobody_says_that_a_job_ran(world: World, attacker: Attacker) -> None:
    """It would be left out for that night, or for all nights."""
    before = world.rows()
    day = {"__class__": "date", "year": 2999, "month": 1, "day": 1}
    job = world.target(attacker.letter).has["jobs"][0]
    for context in attacker.target.contexts():
        answer = attacker.person.call(
            "model.sichern.job.write", [job], {"last_day": day}, context=context
        )
        assert "result" not in answer.data
    assert world.rows() == before


def test_a_job_for_all_tenants_means_those_of_who_starts_it(
    world: World, attacker: Attacker, own: int
) -> None:
    before = world.sql("SELECT max(id) FROM sichern_run")[0][0]
    answer = attacker.person.call("model.sichern.job.start", [own])
    assert ("result" in answer.data) == attacker.may(BACK_UP & CONFIGURE)
    begun = world.sql(
        "SELECT line.company FROM sichern_run_tenant line WHERE line.run > ?", before
    )
    mine = world.made["company"][attacker.letter]
    world.wait()
    assert begun == ([(mine,)] if "result" in answer.data else [])


# --- imports -----------------------------------------------------------------------------------


def plan(world: World, attacker: Attacker, **changes: object) -> Answer:
    """Walk through the dialog up to its plan."""
    session = json.loads(
        result(attacker.person.call("wizard.sichern.import.create").body) or "[0]"
    )[0]
    start = {"source": world.root, "neutralise": False, "copy_confirmed": True, "mail_to": None,
             "safety": None, **changes}
    return attacker.person.call(
        "wizard.sichern.import.execute", session, {"start": start}, "prepare"
    )


def pair_of(world: World, company: int, system: str, minute: int) -> str:
    """Make a pair of a tenant of this key in the allowed folder, and give its name."""
    stem = f"fremd_2026-11-22T22{minute:02}00Z"
    if not Path(world.root, f"{stem}.ztx").exists():
        make_pair(
            Path(world.root), stem=stem,
            tenant=InfoTenant(host="tryton", key=str(company), name="Fremd"),
            system=SystemIdentity(
                host="tryton", host_version="8.0.12", system=system, database="erp",
                machine="server", modules={},
            ),
        )
    return f"{stem}.ztx"


@pytest.mark.parametrize("way", ["new", "empty", "replace"])
def test_no_pair_of_anothers_tenant_is_imported(
    world: World, attacker: Attacker, way: str
) -> None:
    before = world.rows()
    pair = pair_of(world, attacker.target.company, world.made["system"], attacker.target.company)
    answer = plan(world, attacker, pair=pair, way=way, safety=world.root)
    assert not result(answer.body), answer.body
    assert world.rows() == before


def test_no_strangers_pair_replaces_anothers_tenant(world: World, attacker: Attacker) -> None:
    """Its key is that of the tenant here: it says nothing of whose it is."""
    before = world.rows()
    pair = pair_of(world, attacker.target.company, "elsewhere", 10 + attacker.target.company)
    answer = plan(world, attacker, pair=pair, way="replace", safety=world.root)
    assert not result(answer.body), answer.body
    assert world.rows() == before


def test_a_strangers_pair_is_planned_for_nobody_but_who_asked(
    world: World, attacker: Attacker
) -> None:
    pair = pair_of(world, attacker.target.company, "elsewhere", 10 + attacker.target.company)
    answer = plan(world, attacker, pair=pair, way="new")
    assert bool(result(answer.body)) == attacker.may(IMPORT), answer.body
    if attacker.may(IMPORT):
        ((run,),) = world.sql("SELECT max(id) FROM sichern_run")
        seen = {
            login: bool(json.loads(result(
                world.signed_in(login).call("model.sichern.run.search", [["id", "=", run]]).body
            ) or "[]"))
            for login in world.made["user"]
        }
        own = f"{attacker.letter}-{attacker.role}"
        world.wait()
        assert [login for login, sees in seen.items() if sees] == [own]
