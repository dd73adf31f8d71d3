"""After an import Tryton's sequences go on: judged by the records that Tryton itself makes next.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_target_numbers take|judge CONFIG DATABASE`. `take` is what an import asks of the
target, in one transaction; `judge` runs afterwards, in a process of its own.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tryton.copies import BACKENDS, Copy, copy_demo
from tests.tryton.planting import Access, writing

PROGRAM = "tests.tryton.test_target_numbers"
NEW = 90_001
"""The first id of sequences that the test inserts as an import does: without sequence objects."""


def take(config: str, database: str, counters: str, keep: str) -> None:
    """Print three new party codes, then three more; set counters; commit where `keep` says so."""
    from sichern.hosts.tryton.host import open_host
    from sichern.target.session import open_session
    from sichern_hooks import Counter

    target = open_host({"config": config, "database": database}).sichern_open_target("tryton")
    assert target is not None
    with closing(target), open_session(target.database) as session:
        target.describe(session)
        session.begin()
        given = [list(target.next_values(session, "party_party", "code", 3)) for _ in range(2)]
        target.set_counters(
            session,
            [
                Counter(table="ir_sequence", key=key, value=value)
                for key, value in json.loads(counters).items()
            ],
        )
        if keep == "keep":
            session.commit()
    sys.stdout.write(json.dumps(given))


def judge(config_path: str, database: str) -> None:
    """Print every sequence's next number as Tryton tells it, takes one, and makes a party."""
    from trytond import config

    config.update_etc(config_path)
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    Pool(database).init()
    with Transaction().start(database, 0, context={"_check_access": False}) as transaction:
        pool = Pool()
        sequence = pool.get("ir.sequence")
        found = sequence.search([("type", "=", "incremental")])
        shown = {str(each.id): each.number_next for each in found}
        taken = {str(each.id): each.get() for each in found if each.id >= NEW}
        party = pool.get("party.party")
        made = party.create([{"name": "Nachher"}, {"name": "Danach"}])
        codes = [each.code for each in made]
        transaction.rollback()
    sys.stdout.write(json.dumps({"next": shown, "taken": taken, "codes": codes}))


@dataclass(frozen=True, kw_only=True)
class System:
    """A copy of the demo that a test may write."""

    copy: Copy

    def writing(self) -> AbstractContextManager[Access]:
        return writing(self.copy.database, self.copy.server)

    def take(self, counters: dict[int, int] | None = None, *, keep: bool = True) -> Any:
        kept = "keep" if keep else "undo"
        return json.loads(self.copy.run("take", json.dumps(counters or {}), kept))

    def judge(self) -> Any:
        return json.loads(self.copy.run("judge"))


@pytest.fixture(params=BACKENDS)
def system(request: pytest.FixtureRequest, tmp_path: Path) -> System:
    return System(copy=copy_demo(request, tmp_path, PROGRAM))


def party_sequence(access: Access) -> int:
    ((found,),) = access.ask(
        "select db_id from ir_model_data where module = 'party' and fs_id = 'sequence_party'"
    )
    return int(found)


def set_next(access: Access, sequence: int, value: int) -> None:
    if access.dialect == "postgresql":
        access.write(f"alter sequence ir_sequence_{sequence} restart with {value}")
    else:
        access.write(f"update ir_sequence set number_next_internal = {value} where id = {sequence}")


def add_party(access: Access, code: str) -> None:
    access.write(
        "insert into party_party (id, code, name, active)"
        " select coalesce(max(id), 0) + 1000, ?, 'Planted', true from party_party",
        code,
    )


def copy_sequence(access: Access, sequence: int, key: int) -> None:
    columns = "sequence_type, name, active, type, number_increment, padding, timestamp_rounding,"
    columns += " timestamp_offset, prefix, suffix, last_timestamp"
    access.write(
        f"insert into ir_sequence (id, {columns})"
        f" select {key}, {columns} from ir_sequence where id = {sequence}"
    )


@contextmanager
def planted(system: System) -> Iterator[tuple[Access, int]]:
    with system.writing() as access:
        yield access, party_sequence(access)


def test_new_codes_are_the_sequences_next_less_those_that_are_taken(system: System) -> None:
    """Formatted as Tryton does; the party that Tryton makes afterwards gets the one behind."""
    year = datetime.now(UTC).year
    with planted(system) as (access, sequence):
        access.write(
            "update ir_sequence set prefix = 'K${date_Y}-', suffix = '/X', padding = 4"
            f" where id = {sequence}"
        )
        set_next(access, sequence, 500)
        add_party(access, f"K{year}-0501/X")
    first, second = system.take()
    assert first == [f"K{year}-{number:04}/X" for number in (500, 502, 503)]
    # Numbers that were asked for and not needed stay away, as those of a sequence do.
    assert second[0] > first[-1]
    codes = system.judge()["codes"]
    assert [*first, *second, *codes] == sorted({*first, *second, *codes})


def test_tryton_goes_on_behind_the_numbers_that_came_in(system: System) -> None:
    """It would not try the next one by itself, and on SQLite never come past a taken one."""
    with planted(system) as (access, sequence):
        set_next(access, sequence, 500)
        for code in ("0480", "520", "521", "700", "4915112345678", "ABC"):
            add_party(access, code)
    system.take()
    assert system.judge()["codes"] == ["701", "702"]


