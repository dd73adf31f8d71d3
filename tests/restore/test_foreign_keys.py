"""Foreign keys of large tables are taken away and made again: the schema is the same behind it."""

import psycopg
import pytest

from sichern.target import foreign_keys
from sichern_hooks import Outcome, Way
from tests.restore.conftest import EMPTY, MakeWorld, World
from tests.restore.reading import error_of
from tests.support import world as small

STATED = """
select conname, conrelid::regclass::text, pg_get_constraintdef(oid), condeferrable, convalidated,
    obj_description(oid, 'pg_constraint')
from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2
"""
VERSIONS = "select oid, conname from pg_constraint where contype = 'f' order by 2"


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_keys, "LARGE", 1)


def _made_again(world: World, before: list[tuple[object, ...]]) -> set[object]:
    return {row[1] for row in set(world.ask(VERSIONS)) - set(before)}


def test_what_is_made_again_is_what_was_there(make_postgresql: MakeWorld) -> None:
    file = make_postgresql(small.ROWS).back_up()
    target = make_postgresql(EMPTY)
    target.run(
        "alter table product add constraint \"a 'name'\" foreign key (unit) references unit"
        " on delete restrict on update cascade",
        "comment on constraint product_unit_fkey on product is 'kept'",
        "alter table address add constraint later foreign key (party) references party not valid",
    )
    stated, versions = target.ask(STATED), target.ask(VERSIONS)
    assert target.take(file, Way.EMPTY).outcome is not Outcome.FAILED
    assert target.ask(STATED) == stated
    expected = {"a 'name'", "address_party_fkey", "line_invoice_fkey", "party_parent_fkey"}
    assert _made_again(target, versions) == expected


def test_a_table_whose_keys_wait_for_the_commit_is_left_alone(make_postgresql: MakeWorld) -> None:
    file = make_postgresql(small.ROWS).back_up()
    target = make_postgresql(EMPTY)
    target.run(
        "alter table line add constraint waits foreign key (product) references product"
        " deferrable initially deferred"
    )
    versions = target.ask(VERSIONS)
    assert target.take(file, Way.EMPTY).outcome is not Outcome.FAILED
    assert "line_invoice_fkey" not in _made_again(target, versions)


def test_nobody_who_reads_a_table_is_waited_for(make_postgresql: MakeWorld) -> None:
    file = make_postgresql(small.ROWS).back_up()
    target = make_postgresql(EMPTY)
    versions = target.ask(VERSIONS)
    uri = target.host.url.replace("+psycopg", "")
    with psycopg.connect(uri) as reader:
        reader.execute("select from invoice")
        assert target.take(file, Way.EMPTY).outcome is not Outcome.FAILED
    made = _made_again(target, versions)
    assert "line_invoice_fkey" not in made
    assert "address_party_fkey" in made


def test_beside_other_tenants_nothing_is_taken_away(make_postgresql: MakeWorld) -> None:
    file = make_postgresql(small.ROWS).back_up()
    target = make_postgresql(EMPTY)
    versions = target.ask(VERSIONS)
    assert target.take(file, Way.NEW).outcome is not Outcome.FAILED
    assert not _made_again(target, versions)


def test_a_row_that_does_not_fit_takes_everything_back(make_postgresql: MakeWorld) -> None:
    file = make_postgresql(small.ROWS).back_up()
    target = make_postgresql(EMPTY)
    target.run(
        # The row that a line points at is away again as soon as it was inserted.
        "create function lose() returns trigger language plpgsql as"
        " 'begin delete from public.invoice; return null; end'",
        "create trigger lose after insert on line for each statement execute function lose()",
    )
    content, stated, versions = target.content(), target.ask(STATED), target.ask(VERSIONS)
    report = target.take(file, Way.EMPTY)
    assert report.outcome is Outcome.FAILED
    assert "line_invoice_fkey" in str(error_of(report).values)
    assert (target.content(), target.ask(STATED), target.ask(VERSIONS)) == (
        content, stated, versions,
    )  # fmt: skip
