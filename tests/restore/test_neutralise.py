"""A copy that must not act on the world: switched off inside the transaction, on request only."""

from collections.abc import Sequence

import pytest

from sichern.restore import restore
from sichern_hooks import (
    ImportOptions,
    Notice,
    Outcome,
    Report,
    TenantRef,
    Way,
    Writer,
    create_manager,
    hookimpl,
)
from tests.restore.conftest import MakeWorld, World
from tests.restore.reading import error_of, protocol_of
from tests.support import world as small
from tests.support.small_host import ADMIN

Said = Sequence[Notice] | None


@pytest.fixture
def worlds(make_world: MakeWorld) -> tuple[World, World]:
    return make_world(small.ROWS), make_world(small.ROWS)


def take(worlds: tuple[World, World], *plugins: object, neutralise: bool = True) -> Report:
    """Import as new; the plugins are asked before the host."""
    source, target = worlds
    options = ImportOptions(way=Way.NEW, neutralise=neutralise)
    manager = create_manager(target.host, *plugins)
    return restore(manager, ADMIN, source.back_up(), options)


def test_it_happens_on_request_only(worlds: tuple[World, World]) -> None:
    _, target = worlds
    protocol_of(take(worlds, neutralise=False))
    assert target.host.neutralised == []
    assert target.ask("select count(*) from session") == [(1,)]


def test_the_host_is_asked_once_with_the_tenant_of_here_and_is_quoted(
    worlds: tuple[World, World],
) -> None:
    _, target = worlds
    report = take(worlds)
    assert target.host.neutralised == [(report.tenants[0].tenant.ref, Way.NEW)]
    assert target.ask("select count(*) from session") == [(0,)]
    said = {notice.code: notice for notice in protocol_of(report).notices}
    assert said["small-neutralised"].values == {"count": 1}


def test_the_host_sees_all_rows_of_the_tenant_before_they_are_kept(
    worlds: tuple[World, World],
) -> None:
    _, target = worlds
    seen: list[object] = []

    class Looks:
        @hookimpl
        def sichern_neutralise(self, tenant: TenantRef, writer: Writer) -> Said:
            schema = "public." if writer.dialect == "postgresql" else ""
            (row,) = writer.rows(
                f"select count(*) from {schema}invoice where company = :key",
                {"key": int(tenant.key)},
            )
            seen.extend(row)
            return ()

    report = take(worlds, Looks())
    assert seen == [2]
    assert report.outcome is Outcome.COMPLETE
    assert target.host.neutralised == []


def test_a_failure_of_it_ends_the_import_and_keeps_nothing(worlds: tuple[World, World]) -> None:
    _, target = worlds

    class Fails:
        @hookimpl
        def sichern_neutralise(self, writer: Writer) -> Said:
            schema = "public." if writer.dialect == "postgresql" else ""
            writer.write(f"delete from {schema}session")
            raise RuntimeError("the jobs cannot be switched off")

    before = target.content()
    assert "the jobs cannot be switched off" in str(error_of(take(worlds, Fails())))
    assert target.content() == before


def test_a_host_that_cannot_is_warned_of(
    worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, target = worlds
    monkeypatch.setattr(type(target.host), "sichern_neutralise", None)
    report = take(worlds)
    assert report.outcome is Outcome.WARNINGS
    assert "not-neutralised" in {notice.code for notice in protocol_of(report).notices}
