"""What cannot be imported: one line says why, one what to do, and the target is as it was."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sichern.archive.info import FORMAT
from sichern.archive.info_text import canonical
from sichern.i18n import translate
from sichern.restore import plan_import, restore
from sichern.tenancy.errors import SchemaDiffers
from sichern_hooks import (
    Actor,
    Description,
    Destination,
    ImportOptions,
    NotAuthorized,
    Outcome,
    Permission,
    Report,
    Role,
    SichernError,
    SystemIdentity,
    Table,
    TenantRef,
    Way,
    create_manager,
    hookimpl,
)
from tests.restore.conftest import ALPHA, EMPTY, MakeWorld, World
from tests.restore.reading import arrival_of, error_of, with_table
from tests.support import world as small
from tests.support.small_host import ADMIN, ANNA, IMKE, SYSTEM, TENANTS

each_way = pytest.mark.parametrize("way", list(Way))
COPIES = [replace(SYSTEM, database="copy"), replace(SYSTEM, machine="elsewhere")]


@pytest.fixture
def target(make_world: MakeWorld) -> World:
    return make_world(small.ROWS)


@pytest.fixture
def source(make_world: MakeWorld) -> World:
    return make_world(small.ROWS)


def refused(report: Report, code: str) -> SichernError:
    """The error: of one line, with a hint, in both languages."""
    error = error_of(report)
    assert error.code == code, f"{error.code}: {error}"
    for text in (error.message, error.hint):
        for language in ("en", "de"):
            shown = translate(text, language, error.values)
            assert shown
            assert "\n" not in shown
        assert translate(text, "de", error.values) != translate(text, "en", error.values)
    assert report.tenants[0].files == ()
    return error


# -- the pair ---------------------------------------------------------------------------


def change_info(file: Path, **changes: object) -> None:
    """Change an info file, and let its own hash fit."""
    content = {**json.loads(file.read_text()), **changes}
    bare = {key: value for key, value in content.items() if key != "sha256"}
    file.write_bytes(canonical({**bare, "sha256": hashlib.sha256(canonical(bare)).hexdigest()}))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 100)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


SPOILT: dict[str, Callable[[Path], None]] = {
    "info-missing": lambda file: file.unlink(),
    "volume-missing": lambda file: file.with_suffix(".zip").unlink(),
    "volume-truncated": lambda file: cut(file.with_suffix(".zip")),
    "info-damaged": flip,
    "format-too-new": lambda file: change_info(file, format=FORMAT + 1, more="to come"),
    "format-too-old": lambda file: change_info(file, format=0),
}


@pytest.mark.parametrize("code", SPOILT)
def test_a_pair_that_is_not_sound_is_refused(source: World, target: World, code: str) -> None:
    before, file = target.content(), source.back_up()
    SPOILT[code](file)
    refused(target.take(file, Way.NEW), code)
    assert target.content() == before
    assert all(opened.closed == 1 for opened in target.host.targets)


def test_an_archive_with_a_flipped_bit_is_refused(source: World, target: World) -> None:
    before, file = target.content(), source.back_up()
    flip(file.with_suffix(".zip"))
    error_of(target.take(file, Way.NEW))
    assert target.content() == before


def test_the_archive_of_another_pair_is_refused(source: World, target: World) -> None:
    before, file = target.content(), source.back_up()
    other = source.back_up(TENANTS["2"]).with_suffix(".zip")
    file.with_suffix(".zip").write_bytes(other.read_bytes())
    error_of(target.take(file, Way.NEW))
    assert target.content() == before


# -- the system -------------------------------------------------------------------------


def version(number: str) -> SystemIdentity:
    return replace(SYSTEM, host_version=number)


@pytest.mark.parametrize(
    ("here", "code"),
    [
        (version("1.2"), "pair-older"),
        (version("0.9"), "pair-newer"),
        (replace(SYSTEM, host="other"), "host-differs"),
    ],
)
def test_another_series_of_the_erp_is_refused(
    source: World, target: World, here: SystemIdentity, code: str
) -> None:
    before = target.content()
    target.host.identity = here
    refused(target.take(source.back_up(), Way.NEW), code)
    assert target.content() == before


def test_what_is_missing_or_changed_here_is_refused_with_the_whole_list(
    source: World, target: World
) -> None:
    source.host.identity = replace(SYSTEM, modules={"sale": "1.0.3", "stock": "1.0"})
    target.host.identity = replace(SYSTEM, modules={"stock": "1.0"})
    source.run("create table extra (id integer primary key)")
    source.host.change = lambda described: with_table(
        described, Table(name="extra", role=Role.SHARED)
    )
    target.run(
        "alter table product drop column name",
        "alter table invoice drop column number",
        "alter table invoice add column number integer",
    )
    before = target.content()
    error = refused(target.take(source.back_up(), Way.NEW), "schema-differs")
    assert isinstance(error, SchemaDiffers)
    assert sorted((each.table, each.detail) for each in error.problems) == [
        ("", "sale 1.0.3"),
        ("extra", ""),
        ("invoice", "number text -> integer"),
        ("product", "name"),
    ]
    assert all(each.hint for each in error.problems)
    assert target.content() == before


def test_a_system_that_has_more_takes_the_pair_and_the_plan_names_the_versions(
    source: World, target: World
) -> None:
    source.host.identity = replace(SYSTEM, modules={"sale": "1.0.3"})
    target.host.identity = replace(
        SYSTEM, host_version="1.0.7", modules={"sale": "1.0.4", "stock": "1.0"}
    )
    target.run(
        "alter table invoice add column note text",
        "create table extra (id integer primary key, invoice integer references invoice (id))",
    )
    target.host.change = lambda described: with_table(
        described, Table(name="extra", role=Role.SHARED)
    )
    arrival = arrival_of(target.take(source.back_up(), Way.NEW))
    assert arrival.versions == {"small": ("1.0", "1.0.7"), "sale": ("1.0.3", "1.0.4")}


def test_a_table_without_a_role_here_is_refused(source: World, target: World) -> None:
    target.run("create table stranger (id integer primary key)")
    before = target.content()
    refused(target.take(source.back_up(), Way.NEW), "plan-refused")
    assert target.content() == before


# -- the way ----------------------------------------------------------------------------


def test_empty_is_refused_where_a_tenant_is(source: World, target: World) -> None:
    before = target.content()
    refused(target.take(source.back_up(), Way.EMPTY), "tenant-exists")
    assert target.content() == before


def test_replace_is_refused_on_another_system(source: World, target: World) -> None:
    before = target.content()
    target.host.identity = replace(SYSTEM, system="another")
    file = source.back_up()
    refused(target.take(file, Way.REPLACE), "other-system")
    refused(target.take(file, Way.REPLACE, copy_confirmed=True), "other-system")
    assert target.content() == before


@pytest.mark.parametrize("here", COPIES, ids=["database", "machine"])
def test_replace_on_a_copy_of_the_system_needs_a_confirmation_of_its_own(
    source: World, target: World, here: SystemIdentity
) -> None:
    target.host.identity = here
    target.run("update invoice set number = 'spoilt' where id = 1")
    before, file = target.content(), source.back_up()
    refused(target.take(file, Way.REPLACE), "copy-of-system")
    assert target.content() == before
    assert list((target.folder / "safety").iterdir()) == []
    report = target.take(file, Way.REPLACE, copy_confirmed=True)
    assert report.outcome in (Outcome.COMPLETE, Outcome.WARNINGS)
    assert target.ask("select number from invoice where id = 1") == [("R1",)]


def test_a_tenant_that_is_gone_or_not_to_be_seen_is_not_replaced(
    source: World, target: World
) -> None:
    target.run("delete from company where id = 1")
    before = target.content()
    refused(target.take(source.back_up(), Way.REPLACE), "unknown-tenant")
    refused(target.take(source.back_up(TENANTS["2"]), Way.REPLACE, IMKE), "unknown-tenant")
    assert target.content() == before


def test_replace_is_refused_without_a_place_for_the_backup_before_it(
    source: World, target: World
) -> None:
    before, file = target.content(), source.back_up()
    options = ImportOptions(way=Way.REPLACE)
    refused(restore(create_manager(target.host), ADMIN, file, options), "no-safety")
    gone = replace(options, safety=Destination(path=str(target.folder / "gone")))
    refused(restore(create_manager(target.host), ADMIN, file, gone), "destination-missing")
    assert target.content() == before


def test_replace_is_refused_where_a_key_is_somebody_elses_by_now(
    source: World, target: World
) -> None:
    file = source.back_up()
    target.run("update invoice set company = 2 where id = 1")
    before = target.content()
    error = error_of(target.take(file, Way.REPLACE))
    assert (error.code, error.values["count"]) == ("keys-taken", 1)
    assert target.content() == before


def test_a_reference_that_may_not_be_empty_and_cannot_be_kept_is_refused(
    source: World, target: World
) -> None:
    source.run("update invoice set party = 99 where id = 1")
    before = target.content()
    refused(target.take(source.back_up(), Way.NEW), "references-empty")
    assert target.content() == before


# -- who asks ---------------------------------------------------------------------------

NOBODY = Actor(host="small", login="nobody", name="Nobody")
STRANGER = Actor(host="other", login="imke", name="Imke")


@each_way
@pytest.mark.parametrize("actor", [ANNA, NOBODY, STRANGER], ids=lambda actor: actor.name)
def test_who_may_not_import_is_refused_before_anything_is_opened(
    source: World, target: World, way: Way, actor: Actor
) -> None:
    before, file = target.content(), source.back_up()
    refused(target.take(file, way, actor), "not-authorized")
    with pytest.raises(NotAuthorized):
        plan_import(create_manager(target.host), actor, file, ImportOptions(way=way))
    assert target.content() == before
    assert target.host.targets == []


def test_a_tenant_is_not_replaced_by_who_may_not_back_it_up(
    source: World, target: World
) -> None:
    class Veto:
        @hookimpl
        def sichern_authorize(
            self, permission: Permission, tenant: TenantRef | None
        ) -> bool | None:
            return False if permission is Permission.BACK_UP and tenant == ALPHA.ref else None

    before, file = target.content(), source.back_up()
    options = ImportOptions(way=Way.REPLACE, safety=Destination(path=str(target.folder)))
    refused(restore(create_manager(target.host, Veto()), IMKE, file, options), "not-authorized")
    assert target.content() == before


@each_way
@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.99])
def test_a_run_that_is_cancelled_leaves_the_target_as_it_was(
    make_world: MakeWorld, source: World, way: Way, share: float
) -> None:
    file = source.back_up()
    rows = EMPTY if way is Way.EMPTY else small.ROWS
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    make_world(rows).take(file, way, cancelled=count)
    left, target = int(asked * share), make_world(rows)
    before = target.content()

    def stop() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    report = target.take(file, way, cancelled=stop)
    assert report.outcome is Outcome.CANCELLED
    assert report.tenants[0].error is not None
    assert report.tenants[0].error.code == "cancelled"
    assert target.content() == before


def test_an_import_that_the_description_stops_is_refused(source: World, target: World) -> None:
    def broken(_description: Description) -> Description:
        raise SichernError(reason="the host cannot describe its tables")

    before, file = target.content(), source.back_up()
    target.host.change = broken
    assert error_of(target.take(file, Way.NEW)).code == "failed"
    assert target.content() == before
