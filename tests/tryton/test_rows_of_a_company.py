"""The rows in a pair are those that Tryton's own ORM calls the company's; nothing of another's."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.archive import Pair, unresolved
from tests.support.figures import say
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
from tests.tryton.planting import (
    MARKER,
    SECRET,
    Planted,
    documents_of,
    plant_documents,
    plant_texts,
    writing,
)

COMPANIES = (1, 2)
HISTORY = "/history"

NEVER_LEAVE = {
    "res.user-company.company": "it grants rights",
    "res.user-company.employee": "it grants rights",
    "ir.cron-company.company": "it starts jobs",
    "ir.note.read": "which user has read a note is a state of that user's screen",
}
"""Models that look owned and stay behind, with the reason."""


@dataclass(frozen=True, kw_only=True)
class System:
    """A database of Tryton, what the ORM says of it, and its pairs."""

    database: TrytonDatabase
    server: Server | None
    opinions: dict[int, Opinion]
    pairs: dict[str, Pair]

    def owned_tables(self) -> dict[str, str]:
        """The models of which the ORM gives a record to one of the companies, with the tables."""
        return {
            model: owned.table
            for opinion in self.opinions.values()
            for model, owned in opinion.owned.items()
        }

    def ids(self, model: str, company: int) -> frozenset[int]:
        """The company's records of a model, as the ORM says."""
        owned = self.opinions[company].owned.get(model)
        return owned.ids if owned is not None else frozenset()


def _system(kind: str, request: pytest.FixtureRequest, folder: Path) -> System:
    server: Server | None = None
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
        assert server is not None
        database = demo_postgres(server)
    else:
        database = demo_sqlite() if kind == "sqlite" else many_modules_sqlite()
    return System(
        database=database,
        server=server,
        opinions=ask(database),
        pairs=back_up_all(database, folder),
    )


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "many-sqlite"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> System:
    return _system(request.param, request, tmp_path_factory.mktemp("system"))


# -- 2: exactly the rows of the ORM -------------------------------------------------------


@pytest.mark.parametrize("company", COMPANIES)
def test_the_rows_are_exactly_those_of_the_orm(system: System, company: int) -> None:
    pair = system.pairs[str(company)]
    differences, rows_compared = {}, 0
    compared = {m: t for m, t in system.owned_tables().items() if m not in NEVER_LEAVE}
    for model, table in sorted(compared.items()):
        assert table in pair.schema, f"{model}: {table} is not in the archive"
        own = system.ids(model, company)
        theirs = system.ids(model, 3 - company) - own
        rows = {int(key) for key in pair.keys(table)}
        missing, foreign = own - rows, rows & theirs
        surplus = rows - own if pair.schema[table]["role"] == "owned" else frozenset()
        if missing or foreign or surplus:
            differences[model] = (sorted(missing)[:5], sorted(foreign)[:5], sorted(surplus)[:5])
        rows_compared += len(own)
        say(f"compared {model}: {len(own)} rows, by {pair.schema[table]['role']}")
    say(f"company {company}: {len(compared)} models, {rows_compared} rows,"
          f" {len(differences)} differences")  # fmt: skip
    assert differences == {}
    assert len(compared) > 40
    assert rows_compared > 400


@pytest.mark.parametrize("company", COMPANIES)
def test_every_owned_row_of_the_archive_is_known_to_the_orm(system: System, company: int) -> None:
    pair = system.pairs[str(company)]
    compared = set(system.owned_tables().values())
    owned = {
        table
        for table in pair.tables
        if pair.schema[table]["role"] == "owned" and pair.schema[table]["history_of"] is None
    }
    assert owned - compared == set()


@pytest.mark.parametrize("company", COMPANIES)
def test_a_row_of_no_company_is_shared_and_never_another_company_s(
    system: System, company: int
) -> None:
    pair = system.pairs[str(company)]
    nobodys = system.opinions[company].null
    assert nobodys
    for model, owned in nobodys.items():
        inside = {int(key) for key in pair.keys(owned.table)} - system.ids(model, company)
        assert inside <= owned.ids, model


def test_every_model_is_compared_or_has_its_reason(system: System) -> None:
    opinion = system.opinions[1]
    compared = set(system.owned_tables()) - set(NEVER_LEAVE)
    reasons = {**opinion.incomparable, **NEVER_LEAVE}
    for name, reason in sorted(reasons.items()):
        say(f"not compared {name}: {reason}")
    assert all(reasons.values())
    assert compared & set(reasons) == set()
    known = {*system.owned_tables(), *opinion.null, *opinion.incomparable}
    assert known - compared - set(reasons) <= set(opinion.null)


