"""Two archives are alike where rows, links and documents are the same, whatever their keys are."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from sichern.archive.likeness import Likeness, compare_pairs
from sichern.backup import back_up
from sichern_hooks import Destination, create_manager
from tests.support import world
from tests.support.small_host import ADMIN, TENANTS, SmallHost

OTHER_KEYS = (
    "update lot set id = id + 100",
    "update line set lot = lot + 100, id = id + 50",
    "update invoice set id = id + 900, intercompany = intercompany + 900",
    "update line set invoice = invoice + 900",
    "update invoice set origin = 'invoice,902' where origin = 'invoice,2'",
    "update attachment set resource = 'invoice,901' where resource = 'invoice,1'",
)


def pair_of(folder: Path, *statements: str) -> Path:
    """Back up the first company of the small world, after some changes."""
    folder.mkdir()
    host = SmallHost(url=f"sqlite:///{folder / 'world.sqlite'}")
    engine = sa.create_engine(host.url)
    with engine.connect() as connection:
        world.create(connection, world.ROWS)
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    engine.dispose()
    target = Destination(path=str(folder))
    (entry,) = back_up(create_manager(host), ADMIN, [TENANTS["1"]], target).tenants
    return Path(entry.files[-1])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pair_of(tmp_path_factory.mktemp("likeness") / "first")


def compared(first: Path, folder: Path, *statements: str) -> Likeness:
    return compare_pairs(first, pair_of(folder / "second", *statements))


def test_keys_do_not_matter(first: Path, tmp_path: Path) -> None:
    found = compared(first, tmp_path, *OTHER_KEYS)
    assert found.differing == {}
    assert found.same
    assert found.rows > 20
    assert found.documents > 2


CHANGES = {
    "a value": ("update line set amount = '10.5' where id = 1", "line"),
    "a link to another row of the same kind": ("update line set invoice = 2 where id = 1", "line"),
    "a polymorphic link": ("update invoice set origin = NULL where id = 1", "invoice"),
    "a link that says nothing else": ("update party set parent = 1 where id = 5", "party"),
    "a row that is gone": ("delete from line where id = 2", "line"),
    "a row that came": ("insert into line values (9, 1, 1, 1, '10')", "line"),
    "a document": ("update attachment set data = 'Z' where id = 1", "documents.tsv"),
    "a translation of another row": (
        "update translation set res_id = 3 where id = 1", "translation",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_what_was_changed_is_seen(first: Path, tmp_path: Path, case: str) -> None:
    statement, table = CHANGES[case]
    found = compared(first, tmp_path, statement)
    assert not found.same
    assert table in found.differing
