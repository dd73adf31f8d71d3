"""The rows in a pair are those that Tryton's own ORM calls the company's; nothing of another's."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.support.archive import Pair, unresolved
from tests.support.postgres import Server
from tests.support.sichern import back_up_all, sichern, write_sichern_config
from tests.support.tryton import (
    TrytonDatabase,
    copy_postgres,
    copy_sqlite,
    demo_postgres,
    demo_sqlite,
    many_modules_sqlite,
    run_tryton,
)
from tests.tryton.oracle import Opinion, ask

COMPANIES = (1, 2)
MARKER = "zz-marker-of-the-other-zz"


@dataclass(frozen=True, kw_only=True)
class System:
    """A database of Tryton, what the ORM says of it, and its pairs."""

    database: TrytonDatabase
    opinions: dict[int, Opinion]
    pairs: dict[str, Pair]


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "many-sqlite"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> System:
    folder = tmp_path_factory.mktemp("system")
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        database = demo_postgres(server)
    else:
        database = demo_sqlite() if request.param == "sqlite" else many_modules_sqlite()
    return System(
        database=database,
        opinions={company: ask(database, company) for company in COMPANIES},
        pairs=back_up_all(database, folder),
    )


@pytest.mark.parametrize("company", COMPANIES)
def test_the_rows_are_exactly_those_of_the_orm(system: System, company: int) -> None:
    mine, other = system.opinions[company], system.opinions[3 - company]
    pair = system.pairs[str(company)]
    compared, differences = [], {}
    for model, owned in sorted(mine.owned.items()):
        table = pair.schema.get(owned.table)
        if table is None:
            assert owned.table in NEVER_LEAVE, f"{model}: {owned.table} is not in the archive"
            continue
        compared.append(model)
        rows = {int(key) for key in pair.keys(owned.table)}
        theirs = other.owned[model].ids - owned.ids if model in other.owned else frozenset()
        missing, foreign = owned.ids - rows, rows & theirs
        surplus = rows - owned.ids if table["role"] == "owned" else set()
        if missing or foreign or surplus:
            differences[model] = (sorted(missing)[:5], sorted(foreign)[:5], sorted(surplus)[:5])
    assert differences == {}
    assert len(compared) > 20, compared
    assert sum(len(owned.ids) for owned in mine.owned.values()) > 100


NEVER_LEAVE = {
    "res_user-company_company": "it grants rights",
    "ir_cron-company_company": "it starts jobs",
    "ir_note_read": "which user has read a note is a state of that user's screen",
}


def test_every_model_that_is_not_compared_has_its_reason(system: System) -> None:
    reasons = {**system.opinions[1].incomparable, **NEVER_LEAVE}
    assert all(reasons.values())


@pytest.mark.parametrize("company", COMPANIES)
def test_every_reference_resolves_or_is_listed(system: System, company: int) -> None:
    open_references, _ = unresolved(system.pairs[str(company)])
    assert open_references == []


@pytest.mark.parametrize("company", COMPANIES)
def test_the_pair_is_sound_and_every_row_fits_its_schema(system: System, company: int) -> None:
    done = sichern("check", system.pairs[str(company)].ztx, "--json")
    assert (done.status, done.data["problems"]) == (0, [])
    assert done.data["rows"] > 100


def test_no_password_right_or_session_is_inside(system: System) -> None:
    for pair in system.pairs.values():
        tables = set(pair.schema)
        assert not tables & {"ir_session", "ir_cron", "res_user-company_company", "ir_queue"}
        assert {column["name"] for column in pair.schema["res_user"]["identity"]} <= {
            "id",
            "login",
            "name",
        }
        assert b"$argon2" not in b"".join(pair.members.values())


def _unused(system: System, key: str) -> dict[str, set[str]]:
    pair = system.pairs[key]
    return {
        "party": {str(row["name"]) for row in pair.rows("party_party")},
        "product": {str(row["name"]) for row in pair.rows("product_template")},
        "lot": {str(row["number"]) for row in pair.rows("stock_lot")},
    }


def test_a_used_lot_of_a_shared_product_goes_with_its_company_only(system: System) -> None:
    one, two = system.pairs["1"], system.pairs["2"]
    used = {
        key: {str(row["lot"]) for row in pair.rows("stock_move") if row["lot"]}
        for key, pair in (("1", one), ("2", two))
    }
    assert used["1"] - used["2"]
    assert used["1"] <= one.keys("stock_lot")
    assert not (used["2"] - used["1"]) & one.keys("stock_lot")
    free = one.keys("stock_lot") & two.keys("stock_lot") - used["1"] - used["2"]
    assert free, "a lot that nobody uses yet is in both pairs"


def test_with_one_company_what_nobody_uses_goes_along(tmp_path: Path) -> None:
    database = copy_sqlite(demo_sqlite(), tmp_path / "copy")
    other = ask(database, 2)
    with closing(sqlite3.connect(database.file)) as connection:
        for owned in other.owned.values():
            mine = ",".join(map(str, owned.ids))
            connection.execute(f'delete from "{owned.table}" where id in ({mine})')
        connection.commit()
        counts = {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("party_party", "product_template", "product_product", "stock_lot")
        }
    pair = back_up_all(database, tmp_path / "run")["1"]
    assert {table: len(pair.keys(table)) for table in counts} == counts


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def marked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Pair], int]:
    """Pairs of a database in which every text and document of company 2 carries a marker."""
    folder = tmp_path_factory.mktemp("marked")
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        database = copy_postgres(server, demo_postgres(server), folder / "copy")
        connection = psycopg.connect(server.uri(database.name))
        texts = (
            "select column_name from information_schema.columns where table_name = '%s'"
            " and data_type in ('text', 'character varying')"
        )
    else:
        database = copy_sqlite(demo_sqlite(), folder / "copy")
        connection = sqlite3.connect(database.file)
        texts = "select name from pragma_table_info('%s') where lower(type) in ('text', 'varchar')"
    one, two = ask(database, 1), ask(database, 2)
    references = {
        (table, column)
        for table, described in back_up_all(database, folder / "before")["2"].schema.items()
        for reference in described["references"]
        for column in reference["columns"]
    }
    planted = 0
    with closing(connection):
        for model, owned in two.owned.items():
            own = owned.ids - (one.owned[model].ids if model in one.owned else frozenset())
            if not own or owned.table in NEVER_LEAVE:
                continue
            ids = ",".join(map(str, own))
            for (column,) in connection.execute(texts % owned.table).fetchall():
                if (owned.table, column) in references or column in ("file_id", "message_id"):
                    continue
                connection.execute(
                    f'update "{owned.table}" set "{column}" = coalesce("{column}", \'\')'
                    f" || '{MARKER}' where id in ({ids})"
                )
                planted += 1
        connection.commit()
    return back_up_all(database, folder / "after"), planted


def test_no_text_of_the_other_company_is_inside(marked: tuple[dict[str, Pair], int]) -> None:
    pairs, planted = marked
    found = {
        key: sum(member.count(MARKER.encode()) for member in pair.members.values())
        for key, pair in pairs.items()
    }
    assert planted > 50
    assert found["1"] == 0
    assert found["2"] > planted


def test_no_document_of_the_other_company_is_inside(tmp_path: Path) -> None:
    database = copy_sqlite(demo_sqlite(), tmp_path / "copy")
    before = back_up_all(database, tmp_path / "before")
    documents = {
        key: {str(row[6]) for row in pair.lines("documents.tsv")} for key, pair in before.items()
    }
    assert documents["1"] - documents["2"]
    assert documents["2"] - documents["1"]
    only = documents["2"] - documents["1"]
    assert not {name for name in before["1"].members if name.rpartition("/")[2] in only}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_condition_that_the_planner_drops_is_caught_for_every_owned_table(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    database = demo_postgres(server) if server else demo_sqlite()
    config = write_sichern_config(database, tmp_path)
    done = run_tryton(["-m", "tests.tryton.faults", "--config", str(config)], database.uri)
    faults = json.loads(done.stdout)
    assert {table for table, caught in faults.items() if not caught} == set()
    assert len(faults) > 15