@pytest.mark.parametrize("company", COMPANIES)
def test_old_versions_of_a_company_s_records_are_those_of_the_table(
    system: System, company: int
) -> None:
    """What the ORM cannot say: versions that carry the company, or whose record's parent does."""
    pair = system.pairs[str(company)]
    parents = {table: pair.keys(table) for table in pair.tables}
    with writing(system.database, system.server) as access:
        for table in pair.schema.values():
            if table["history_of"] is None or table["role"] != "owned":
                continue
            if table["tenant"]:
                condition = f'"{table["tenant"]}" = {company}'
            else:
                target = next(
                    r["target"] for r in table["references"] if r["columns"] == [table["parent"]]
                )
                ids = ",".join(parents.get(target, {"0"}))
                condition = f'"{table["parent"]}" in ({ids})'
            found = access.ask(f'select __id from "{table["name"]}" where {condition}')
            assert pair.keys(table["name"]) == {str(row[0]) for row in found}
            say(f"compared {table['name']}: {len(found)} rows")


def test_inactive_records_are_inside(system: System) -> None:
    inactive: set[str] = set()
    for pair in system.pairs.values():
        inactive |= {t for t in pair.tables for row in pair.rows(t) if row.get("active") == "f"}
        # An account is inactive where it has ended, and no record of a search by default.
        assert [row for row in pair.rows("account_account") if row["end_date"]]
    assert inactive >= {"party_party", "product_product"}


# -- 2: shared records --------------------------------------------------------------------


def test_a_used_lot_of_a_shared_product_goes_with_its_company_only(system: System) -> None:
    one, two = system.pairs["1"], system.pairs["2"]
    used = {
        key: {str(row["lot"]) for row in pair.rows("stock_move") if row["lot"]}
        for key, pair in (("1", one), ("2", two))
    }
    products = {
        key: {row["product"] for row in pair.rows("stock_lot") if row["id"] in used[key]}
        for key, pair in (("1", one), ("2", two))
    }
    assert products["1"] & products["2"], "both companies use lots of one product"
    for key, other, pair in (("1", "2", one), ("2", "1", two)):
        assert used[other] - used[key]
        assert used[key] <= pair.keys("stock_lot")
        assert (used[other] - used[key]) & pair.keys("stock_lot") == set()
    free = (one.keys("stock_lot") & two.keys("stock_lot")) - used["1"] - used["2"]
    assert free, "a lot that nobody uses yet is in both pairs"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_with_one_company_what_nobody_uses_goes_along(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres") if kind == "postgresql" else None
    database = _copy(server, tmp_path / "copy")
    other = ask(database)[2]
    tables = ("party_party", "product_template", "product_product", "stock_lot")
    with writing(database, server) as access:
        for owned in other.owned.values():
            access.write(
                f'delete from "{owned.table}" where id in ({",".join(map(str, owned.ids))})'
            )
        counts = {table: access.ask(f"select count(*) from {table}")[0][0] for table in tables}
    pair = back_up_all(database, tmp_path / "run")["1"]
    assert {table: len(pair.keys(table)) for table in tables} == counts
    assert "Noch Ohne Beleg e. K." in {row["name"] for row in pair.rows("party_party")}
    unsold = [r["id"] for r in pair.rows("product_template") if r["name"] == "Unsold prototype"]
    assert len(unsold) == 1
    assert "L2026-FREI" in {row["number"] for row in pair.rows("stock_lot")}


# -- 3: nothing of another company --------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Marked:
    """The pairs of a database whose second company carries markers in texts and documents."""

    pairs: dict[str, Pair]
    planted: Planted


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "many-sqlite"])
def marked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    folder = tmp_path_factory.mktemp("marked")
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    original = many_modules_sqlite() if request.param == "many-sqlite" else None
    database = _copy(server, folder / "copy", original)
    before = back_up_all(database, folder / "before")
    opinions = ask(database)
    rows = _rows_of_the_second(before, opinions[1], opinions[2])
    only = documents_of(before["2"]) - documents_of(before["1"])
    with writing(database, server) as access:
        planted = plant_texts(access, before["2"], rows)
        planted.documents = plant_documents(access, database.folder, only)
    return Marked(pairs=back_up_all(database, folder / "after"), planted=planted)


def _rows_of_the_second(
    pairs: Mapping[str, Pair], one: Opinion, two: Opinion
) -> dict[str, frozenset[int]]:
    """The rows that the ORM gives to the second company, and shared ones that it alone has."""
    first = one.tables()
    rows = {table: ids - first.get(table, frozenset()) for table, ids in two.tables().items()}
    for table in pairs["2"].tables:
        described = pairs["2"].schema[table]
        if described["key"] == ["id"]:
            only = pairs["2"].keys(table) - pairs["1"].keys(table)
            rows[table] = rows.get(table, frozenset()) | {int(key) for key in only}
    return {table: ids for table, ids in rows.items() if ids}


