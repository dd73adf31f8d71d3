"""Every entry of the module, by every role, for a tenant of another company: nothing comes out.

The entries come from Tryton's own registry, so one that is new has to be classified here first.
"""

import json
from xml.etree import ElementTree

import pytest

from tests.tryton.module.conftest import ROOT, Attacker, World, result, success
from tests.tryton.module.entries import (
    ADMIN,
    BUTTONS,
    CHANGES,
    DIALOGS,
    MENUS,
    OWN,
    ROUTES,
    SHAPE,
    TRYTONS,
    right_of,
)

UPGRADE = "ir.module.activate_upgrade"


def test_every_entry_is_classified(world: World) -> None:
    entries = world.made["entries"]
    assert len(entries) > 150
    assert {name for _, name, _ in entries} >= {*TRYTONS, *DIALOGS, UPGRADE}
    assert [entry for entry in entries if right_of(*entry) is None] == []


def test_menus_and_buttons_are_shown_to_who_may(world: World, attacker: Attacker) -> None:
    menus, person = world.made["menus"], attacker.person
    assert menus.keys() == MENUS.keys()
    found = person.call("model.ir.ui.menu.search", [["id", "in", list(menus.values())]])
    seen = {name for name, id_ in menus.items() if id_ in json.loads(result(found.body))}
    assert seen == {name for name, right in MENUS.items() if attacker.may(right)}
    assert set(world.made["buttons"]) == BUTTONS.keys()
    for name, right in BUTTONS.items():
        model, _, button = name.rpartition(".")
        shown = [
            element
            for kind in ("tree", "form")
            for element in ElementTree.fromstring(  # noqa: S314 - our own server's
                (person.call(f"model.{model}.fields_view_get", None, kind).data.get("result")
                 or {"arch": "<form/>"})["arch"]
            ).iter("button")
            if element.get("name") == button
        ]
        assert bool(shown) == attacker.may(right), name


def test_no_entry_gives_or_changes_what_is_anothers(world: World, attacker: Attacker) -> None:
    before, wrong = world.rows(), []
    for kind, model, method in world.made["entries"]:
        right = right_of(kind, model, method)
        if kind != "model" or (model in TRYTONS and right == ADMIN and attacker.may(right)):
            continue  # what administrators do with Tryton's own is Tryton's matter
        for number, context in enumerate(attacker.target.contexts()):
            answer = attacker.person.call(
                f"model.{model}.{method}", *attacker.target.arguments(model, method),
                context=context,
            )
            said = answer.body.decode().lower()
            entry = f"{model}.{method} in context {number}: {said[:200]}"
            if attacker.told(said):
                wrong.append(f"tells {entry}")
            if not attacker.may(right) and ROOT in result(answer.body):
                wrong.append(f"names a folder {entry}")
            if not attacker.may(right) and right != SHAPE and success(answer.body):
                wrong.append(f"allows {entry}")
            if method in CHANGES and success(answer.body):
                wrong.append(f"does {entry}")
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows() == before
    assert world.process.poll() is None, "a run of another company was stopped"


def test_what_is_refused_to_others_is_given_to_who_may(world: World) -> None:
    """Or everything above would be refused for want of sense."""
    target, chief = world.target("b"), world.signed_in("b-chief")
    for model in ("sichern.run", "sichern.run.tenant", "sichern.job", "sichern.tenant"):
        for method in ("search", "search_read", "search_count", "export_data_domain"):
            answer = chief.call(f"model.{model}.{method}", *target.arguments(model, method))
            assert success(answer.body), (model, method)
    for model in ("sichern.run", "sichern.run.tenant", "sichern.tenant"):
        for method in ("read", "export_data"):
            answer = chief.call(f"model.{model}.{method}", *target.arguments(model, method))
            assert success(answer.body), (model, method)
    assert success(chief.call("model.sichern.tenant.sichern", [target.company]).body)