def test_a_code_that_somebody_made_up_does_not_push_the_sequence(system: System) -> None:
    with planted(system) as (access, sequence):
        set_next(access, sequence, 500)
        add_party(access, "30405060")
    system.take()
    assert 500 < int(system.judge()["codes"][0]) < 700


def test_without_a_sequence_the_highest_number_is_followed(system: System) -> None:
    with planted(system) as (access, _):
        access.write("delete from party_configuration_party_sequence")
        access.write(
            "insert into party_configuration_party_sequence (id, party_sequence) values (1, null)"
        )
        for code in ("90210", "K99999999", "٣"):
            add_party(access, code)
    assert system.take() == [["90211", "90212", "90213"], ["90214", "90215", "90216"]]


@pytest.mark.parametrize("kind", ["decimal timestamp", "hexadecimal timestamp"])
def test_codes_by_the_clock_are_moments_that_passed(system: System, kind: str) -> None:
    with planted(system) as (access, sequence):
        access.write(
            f"update ir_sequence set type = '{kind}', last_timestamp = 0 where id = {sequence}"
        )
    first, second = system.take()
    base = 16 if kind.startswith("hexa") else 10
    numbers = [int(code, base) for code in first]
    assert len(set(numbers)) == 3
    passed = datetime.now(UTC).timestamp() - 946681200
    assert passed - 600 < min(numbers) <= max(numbers) <= passed
    assert all(int(code, base) <= passed for code in second)
    codes = system.judge()["codes"]
    assert len(set(codes)) == 2
    assert not set(codes) & set(first)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A system whose counters an import set: before, after a rollback, and as Tryton sees it."""

    system: System
    existing: list[int]
    before: dict[str, int]
    undone: dict[str, int]
    undone_objects: list[str]
    objects: list[str]
    next: dict[str, int]
    taken: dict[str, str]


NEW_SEQUENCES = {NEW: (1, 42), NEW + 1: (10, 0), NEW + 2: (-1, 5), NEW + 3: (-3, 1_000_000)}
"""Sequences that came in as rows alone: their increments and their counters."""
TIMED, NOWHERE = NEW + 4, NEW + 5


@pytest.fixture(scope="module", params=BACKENDS)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("counted")
    system = System(copy=copy_demo(request, folder, PROGRAM))
    with planted(system) as (access, sequence):
        for key in (*NEW_SEQUENCES, TIMED):
            copy_sequence(access, sequence, key)
        for key, (step, _) in NEW_SEQUENCES.items():
            access.write(f"update ir_sequence set number_increment = {step} where id = {key}")
        access.write(f"update ir_sequence set type = 'decimal timestamp' where id = {TIMED}")
        existing = [
            int(row[0])
            for row in access.ask(
                "select id from ir_sequence where type = 'incremental'"
                f" and id < {NEW} and id <> {sequence} order by id"
            )
        ]
    before = next_numbers(system, existing)
    wanted = {key: value for key, (_, value) in NEW_SEQUENCES.items()}
    wanted |= {TIMED: 43, NOWHERE: 44, existing[0]: 777}
    system.take(wanted, keep=False)
    undone, undone_objects = next_numbers(system, existing), objects(system)
    # Twice: the objects are there already where an earlier import of the same keys made them.
    system.take({**wanted, NEW: 4711})
    system.take(wanted)
    judged = system.judge()
    return Counted(
        system=system,
        existing=existing,
        before=before,
        undone=undone,
        undone_objects=undone_objects,
        objects=objects(system),
        next=judged["next"],
        taken=judged["taken"],
    )


def next_numbers(system: System, ids: list[int]) -> dict[str, int]:
    """What the sequences give next, asked of the database alone."""
    with system.writing() as access:
        if access.dialect == "sqlite":
            rows = access.ask("select id, number_next_internal from ir_sequence")
            return {str(key): value for key, value in rows if key in ids}
        found = {}
        for key in ids:
            ((value, called, step),) = access.ask(
                "select last_value, is_called, seqincrement"
                f" from ir_sequence_{key} join pg_sequence"
                f" on seqrelid = 'ir_sequence_{key}'::regclass"
            )
            found[str(key)] = value + step if called else value
        return found


def objects(system: System) -> list[str]:
    """The sequence objects of the test's own sequences."""
    if system.copy.server is None:
        return []
    with system.writing() as access:
        sql = "select relname from pg_class where relkind = 'S' and relname like 'ir_sequence_900%'"
        return sorted(name for (name,) in access.ask(sql))


def test_tryton_gives_the_counters_value_next(counted: Counted) -> None:
    """Of a sequence that was there, and of those whose rows alone came in."""
    assert counted.next[str(counted.existing[0])] == 777
    assert counted.taken == {
        str(key): str(value) for key, (_, value) in NEW_SEQUENCES.items()
    }


def test_no_other_sequence_moves(counted: Counted) -> None:
    for key in counted.existing[1:]:
        assert counted.next[str(key)] == counted.before[str(key)]


def test_what_is_rolled_back_leaves_every_counter(counted: Counted) -> None:
    assert counted.undone == counted.before
    assert counted.undone_objects == []


def test_counters_of_what_is_no_sequence_count_nothing(counted: Counted) -> None:
    assert not {str(TIMED), str(NOWHERE)} & counted.next.keys()
    if counted.system.copy.server is not None:
        assert counted.objects == [f"ir_sequence_{key}" for key in NEW_SEQUENCES]


if __name__ == "__main__":
    if sys.argv[1] == "take":
        take(*sys.argv[2:])
    else:
        judge(*sys.argv[2:])
