"""No setting of a role, a database or a server changes a byte, or hides a row."""

from collections.abc import Iterator

import psycopg
import pytest

from sichern.schema.columns import WireColumn
from sichern.source.errors import ReadDenied, RowsHidden, TemporaryTablesDenied
from sichern.source.settings import PINNED
from sichern.source.snapshot import open_snapshot
from tests.source.reading import columns, read
from tests.source.temporary import KEYS
from tests.support.postgres import Server

WIRES = columns(
    id="integer", d="date", ts="timestamp", tz="timestamptz", iv="interval", f="float", r="float4",
    b="bytes", a="timestamptz[]", m="numeric", t="text",
)
HOSTILE = {
    "datestyle": "German, DMY",
    "timezone": "America/St_Johns",
    "intervalstyle": "sql_standard",
    "extra_float_digits": "-5",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "lc_monetary": "C.UTF-8",
    "synchronize_seqscans": "on",
    "search_path": "elsewhere",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "lock_timeout": "1",
    "idle_in_transaction_session_timeout": "1s",
    "idle_session_timeout": "1s",
}


@pytest.fixture
def filled(postgres: Server, database: str) -> Iterator[str]:
    """A database with one table, and a login of its own that may only read."""
    reader = _reader(database)
    postgres.run(
        "create table t (id int primary key, d date, ts timestamp, tz timestamptz, iv interval,"
        " f float8, r float4, b bytea, a timestamptz[], m numeric, t text)",
        "insert into t select i, date '2026-01-31' + i, timestamp '2026-01-31 01:02:03.5',"
        " timestamptz '2026-01-31 01:02:03+05', interval '1 year 2 days -3 hours', sqrt(i),"
        " sqrt(i), '\\x00ff', array[timestamptz '2026-01-31 01:02:03+05'], 1.10, 'a\\b ü €'"
        " from generate_series(1, 1000) i",
        f"create role {reader} login",
        f"grant select on t to {reader}",
        database=database,
    )
    yield database
    postgres.drop_database(database)
    postgres.run(f"drop role {reader}")


def _reader(database: str) -> str:
    return f"{database}_reader"


def _read(postgres: Server, database: str, wires: list[WireColumn] = WIRES) -> bytes:
    with open_snapshot(postgres.url(database, _reader(database)), [KEYS]) as snapshot:
        lines = read(snapshot, "t", wires, path="fast")
        assert read(snapshot, "t", wires, path="portable") == lines
    return lines


@pytest.mark.parametrize("level", ["role", "database", "role in database"])
def test_settings_from_elsewhere_change_no_byte(
    postgres: Server, filled: str, level: str
) -> None:
    before = _read(postgres, filled)
    assert before.count(b"\n") == 1000
    target = {
        "role": f"role {_reader(filled)}",
        "database": f'database "{filled}"',
        "role in database": f'role {_reader(filled)} in database "{filled}"',
    }[level]
    postgres.run(*(f"alter {target} set {name} = '{value}'" for name, value in HOSTILE.items()))
    with psycopg.connect(postgres.uri(filled, _reader(filled))) as plain:
        assert plain.execute("show datestyle").fetchone() == ("German, DMY",)
    assert _read(postgres, filled) == before


def test_settings_of_the_server_change_no_byte() -> None:
    server = {name: value for name, value in HOSTILE.items() if name != "client_encoding"}
    statements = (
        "create table t (id int primary key, d date, iv interval, f float8, b bytea)",
        (
            "insert into t select i, date '2026-01-31' + i, interval '1 year -3 hours', sqrt(i),"
            " decode('00ff', 'hex') from generate_series(1, 100) i"
        ),
    )
    wires = columns(id="integer", d="date", iv="interval", f="float", b="bytes")
    with Server(settings=server) as bent:
        bent.run(
            "set default_transaction_read_only = off",
            "set search_path = public",
            "alter role postgres set default_transaction_read_only = off",
            "alter role postgres set search_path = public",
        )
        bent.run(*statements)
        with open_snapshot(bent.url("postgres")) as snapshot:
            lines = read(snapshot, "t", wires)
    first = b"1\t2026-02-01\t1 year -03:00:00\t1\t\\\\x00ff\n"
    assert lines.startswith(first)