@pytest.mark.parametrize("wizard", DIALOGS)
def test_no_wizard_begins_anything_for_anothers_tenant(
    world: World, attacker: Attacker, wizard: str
) -> None:
    target, before, wrong = attacker.target, world.rows(), []
    data = {"start": {
        "tenants": [target.company], "destination": world.root, "documents": "inside",
        "shared": "default", "source": world.root, "pair": "../fremd.ztx", "way": "replace",
        "safety": world.root,
    }, "plan": {"run": target.has["runs"][1], "typed": "Fremd"}}
    may = attacker.may(OWN[f"{wizard}.create"])
    states = [state for kind, name, state in world.made["entries"]
              if kind == "state" and name == wizard]
    for context in target.contexts():
        created = attacker.person.call(f"wizard.{wizard}.create", context=context)
        session = json.loads(result(created.body) or "[0]")[0]
        if not context:  # or everything below would be refused for want of a session
            assert bool(session) == may
        for state in states:
            answer = attacker.person.call(
                f"wizard.{wizard}.execute", session, data, state, context=context
            )
            said = answer.body.decode().lower()
            entry = f"{wizard} {state} in {context}: {said[:300]}"
            if attacker.told(said):
                wrong.append(f"tells {entry}")
            if (state != "start" and success(answer.body)) or (not may and ROOT in said):
                wrong.append(f"allows {entry}")
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows() == before


@pytest.mark.parametrize("wizard", DIALOGS)
def test_no_dialog_that_another_began_is_taken(
    world: World, attacker: Attacker, wizard: str
) -> None:
    """The numbers of dialogs are counted up: any client guesses them."""
    before, wrong = world.rows(), []
    states = [state for kind, name, state in world.made["entries"]
              if kind == "state" and name == wizard]
    for letter, has in world.made["has"].items():
        session = has["sessions"][wizard]
        if attacker.person.cookie.startswith(f"tryton_session={letter}-{wizard[8:]}:"):
            continue  # it is theirs
        for context in attacker.target.contexts():
            for data in ({}, {"start": {"mail_to": "forged@example.com"}}):
                for state in (*states, "end"):
                    answer = attacker.person.call(
                        f"wizard.{wizard}.execute", session, data, state, context=context
                    )
                    if result(answer.body) or attacker.told(answer.body.decode().lower()):
                        wrong.append(f"{state} of {letter} in {context}: {answer.body!r:.300}")
            answer = attacker.person.call(f"wizard.{wizard}.delete", session, context=context)
            if result(answer.body):
                wrong.append(f"deletes that of {letter} in {context}")
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows() == before


def test_who_may_neither_upgrade_nor_delete_backs_up_nothing_by_trying(
    world: World, attacker: Attacker
) -> None:
    if attacker.may(ADMIN):
        pytest.skip("an administrator may do both")
    before, wrong = world.rows(), []
    states = [state for kind, name, state in world.made["entries"]
              if kind == "state" and name == UPGRADE]
    for context in attacker.target.contexts():
        for state in states:
            answer = attacker.person.call(
                f"wizard.{UPGRADE}.execute", 1, {}, state, context=context
            )
            if state == "upgrade" and result(answer.body):
                wrong.append(f"{state} in {context}: {answer.body!r:.300}")
        for company in world.made["company"].values():
            attacker.person.call("model.company.company.delete", [company], context=context)
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows() == before


def test_no_route_knows_a_link_that_is_not_the_users(world: World, attacker: Attacker) -> None:
    before, wrong = world.rows(), []
    login = f"{attacker.letter}-{attacker.role}"
    addresses = [
        (owner, kind, address)
        for letter, has in world.made["has"].items()
        for owner, kind in ((f"{letter}-download", "down"), (f"{letter}-import", "up"))
        if owner != login
        for address in (has["links"][kind], f"/{attacker.person.database}/sichern/{kind}/forged/")
    ]
    for owner, kind, address in addresses:
        for _, method in sorted(each for each in ROUTES if each[0] == kind):
            for name in ("", "geheim-b.zip", f"GEHEIM-{owner[0].upper()}.zip"):
                answer = attacker.person.ask(method, address + name, b"" if "P" in method else None)
                if answer.status not in {400, 403, 404, 405} or b"GEHEIM" in answer.body:
                    wrong.append((owner, method, name, answer.status))
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows() == before
