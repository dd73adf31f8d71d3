"""With more than thirty modules: every table has its role, secrets stay, a strange table stops."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sichern.hosts.tryton import reviewed
from sichern.hosts.tryton.description import SECRET_NAME
from sichern_hooks import Role
from tests.support.archive import Pair, unresolved
from tests.support.figures import say
from tests.support.postgres import Server
from tests.support.sichern import Outcome, back_up_all, sichern, write_sichern_config
from tests.support.tryton import (
    TrytonDatabase,
    copy_sqlite,
    demo_postgres,
    many_modules_sqlite,
)
from tests.tryton.planting import writing

NAMED = {
    "account_asset", "account_dunning", "account_payment_sepa", "account_statement",
    "analytic_account", "production", "project", "sale_subscription", "sale_supply",
    "stock_supply", "timesheet",
}  # fmt: skip
CANARY = "kanarienvogel-4711"
NOWHERE = 999_999


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A copy with canaries in every secret, and references that lead out of a company.

    `dangling` old versions point nowhere; `crossing` is the first company's one reference to a
    record of the second, as `references.tsv` has it.
    """

    database: TrytonDatabase
    config: Path
    pairs: dict[str, Pair]
    canaries: int
    dangling: int
    crossing: tuple[str, ...]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("many")
    database = copy_sqlite(many_modules_sqlite(), folder / "copy")
    canaries = 0
    with writing(database, None) as access:
        tables = [row[0] for row in access.ask("select name from sqlite_master where type='table'")]
        for table in tables:
            for column in access.texts(table):
                if SECRET_NAME.search(column) or (table, column) in SECRETS:
                    canaries += access.write(
                        f'update "{table}" set "{column}" = \'{CANARY}-\' || rowid'
                    )
        dangling = access.write(
            f'update "party_address__history" set country = {NOWHERE} where party in'
            " (select party from company_company)"
        )
        ((move,),) = access.ask("select min(id) from account_move where company = 1")
        ((theirs,),) = access.ask("select min(id) from account_invoice where company = 2")
        access.write(
            f"update account_move set origin = 'account.invoice,{theirs}' where id = {move}"
        )
    config = write_sichern_config(database, folder)
    return Prepared(
        database=database,
        config=config,
        pairs=back_up_all(database, folder),
        canaries=canaries,
        dangling=dangling,
        crossing=("account_move", str(move), "origin", "account_invoice", str(theirs)),
    )


SECRETS = {
    ("ir_chat_channel", "identifier"),
    ("ir_session", "key"),
    ("inbound_email_inbox", "identifier"),
    ("res_user_application", "key"),
    ("res_user_device", "cookie"),
    ("res_user_login_attempt", "device_cookie"),
    ("web_user_authenticate_attempt", "device_cookie"),
    ("web_user_session", "key"),
}
"""Columns with secrets whose names do not say it."""


def test_the_modules_of_the_issue_are_active() -> None:
    with writing(many_modules_sqlite(), None) as access:
        found = access.ask("select name from ir_module where state = 'activated'")
    active = {str(row[0]) for row in found}
    say(f"{len(active)} modules")
    assert len(active) >= 30
    assert active >= NAMED


def test_no_table_is_unclassified(prepared: Prepared) -> None:
    done = sichern("backup", "--all", "--plan", "--json", "--config", prepared.config)
    assert (done.status, done.err) == (0, "")
    assert {plan["key"] for plan in done.data} == {"1", "2"}
    with writing(prepared.database, None) as access:
        tables = {row[0] for row in access.ask("select name from sqlite_master where type='table'")}
    described = set(prepared.pairs["1"].schema)
    staying = tables - described - {"sqlite_sequence"}
    say(f"{len(tables)} tables, {len(staying)} never leave: {', '.join(sorted(staying))}")
    assert described <= tables
    carried = {t for t, each in prepared.pairs["1"].schema.items() if each["role"] == "owned"}
    assert len(carried) > 90
    private = {name for name, role in reviewed.ROLES.items() if role is Role.PRIVATE}
    assert staying <= {name.replace(".", "_") for name in private}