def _copy(server: Server | None, folder: Path, original: TrytonDatabase | None = None
          ) -> TrytonDatabase:  # fmt: skip
    if server is not None:
        return copy_postgres(server, demo_postgres(server), folder)
    return copy_sqlite(original or demo_sqlite(), folder)


def _everything(pair: Pair) -> Iterator[bytes]:
    """All that a pair says: its members, the info file, and the names of all of them."""
    yield from pair.members.values()
    yield "\n".join(pair.members).encode()
    yield pair.ztx.read_bytes()
    yield pair.ztx.name.encode()


def _count(pair: Pair, text: str) -> int:
    return sum(part.count(text.encode()) for part in _everything(pair))


def test_no_text_and_no_document_of_the_other_company_is_inside(marked: Marked) -> None:
    planted = marked.planted
    for where, reason in sorted(planted.without.items()):
        say(f"not marked {where}: {reason}")
    say(f"planted {planted.cells} texts in {len(planted.columns)} columns,"
          f" {planted.secrets} secrets, {planted.documents} documents")  # fmt: skip
    assert planted.cells > 1000
    assert planted.documents > 2
    found = _count(marked.pairs["1"], MARKER), _count(marked.pairs["1"], SECRET)
    say(f"found in the first company's pair: {found}")
    assert found == (0, 0)


def test_every_marker_is_in_the_pair_of_its_own_company(marked: Marked) -> None:
    members = marked.pairs["2"].members
    texts = sum(
        content.count(f"{MARKER}-".encode())
        for name, content in members.items()
        if name.startswith("data/")
    )
    documents = [
        name
        for name, content in members.items()
        if name.startswith("documents/") and MARKER.encode() in content
    ]
    assert texts == marked.planted.cells
    assert len(documents) == marked.planted.documents


def test_no_secret_is_in_the_pair_of_its_own_company(marked: Marked) -> None:
    assert _count(marked.pairs["2"], SECRET) == 0


def test_no_document_of_the_other_company_is_inside(system: System) -> None:
    contents = {
        key: {str(row[6]) for row in pair.lines("documents.tsv")}
        for key, pair in system.pairs.items()
    }
    only = contents["2"] - contents["1"]
    assert only
    assert contents["1"] - contents["2"]
    assert not {n for n in system.pairs["1"].members if n.rpartition("/")[2] in only}


def test_a_condition_that_the_planner_drops_is_caught_for_every_owned_table(
    system: System, tmp_path: Path
) -> None:
    schema = system.pairs["1"].schema
    tables = sorted(
        table
        for model, table in system.owned_tables().items()
        if table in schema
        and schema[table]["role"] == "owned"
        and system.ids(model, 2) - system.ids(model, 1)
    )
    if system.database.name == "many":
        # The demo's own tables are tried with its own database, in half the time.
        tables = sorted(set(tables) - {each.table for each in ask(demo_sqlite())[2].owned.values()})
    config = write_sichern_config(system.database, tmp_path / "config")
    target = tmp_path / "target"
    target.mkdir()
    done = run_tryton(
        ["-m", "tests.tryton.faults", "--config", str(config), "--to", str(target), *tables],
        system.database.uri,
    )
    results = json.loads(done.stdout)
    caught = {
        name
        for name, result in results.items()
        if result == {"outcome": "failed", "code": "foreign-row", "table": name, "left": []}
    }
    say(f"caught in {len(caught)} of {len(tables)} owned tables")
    assert {name: results[name] for name in tables if name not in caught} == {}
    assert len(tables) > 25


# -- 4: references ------------------------------------------------------------------------


@pytest.mark.parametrize("company", COMPANIES)
def test_every_reference_resolves_or_is_listed(system: System, company: int) -> None:
    pair = system.pairs[str(company)]
    found, history = unresolved(pair)
    listed = [str(row[5]) for row in pair.lines("references.tsv")]
    reasons = {reason: listed.count(reason) for reason in set(listed)}
    say(f"company {company}: unresolved {len(found)}, history {history}, listed {reasons}")
    assert found == []


@pytest.mark.parametrize("company", COMPANIES)
def test_the_pair_is_sound_and_every_row_fits_its_schema(system: System, company: int) -> None:
    done = sichern("check", system.pairs[str(company)].ztx, "--json")
    assert (done.status, done.data["problems"]) == (0, [])
    assert done.data["rows"] > 100


def test_no_password_right_or_session_is_inside(system: System) -> None:
    for pair in system.pairs.values():
        tables = set(pair.schema)
        assert not tables & {"ir_session", "ir_cron", "res_user-company_company", "ir_queue"}
        named = {column["name"] for column in pair.schema["res_user"]["identity"]}
        assert {name for name in named if not name.startswith("external:")} == {
            "id",
            "login",
            "name",
        }
        assert b"$argon2" not in b"".join(pair.members.values())
        assert b"$scrypt" not in b"".join(pair.members.values())
