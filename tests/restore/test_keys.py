"""After an import the database goes on counting above every key."""

import pytest

from sichern_hooks import Outcome, Way
from tests.restore.conftest import EMPTY, MakeWorld
from tests.support import world as small

NEEDED = {
    "invoice": ("company, party", "1, 3"),
    "line": ("invoice", "1"),
    "address": ("party", "3"),
    "lot": ("product", "1"),
}
"""Columns that may not be empty, with values."""


@pytest.mark.parametrize("way", list(Way))
def test_a_thousand_rows_go_into_each_table_without_a_clash(
    make_world: MakeWorld, way: Way
) -> None:
    source, target = make_world(small.ROWS), make_world(EMPTY if way is Way.EMPTY else small.ROWS)
    if target.host.url.startswith("postgresql"):
        for table in small.ROWS:
            if table != "party_category":
                target.run(
                    f"create sequence {table}_id_seq owned by {table}.id",
                    f"alter table {table} alter id set default nextval('{table}_id_seq')",
                    f"select setval('{table}_id_seq', (select coalesce(max(id), 1) from {table}))",
                )
    report = target.take(source.back_up(), way)
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS), report.tenants[0].error
    for table in small.ROWS:
        if table == "party_category":  # its key is made of references
            continue
        columns, values = NEEDED.get(table, ("id", "default"))
        if columns == "id" and target.host.url.startswith("sqlite"):
            values = "null"
        before = target.ask(f"select count(*) from {table}")
        target.run(*[f"insert into {table} ({columns}) values ({values})"] * 1000)
        assert target.ask(f"select count(*) from {table}") == [(before[0][0] + 1000,)]  # type: ignore[operator]


def test_a_key_at_the_end_of_all_numbers_is_not_kept(make_world: MakeWorld) -> None:
    """The next row would get none, even where the import fails: sequences are not rolled back."""
    source, target = make_world(small.ROWS), make_world(EMPTY)
    last = 2**63 - 1
    if target.host.url.startswith("postgresql"):
        last = 2**31 - 1
        target.run(
            "create sequence party_id_seq as integer owned by party.id",
            "alter table party alter id set default nextval('party_id_seq')",
        )
    source.run(
        f"insert into party values ({last}, 'far away', null, 1)",
        "insert into party values (12, 'near', null, 1)",
    )
    report = target.take(source.back_up(), Way.EMPTY)
    assert report.outcome is Outcome.COMPLETE, report.tenants[0].error
    assert target.ask("select id from party where name = 'near'") == [(12,)]
    assert target.ask("select id from party where name = 'far away'") == [(13,)]
    target.run("insert into party (name) values ('next')")
    assert target.ask("select id from party where name = 'next'") == [(14,)]
