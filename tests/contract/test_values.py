"""What crosses the border is frozen, built by keyword, and needs nothing but pluggy."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sichern_hooks
from sichern_hooks import (
    Actor,
    Options,
    Outcome,
    Report,
    SichernError,
    Tenant,
    TenantRef,
    TenantReport,
    UnknownTenant,
    UsageError,
)
from sichern_hooks.errors import N_

CLASSES = [
    value for name in sichern_hooks.__all__
    if dataclasses.is_dataclass(value := getattr(sichern_hooks, name))
]
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
HOOKS = Path(sichern_hooks.__file__).parents[1]


def test_there_are_dataclasses_to_look_at() -> None:
    assert len(CLASSES) > 15


@each_class
def test_a_dataclass_is_frozen(cls: Any) -> None:
    assert cls.__dataclass_params__.frozen


@each_class
def test_a_dataclass_is_built_with_keywords_only(cls: Any) -> None:
    assert all(field.kw_only for field in dataclasses.fields(cls))
    with pytest.raises(TypeError, match="positional"):
        cls(*[None] * len(dataclasses.fields(cls)))


@each_class
def test_a_dataclass_and_its_fields_that_can_change_are_not_shared(cls: Any) -> None:
    for field in dataclasses.fields(cls):
        assert not isinstance(field.default, list | dict | set)


def test_everything_public_exists_once_and_is_documented() -> None:
    assert len(sichern_hooks.__all__) == len(set(sichern_hooks.__all__))
    for name in sichern_hooks.__all__:
        value = getattr(sichern_hooks, name)
        assert isinstance(value, type) is False or (value.__doc__ or "").strip(), name


def test_a_fresh_interpreter_loads_only_stdlib_and_pluggy_for_the_contract() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules);"
        "import sichern_hooks, sichern_hooks.host, sichern_hooks.service;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(HOOKS)], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["pluggy", "sichern_hooks"]


def report(*outcomes: Outcome) -> Report:
    tenant = Tenant(ref=TenantRef(host="acme", key="1"), name="North")
    from datetime import UTC, datetime

    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Report(
        run="run",
        actor=Actor(host="acme", login=None, name="administrator"),
        started=noon,
        finished=noon,
        tenants=tuple(TenantReport(tenant=tenant, outcome=outcome) for outcome in outcomes),
    )


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        ([], Outcome.FAILED),
        ([Outcome.COMPLETE, Outcome.WARNINGS], Outcome.WARNINGS),
        ([Outcome.FAILED, Outcome.COMPLETE], Outcome.FAILED),
        ([Outcome.CANCELLED, Outcome.WARNINGS], Outcome.CANCELLED),
        ([Outcome.CANCELLED, Outcome.FAILED], Outcome.FAILED),
    ],
)
def test_a_report_is_as_bad_as_its_worst_tenant(outcomes: list[Outcome], worst: Outcome) -> None:
    assert report(*outcomes).outcome is worst


def test_the_recommended_options_are_the_defaults() -> None:
    assert Options() == Options(
        documents=sichern_hooks.Documents.INSIDE,
        shared=sichern_hooks.SharedRows.DEFAULT,
        mail_to=(),
    )


def test_an_error_says_what_is_wrong_in_its_own_words() -> None:
    error = UnknownTenant(tenant="North")
    assert str(error) == "there is no tenant North that you may see"
    assert error.values == {"tenant": "North"}


def test_wrong_usage_ends_with_2_and_other_errors_with_1() -> None:
    assert UsageError.exit_code == 2
    assert SichernError.exit_code == 1


def test_a_percent_sign_in_a_value_is_only_a_percent_sign() -> None:
    assert str(UnknownTenant(tenant="100 %(x)s")) == "there is no tenant 100 %(x)s that you may see"


def test_marking_a_text_does_not_change_it() -> None:
    assert N_("a %(b)s c") == "a %(b)s c"
