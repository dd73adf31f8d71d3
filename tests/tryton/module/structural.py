"""Tryton's own tests of a module's structure, and one of its texts.

A program, since trytond belongs to the process: `python -m tests.tryton.module.structural`
"""

import importlib.util
import os
import unittest
from pathlib import Path

os.environ["DB_NAME"] = ":memory:"

from trytond.tests.test_tryton import ModuleTestCase, with_transaction


class SichernTestCase(ModuleTestCase):
    """Views, rights, buttons, menus, translations of the module."""

    module = "sichern"
    extras = ["company"]  # noqa: RUF012 - Tryton's own way

    @with_transaction()
    def test_translations_are_those_of_babel(self) -> None:
        """No text is translated twice: the module's own file is made from the catalogs."""
        place = Path(__file__).parents[3] / "locales" / "tryton.py"
        spec = importlib.util.spec_from_file_location("tryton_locales", place)
        assert spec is not None
        assert spec.loader is not None
        locales = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(locales)
        shown = locales.shown()
        assert len(shown) > 100
        assert locales.problems(shown) == []


del ModuleTestCase

if __name__ == "__main__":
    unittest.main()
