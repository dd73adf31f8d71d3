"""Authorisation fails closed: the owning host says True, and nobody objects, or it is refused."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sichern_hooks import (
    Actor,
    NotAuthorized,
    Permission,
    TenantRef,
    authorize,
    create_manager,
    find_host,
    hookimpl,
)

ANNA = Actor(host="acme", login="anna", name="Anna")
NORTH = TenantRef(host="acme", key="1")
AN_OBJECT = pytest.param(object(), id="object")
"""Its own spelling holds an address, and each process would call the test otherwise."""
NOT_TRUE: list[Any] = [
    None, False, 0, 1, "yes", "True", [True], AN_OBJECT, 1.0, NotImplemented,
]  # fmt: skip


@dataclass(frozen=True)
class Raises:
    """An answer that is an exception."""

    error: Exception


class Plugin:
    """Answers every question of authorisation with the same value; no host by itself."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[Actor, Permission, TenantRef | None]] = []

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> Any:
        self.asked.append((actor, permission, tenant))
        if isinstance(self.answer, Raises):
            raise self.answer.error
        return self.answer


class Host(Plugin):
    """The same with a host's name, which may be one that raises."""

    def __init__(self, answer: object, name: Any = "acme") -> None:
        super().__init__(answer)
        self.name = name

    @hookimpl
    def sichern_host_name(self) -> Any:
        if isinstance(self.name, Raises):
            raise self.name.error
        return self.name


class Silent:
    """A host that does not implement the question at all."""

    @hookimpl
    def sichern_host_name(self) -> str:
        return "acme"


def allowed(*plugins: object, actor: Actor = ANNA, tenant: TenantRef | None = NORTH) -> bool:
    try:
        authorize(create_manager(*plugins, load=False), actor, Permission.BACK_UP, tenant)
    except NotAuthorized:
        return False
    return True


def test_the_owning_host_grants_with_true() -> None:
    host = Host(True)
    assert allowed(host)
    assert host.asked == [(ANNA, Permission.BACK_UP, NORTH)]


def test_the_owning_host_grants_for_any_tenant() -> None:
    assert allowed(Host(True), tenant=None)


@pytest.mark.parametrize("answer", NOT_TRUE, ids=repr)
def test_no_other_value_of_the_host_grants(answer: object) -> None:
    assert not allowed(Host(answer))


def test_an_exception_of_the_host_refuses_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert not allowed(Host(Raises(OSError("the database is gone"))))
    assert "the database is gone" in caplog.text


def test_a_host_without_an_answer_refuses() -> None:
    assert not allowed(Silent())


def test_without_any_plugin_everything_is_refused() -> None:
    assert not allowed()


def test_a_plugin_that_is_no_host_cannot_grant() -> None:
    assert not allowed(Plugin(True))
    assert not allowed(Silent(), Plugin(True))
    assert not allowed(Host(None), Plugin(True))
    assert not allowed(Plugin(True), Host(False))


def test_another_host_cannot_grant() -> None:
    assert not allowed(Host(True, "other"))
    assert not allowed(Host(None), Host(True, "other"))


both_orders = pytest.mark.parametrize(
    "order", [lambda *pair: pair, lambda *pair: pair[::-1]], ids=["host first", "host last"]
)


@both_orders
@pytest.mark.parametrize("answer", [None, True], ids=repr)
def test_another_plugin_without_an_objection_changes_nothing(
    order: Callable[..., tuple[object, object]], answer: object
) -> None:
    assert allowed(*order(Host(True), Plugin(answer)))


@both_orders
@pytest.mark.parametrize("answer", [False, 0, 1, "yes", "", AN_OBJECT], ids=repr)
def test_another_plugin_vetoes_with_anything_else(
    order: Callable[..., tuple[object, object]], answer: object
) -> None:
    assert not allowed(*order(Host(True), Plugin(answer)))


@both_orders
def test_another_plugin_vetoes_by_an_exception(
    order: Callable[..., tuple[object, object]],
) -> None:
    assert not allowed(*order(Host(True), Plugin(Raises(ValueError("broken")))))


@both_orders
def test_another_host_vetoes_too(order: Callable[..., tuple[object, object]]) -> None:
    assert not allowed(*order(Host(True), Host(False, "other")))


def test_a_veto_is_not_outvoted() -> None:
    assert not allowed(Plugin(True), Plugin(False), Host(True), Plugin(True))


def test_two_hosts_of_one_name_own_nothing() -> None:
    first, second = Host(True), Host(True)
    assert not allowed(first, second)
    assert find_host(create_manager(first, second, load=False), "acme") is None


def test_a_tenant_of_another_host_is_refused() -> None:
    foreign = TenantRef(host="other", key="1")
    assert not allowed(Host(True), tenant=foreign)
    assert not allowed(Host(True), Host(True, "other"), tenant=foreign)


def test_an_actor_of_an_unknown_host_is_refused() -> None:
    stranger = Actor(host="nowhere", login="anna", name="Anna")
    assert not allowed(Host(True), actor=stranger)
    assert not allowed(Host(True), actor=stranger, tenant=None)


@pytest.mark.parametrize("name", [None, "", True, 0], ids=repr)
def test_a_host_that_does_not_say_its_name_owns_nothing(name: object) -> None:
    assert not allowed(Host(True, name))


def test_a_host_whose_name_fails_owns_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert not allowed(Host(True, Raises(RuntimeError("no configuration"))))
    assert "no configuration" in caplog.text


def test_a_broken_name_of_another_plugin_takes_nothing_from_the_host() -> None:
    assert allowed(Host(True), Host(None, Raises(RuntimeError("no configuration"))))


def test_an_implementation_names_only_the_arguments_that_it_wants() -> None:
    class Narrow(Silent):
        @hookimpl
        def sichern_authorize(self, tenant: TenantRef | None) -> bool:
            return tenant == NORTH

    assert allowed(Narrow())
    assert not allowed(Narrow(), tenant=TenantRef(host="acme", key="2"))


def test_a_wrapper_around_the_question_cannot_grant() -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def sichern_authorize(self) -> Any:
            yield
            return [True]

    assert not allowed(Host(None), Wrapper())


def test_the_refusal_says_who_what_and_which() -> None:
    manager = create_manager(Host(False), load=False)
    with pytest.raises(NotAuthorized) as refused:
        authorize(manager, ANNA, Permission.DOWNLOAD, NORTH)
    assert refused.value.values == {"actor": "Anna", "permission": "download", "tenant": "1"}
    assert refused.value.hint
