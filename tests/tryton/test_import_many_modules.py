"""One pair of a company with fifty modules, imported twice as new into one system: two of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.archive import Pair
from tests.support.content import Changes, Content, changes, content
from tests.support.figures import say
from tests.support.sichern import back_up_all, write_sichern_config
from tests.support.tryton import copy_sqlite, empty_many_modules_sqlite, many_modules_sqlite
from tests.support.undo import Undone, undo
from tests.tryton.afterwards import follows
from tests.tryton.journey import Journey
from tests.tryton.judge import differences
from tests.tryton.planting import writing

MUSTER = "1"
TWICE = (0, 1)
UNIQUE = {
    "party_party": "code", "product_product": "code", "product_category": "code",
    "project_work": "number", "timesheet_line": "uuid",
}  # fmt: skip
"""Values that no two records may share, whatever company they are of."""
CHANGED = {**{table: (column,) for table, column in UNIQUE.items()},
           "product_product": ("code", "suffix_code")}  # fmt: skip


@dataclass(kw_only=True)
class Twice:
    """What came of the two imports."""

    answers: list[Any] = field(default_factory=list)
    undone: list[Undone] = field(default_factory=list)
    judged: list[dict[str, object]] = field(default_factory=list)
    worked: list[Any] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    source: Pair
    second: Changes = field(default_factory=Changes)
    end: Content = field(default_factory=dict)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Twice:
    folder = tmp_path_factory.mktemp("twice")
    origin = copy_sqlite(many_modules_sqlite(), folder / "origin", name="origin")
    with writing(origin, None) as access:
        # Only a program that keeps time by itself fills them.
        assert access.write("update timesheet_line set uuid = 'uuid-' || id")
    source = back_up_all(origin, folder / "source")[MUSTER]
    database = copy_sqlite(empty_many_modules_sqlite(), folder / "target", name="twice")
    config = write_sichern_config(database, folder)
    done = Twice(source=source)
    with Journey(origin.uri) as journey:
        verdict = journey.judge(origin, MUSTER)
        before: Content = {}
        for place in TWICE:
            before = content(database.file)
            answer = journey.ask("import", config=config, file=source.ztx, way="new")
            assert answer["error"] is None, answer["error"]
            done.answers.append(answer)
            done.second = changes(before, content(database.file))
            ztx = journey.ask(
                "export", config=config, company=answer["key"], to=folder / f"out-{place}"
            )
            done.pairs.append(Pair(Path(ztx)))
            done.undone.append(undo(source, done.pairs[place], CHANGED))
            judged = journey.judge(database, answer["key"])
            done.judged.append(differences(verdict, judged))
        done.end = content(database.file)
        for answer in done.answers:
            done.worked.append(journey.work(database, answer["key"]))
    return done


def clashes(answer: Mapping[str, Any]) -> dict[str, int]:
    """What an import reported, by table and column."""
    return {
        f"{each['table']}.{each['columns'][0]}": int(each["count"])
        for each in answer["protocol"]["arrival"]["clashes"]
    }


def test_the_rows_and_documents_are_those_of_the_pair(twice: Twice) -> None:
    undone = twice.undone[0]
    say(undone.summary())
    assert undone.differences == []
    assert undone.rows > 1000


def test_beside_the_first_what_has_no_name_is_doubled_and_parts_of_what_is_there_stay_out(
    twice: Twice,
) -> None:
    """Two bills of material without a code are strangers, however much they look alike."""
    undone = twice.undone[1]
    say(undone.summary())
    firsts = set(twice.undone[0].keys.values())
    assert undone.missing == set()
    assert undone.surplus <= firsts
    left_out = {
        each["table"]
        for each in twice.answers[1]["protocol"]["arrival"]["tables"]
        if each["left_out"]
    }
    others = [line for line in undone.differences if "only after" not in line]
    for line in others:
        say(line[:300])
    assert [line for line in others if line.split(".")[0] not in left_out] == []


@pytest.mark.parametrize("place", TWICE)
def test_every_changed_value_was_a_clash_and_was_reported(twice: Twice, place: int) -> None:
    changed = {
        column: count
        for column, count in twice.undone[place].changed.items()
        if column != "res_user.login" and not column.endswith(".suffix_code")
    }
    reported = clashes(twice.answers[place])
    say(f"import {place + 1}: reported {reported}, changed {changed}")
    assert changed == reported
    notices = twice.answers[place]["protocol"]["notices"]
    told = Counter(n["values"]["count"] for n in notices if n["code"].startswith("clash-"))
    assert told == Counter(reported.values())


def test_the_second_import_finds_numbers_taken(twice: Twice) -> None:
    assert {"party_party.code", "project_work.number", "timesheet_line.uuid"} <= set(
        clashes(twice.answers[1])
    )


def test_no_two_records_share_what_must_be_unique(twice: Twice) -> None:
    for table, column in UNIQUE.items():
        rows = [row for row in twice.end[table].values() if row.get("active", 1)]
        values = Counter(row[column] for row in rows if row[column] is not None)
        assert [value for value, count in values.items() if count > 1] == [], table


def test_the_companies_have_no_row_in_common_that_a_company_owns(twice: Twice) -> None:
    owned = [
        {node for one, node in undone.keys.items()
         if twice.source.schema[one[0]]["role"] == "owned"}
        for undone in twice.undone
    ]  # fmt: skip
    say(f"{len(owned[0])} and {len(owned[1])} owned rows")
    assert len(owned[0]) == len(owned[1]) > 400
    assert owned[0] & owned[1] == set()


def test_the_first_company_is_as_it_was(twice: Twice) -> None:
    say(f"the second import added {len(twice.second.added)} rows;"
        f" changed {twice.second.columns()}")  # fmt: skip
    others = {each for each in twice.second.touched() if each[0] not in ("ir_cache",)}
    assert {table for table, _ in others} <= {"ir_sequence"}


@pytest.mark.parametrize("place", TWICE)
def test_tryton_says_of_both_what_it_said_of_the_one(twice: Twice, place: int) -> None:
    assert twice.judged[place] == {}


@pytest.mark.parametrize("place", TWICE)
def test_both_go_on_by_themselves(twice: Twice, place: int) -> None:
    worked = twice.worked[place]
    say(str(worked))
    assert worked["state"] == "paid"
    assert follows(worked["before"]["invoice"], worked["after"]["invoice"])
    assert worked["after"]["invoice"] == twice.worked[0]["after"]["invoice"]
