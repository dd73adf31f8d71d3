"""Tryton's own structural tests pass."""

from tests.support.tryton import run_tryton


def test_trytons_own_tests_of_a_module_pass() -> None:
    ran = run_tryton(["-m", "tests.tryton.module.structural"], "sqlite://")
    assert ran.stderr.strip().endswith("OK"), ran.stderr
