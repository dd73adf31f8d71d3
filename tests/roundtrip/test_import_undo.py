"""The comparison behind the round trips: equal archives are equal, and each difference is found."""

from pathlib import Path

import pytest

from tests.support.archive import Pair
from tests.support.figures import say
from tests.support.sichern import back_up_all
from tests.support.tryton import copy_sqlite, demo_sqlite
from tests.support.undo import undo
from tests.tryton.planting import writing

SHIFT = 5000
"""Added to keys, so that none stays what it was."""

CHANGES = {
    "account_invoice_line.quantity": (
        "update account_invoice_line set quantity = quantity + 1"
        " where id = (select min(id) from account_invoice_line where company = 1)"
    ),
    "account_invoice.party": (
        "update account_invoice set party = (select max(party) from account_invoice"
        " where company = 1) where id = (select min(id) from account_invoice where company = 1)"
    ),
    "account_move.origin": (
        "update account_move set origin = (select 'account.invoice,' || max(id)"
        " from account_invoice where company = 1) where id = (select min(id) from account_move"
        " where company = 1 and origin like 'account.invoice,%')"
    ),
    "ir_note": "delete from ir_note where id = (select min(id) from ir_note)",
    "document only": (
        "update ir_attachment set name = name || '!'"
        " where id = (select min(id) from ir_attachment where file_id is not null)"
    ),
    "counter only": (
        "update ir_sequence set number_next_internal = number_next_internal + 1 where id ="
        " (select min(id) from ir_sequence where company = 1)"
    ),
}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return back_up_all(demo_sqlite(), tmp_path_factory.mktemp("plain"))["1"]


def test_an_archive_is_itself(pair: Pair) -> None:
    undone = undo(pair, pair)
    say(undone.summary())
    assert undone.differences == []
    assert undone.moved() == 0
    assert len(undone.keys) > undone.rows > 800


def test_other_keys_are_no_difference(pair: Pair, tmp_path: Path) -> None:
    database = copy_sqlite(demo_sqlite(), tmp_path / "copy")
    with writing(database, None) as access:
        access.write(f"update account_move set id = id + {SHIFT}")
        access.write(f"update account_move_line set id = id + {SHIFT}, move = move + {SHIFT}")
        access.write(f"update account_invoice set move = move + {SHIFT}")
        for table in ("account_tax_line", '"account_invoice-account_move_line"'):
            column = "move_line" if table == "account_tax_line" else "line"
            access.write(f"update {table} set {column} = {column} + {SHIFT}")
        access.write(
            f"update account_move_reconciliation set delegate_to = delegate_to + {SHIFT}"
        )
    moved = back_up_all(database, tmp_path / "run")["1"]
    undone = undo(pair, moved)
    say(undone.summary())
    assert undone.differences == []
    assert undone.moved() == len(pair.rows("account_move")) + len(pair.rows("account_move_line"))


def test_every_difference_is_found(pair: Pair, tmp_path: Path) -> None:
    database = copy_sqlite(demo_sqlite(), tmp_path / "copy")
    with writing(database, None) as access:
        for name, statement in CHANGES.items():
            assert access.write(statement) == 1, name
    undone = undo(pair, back_up_all(database, tmp_path / "run")["1"])
    for line in undone.differences:
        say(line)
    found = {name for name in CHANGES for line in undone.differences if line.startswith(name)}
    assert found == set(CHANGES)
    assert len(undone.differences) < 3 * len(CHANGES)