def test_what_old_versions_point_at_may_be_gone_and_is_counted(prepared: Prepared) -> None:
    assert prepared.dangling > 0
    counted = [unresolved(pair) for pair in prepared.pairs.values()]
    assert [found for found, _ in counted] == [[], []]
    say(f"history tables: {[history for _, history in counted]} references point nowhere")
    assert sum(history for _, history in counted) >= prepared.dangling


def test_a_reference_to_another_company_is_listed_and_not_followed(prepared: Prepared) -> None:
    pair = prepared.pairs["1"]
    listed = [tuple(row) for row in pair.lines("references.tsv")]
    assert (*prepared.crossing, "other-tenant") in listed
    assert prepared.crossing[-1] not in pair.keys("account_invoice")


def _said(pairs: dict[str, Pair], *outcomes: Outcome) -> Iterator[bytes]:
    for pair in pairs.values():
        yield from pair.members.values()
        yield pair.ztx.read_bytes()
    for done in outcomes:
        yield done.out.encode()
        yield done.err.encode()


def test_no_secret_is_in_archives_output_or_protocol(prepared: Prepared, tmp_path: Path) -> None:
    base = ("--config", prepared.config)
    everything = b"\n".join(
        _said(
            prepared.pairs,
            sichern("tenants", *base),
            sichern("backup", "--all", "--plan", *base),
            sichern("backup", "--all", "--to", tmp_path, *base),
            sichern("backup", "1", "--to", tmp_path / "missing", *base),
            *(sichern("show", pair.ztx, "--json") for pair in prepared.pairs.values()),
        )
    )
    say(f"{prepared.canaries} canaries planted in secrets")
    assert prepared.canaries > 10
    assert [everything.count(each) for each in (CANARY.encode(), b"argon2", b"scrypt")] == [0] * 3


def test_no_session_or_password_of_the_demo_is_inside(tmp_path: Path) -> None:
    database = many_modules_sqlite()
    with writing(database, None) as access:
        secrets = [
            str(row[0])
            for sql in (
                "select key from ir_session",
                "select key from web_user_session",
                "select password_hash from res_user where password_hash is not null",
                "select password_hash from web_user where password_hash is not null",
            )
            for row in access.ask(sql)
        ]
    assert [each for each in secrets if each.startswith("sitzung-")]
    pairs = back_up_all(database, tmp_path)
    everything = b"\n".join(_said(pairs))
    words = [*(each.encode() for each in secrets), b"sitzung-", b"geheim-"]
    assert {word: everything.count(word) for word in words} == dict.fromkeys(words, 0)


def test_the_password_of_the_database_is_nowhere(postgres: Server, tmp_path: Path) -> None:
    database = demo_postgres(postgres)
    # The server trusts everybody, whatever the password.
    text = database.config.read_text(encoding="utf-8")
    secret = replace(database, config=tmp_path / "trytond.conf")
    secret.config.write_text(text.replace("postgres@", f"postgres:{CANARY}@"), encoding="utf-8")
    assert CANARY in secret.config.read_text(encoding="utf-8")
    config = write_sichern_config(secret, tmp_path / "config")
    gone = write_sichern_config(replace(secret, name="gone"), tmp_path / "gone")
    target = tmp_path / "target"
    target.mkdir()
    done = sichern("backup", "1", "--to", target, "--json", "--config", config)
    failed = sichern("backup", "1", "--to", target, "--config", gone)
    assert (done.status, failed.status) == (0, 1)
    (ztx,) = target.glob("*.ztx")
    assert b"".join(_said({"1": Pair(ztx)}, done, failed)).count(CANARY.encode()) == 0


def test_the_table_of_a_module_that_nobody_reviewed_stops_the_plan(tmp_path: Path) -> None:
    database = copy_sqlite(many_modules_sqlite(), tmp_path / "copy")
    with writing(database, None) as access:
        access.write("create table fremd_beleg (id integer primary key, company integer)")
        access.write("create table fremd_zeile (id integer primary key, beleg integer)")
    config = write_sichern_config(database, tmp_path)
    for command in (["--plan"], ["--to", str(tmp_path)]):
        done = sichern("backup", "1", *command, "--lang", "en", "--config", config)
        assert done.status == 1
        for table in ("fremd_beleg", "fremd_zeile"):
            assert f"the table {table} has no role" in done.err
        assert "hint: " in done.err
        assert "Traceback" not in done.out + done.err
    assert not list(tmp_path.glob("*.z*"))
    say(done.err)