def test_a_statement_timeout_does_not_end_a_run(postgres: Server, filled: str) -> None:
    postgres.run(f"alter role {_reader(filled)} set statement_timeout = '2ms'")
    with open_snapshot(postgres.url(filled, _reader(filled))) as snapshot:
        assert list(snapshot.rows("select pg_sleep(0.05)::text"))
        assert read(snapshot, "t", WIRES).count(b"\n") == 1000


def test_an_idle_timeout_does_not_end_a_snapshot(postgres: Server, filled: str) -> None:
    postgres.run(f"alter role {_reader(filled)} set idle_in_transaction_session_timeout = '200ms'")
    with (
        open_snapshot(postgres.url(filled, _reader(filled))) as snapshot,
        psycopg.connect(postgres.uri(filled)) as other,
    ):
        other.execute("select pg_sleep(0.5)")
        assert read(snapshot, "t", WIRES).count(b"\n") == 1000


def test_every_pinned_setting_holds_in_the_session(postgres: Server, filled: str) -> None:
    role = _reader(filled)
    postgres.run(*(f"alter role {role} set {name} = '{value}'" for name, value in HOSTILE.items()))
    with open_snapshot(postgres.url(filled, _reader(filled))) as snapshot:
        rows = list(
            snapshot.rows("select name, current_setting(name) from pg_catalog.pg_settings")
        )
    held = {str(name).lower(): value for name, value in rows}
    wanted = {name: value for name, value in PINNED.items() if name in held}
    assert len(wanted) >= len(PINNED) - 1  # transaction_timeout came with PostgreSQL 17
    assert {name: held[name] for name in wanted} == wanted


def test_row_level_security_is_an_error_and_never_fewer_rows(
    postgres: Server, filled: str
) -> None:
    postgres.run(
        "alter table t enable row level security",
        f"create policy few on t for select to {_reader(filled)} using (id <= 250)",
        database=filled,
    )
    with psycopg.connect(postgres.uri(filled, _reader(filled))) as plain:
        assert plain.execute("select count(*) from t").fetchone() == (250,)
    for path in ("fast", "portable"):
        with (
            open_snapshot(postgres.url(filled, _reader(filled))) as snapshot,
            pytest.raises(RowsHidden) as caught,
        ):
            read(snapshot, "t", WIRES, path=path)
        assert caught.value.code == "rows-hidden"
        assert "t" in str(caught.value)


def test_row_level_security_hides_nothing_from_a_login_that_bypasses_it(
    postgres: Server, filled: str
) -> None:
    postgres.run(
        "alter table t enable row level security",
        f"alter role {_reader(filled)} bypassrls",
        database=filled,
    )
    assert _read(postgres, filled).count(b"\n") == 1000


def test_a_table_that_may_not_be_read_is_an_error(postgres: Server, filled: str) -> None:
    postgres.run(f"revoke select on t from {_reader(filled)}", database=filled)
    for path in ("fast", "portable"):
        with (
            open_snapshot(postgres.url(filled, _reader(filled))) as snapshot,
            pytest.raises(ReadDenied),
        ):
            read(snapshot, "t", WIRES, path=path)


def test_without_the_right_to_temporary_tables_there_is_no_snapshot(
    postgres: Server, filled: str
) -> None:
    postgres.run(f'revoke temporary on database "{filled}" from public')
    with pytest.raises(TemporaryTablesDenied) as caught:
        open_snapshot(postgres.url(filled, _reader(filled)), [KEYS])
    assert caught.value.code == "temporary-tables-denied"
    with open_snapshot(postgres.url(filled, _reader(filled))) as snapshot:
        assert read(snapshot, "t", WIRES).count(b"\n") == 1000
