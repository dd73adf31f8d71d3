"""The way out: from a tenant to its checked pair of files.

authorize -> destination -> snapshot -> plan -> rows, documents -> read back -> protocol
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pluggy

from sichern.archive.names import PROTOCOL
from sichern.archive.pair import PairWriter
from sichern.archive.stems import Stem, slugs
from sichern.destination import open_destination
from sichern.members import Tenancy, write_contents
from sichern.readers import Readers
from sichern.report.log import ProtocolLog
from sichern.report.mail import loaded
from sichern.report.observe import observe
from sichern.report.protocol import ProtocolSchema
from sichern.run import Cancelled, Clock, audit, carry_out, now
from sichern.schema.types import wire_type
from sichern.side_by_side import Lease, Opening, SideBySide, carry_out_beside, opened
from sichern.source.keys import collect
from sichern.source.reflect import read_catalog
from sichern.source.snapshot import open_snapshot, server_of
from sichern.source.survey import make_plan
from sichern.tenancy.classify import classify
from sichern.tenancy.closure import KEY_TABLES
from sichern.tenancy.manifest import canonical
from sichern.tenancy.plan import Plan
from sichern_hooks import (
    Actor,
    Destination,
    Documents,
    Options,
    Outcome,
    Permission,
    Progress,
    Report,
    SichernError,
    Source,
    Tenant,
    TenantRef,
    TenantReport,
    UnknownTenant,
    authorize,
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run over one or several tenants: who asks, where to, how, and the outside world."""

    id: str
    manager: pluggy.PluginManager
    actor: Actor
    destination: Destination
    options: Options
    clock: Clock
    cancelled: Callable[[], bool]
    alone: bool = False
    tenants: int = 1


def back_up(
    manager: pluggy.PluginManager,
    actor: Actor,
    tenants: Sequence[Tenant],
    destination: Destination,
    options: Options | None = None,
    *,
    run: str | None = None,
    clock: Clock = now,
    cancelled: Callable[[], bool] = lambda: False,
    side_by_side: SideBySide | None = None,
) -> Report:
    """Back up each tenant into a pair of its own; one tenant's failure does not stop the others.

    One tenant after another, or several at once where `side_by_side` says how.
    `cancelled` is asked at every block of rows. Nothing is raised for a tenant that fails: its
    entry of the report holds the error and the protocol.
    """
    started = clock()
    everyone = dict.fromkeys([*(manager.hook.sichern_tenants(actor=actor) or ()), *tenants])
    this = Run(
        id=run or uuid.uuid4().hex,
        manager=manager,
        actor=actor,
        destination=destination,
        options=options or Options(),
        clock=clock,
        cancelled=cancelled,
        tenants=len(everyone),
    )
    names = slugs(everyone)
    if side_by_side is None or len(tenants) < 2:
        reports = _in_turn(this, tenants, names)
    else:
        reports = _beside(this, tenants, names, side_by_side)
    report = Report(
        run=this.id, actor=actor, started=started, finished=clock(), tenants=tuple(reports)
    )
    observe(manager.hook.sichern_finished, report=report)
    return report


def plan_tenant(
    manager: pluggy.PluginManager, actor: Actor, tenant: Tenant, options: Options
) -> Plan:
    """Say what a run would write, and write nothing.

    Raises NotAuthorized, PlanRefused, and what opening the source raises.
    """
    authorize(manager, actor, Permission.BACK_UP, tenant.ref)
    with _reading(manager, tenant, options) as tenancy:
        return tenancy.plan


def _in_turn(
    run: Run, tenants: Sequence[Tenant], names: Mapping[TenantRef, str]
) -> list[TenantReport]:
    reports: list[TenantReport] = []
    for tenant in tenants:
        # Who stops one tenant's run stops the whole run.
        if reports and reports[-1].outcome is Outcome.CANCELLED:
            run = replace(run, cancelled=lambda: True)
        reports.append(_back_up_tenant(run, tenant, names[tenant.ref]))
    return reports


def _beside(
    run: Run, tenants: Sequence[Tenant], names: Mapping[TenantRef, str], how: SideBySide
) -> list[TenantReport]:
    """Send each tenant to the executor; tell observers of each one that has ended."""
    reports: dict[int, TenantReport] = {}

    def submit(number: int, lease: Lease) -> "Future[TenantReport]":
        tenant = tenants[number]
        return how.executor.submit(
            _back_up_there, how.opening, lease, tenant, names[tenant.ref],
            id=run.id, actor=run.actor, destination=run.destination, options=run.options,
            clock=run.clock,
        )  # fmt: skip

    def ended(number: int, future: "Future[TenantReport]") -> bool:
        report = reports[number] = _received(run, tenants[number], future)
        rows = loaded(report.protocol).rows
        progress = Progress(
            run=run.id, tenant=report.tenant.ref, phase="write", done=rows, total=rows
        )
        observe(run.manager.hook.sichern_progress, progress=progress)
        return report.outcome is not Outcome.CANCELLED

    servers = [_server(run.manager, tenant.ref) for tenant in tenants]
    carry_out_beside(servers, how.at_once, submit, ended, run.cancelled)
    return [reports[number] for number in range(len(tenants))]


def _server(manager: pluggy.PluginManager, tenant: TenantRef) -> str:
    """The database server of a tenant; "" where it cannot be opened: its own run will say why."""
    opened: list[Source | None] = []
    error = carry_out(
        lambda: opened.append(manager.hook.sichern_open_source(tenant=tenant)),
        f"opening tenant {tenant.key}",
    )
    source = opened[0] if error is None else None
    if source is None:
        return ""
    with closing(source):
        return server_of(source.database)


def _back_up_there(
    opening: Opening, lease: Lease, tenant: Tenant, slug: str, **fields: Any
) -> TenantReport:
    """Back up one tenant where the executor runs it."""
    manager = opened(opening, lease)
    run = Run(manager=manager, cancelled=lease.over, alone=True, **fields)
    return _back_up_tenant(run, tenant, slug)


def _received(run: Run, tenant: Tenant, future: "Future[TenantReport]") -> TenantReport:
    """The report of a tenant, also where what ran it is gone."""
    log = _log(run, tenant)
    received: list[TenantReport] = []
    error = carry_out(
        lambda: received.append(future.result()), f"the backup of tenant {tenant.ref.key}"
    )
    return received[0] if error is None else _report(run, tenant, log, error)


def _back_up_tenant(run: Run, tenant: Tenant, slug: str) -> TenantReport:
    """Back up one tenant, and tell what became of it whatever happens."""
    log = _log(run, tenant)
    audit(run.manager, run.actor, run.id, tenant.ref, "backup-started")
    error = carry_out(
        lambda: _write_pair(run, tenant, slug, log), f"the backup of tenant {tenant.ref.key}"
    )
    report = _report(run, tenant, log, error)
    audit(run.manager, run.actor, run.id, tenant.ref, f"backup-{report.outcome}")
    return report


def _log(run: Run, tenant: Tenant) -> ProtocolLog:
    return ProtocolLog(run.id, run.actor, tenant, run.destination, run.options, run.clock())


def _report(
    run: Run, tenant: Tenant, log: ProtocolLog, error: SichernError | None
) -> TenantReport:
    return TenantReport(
        tenant=tenant,
        outcome=log.end(run.clock(), error),
        files=log.paths,
        error=error,
        protocol=ProtocolSchema().dump(log.protocol()),
    )


def _write_pair(run: Run, tenant: Tenant, slug: str, log: ProtocolLog) -> None:
    """Check right and destination, read one snapshot, write, read back, commit."""
    if run.cancelled():
        raise Cancelled
    authorize(run.manager, run.actor, Permission.BACK_UP, tenant.ref)
    separate = run.options.documents is Documents.SEPARATE
    with (
        open_destination(run.destination) as folder,
        _reading(run.manager, tenant, run.options, run.alone, run.tenants) as tenancy,
    ):
        log.read(tenancy.source.identity)
        folder.check_fits(*tenancy.plan.volumes(separate))
        stem = str(Stem(slug=slug, when=log.started))
        step = _steps(run, tenant, tenancy.plan)

        def reading_back(_done: int, _total: int) -> None:
            step(0)

        with PairWriter(folder, stem, separate=separate, progress=reading_back) as pair:
            contents = write_contents(
                tenancy, pair.data, pair.documents, run.options.documents, step
            )
            log.wrote(contents.tables, contents.documents, contents.notices, run.clock())
            pair.data.add(PROTOCOL, [canonical(ProtocolSchema().dump(log.protocol()))])
            committed = pair.commit(log.facts(contents.fingerprint))
            log.kept(folder.path, committed.info, committed.files)


@contextmanager
def _reading(
    manager: pluggy.PluginManager,
    tenant: Tenant,
    options: Options,
    alone: bool = True,
    tenants: int = 1,
) -> Iterator[Tenancy]:
    """Open a tenant's source and one snapshot of it, and decide what goes along.

    `alone`, `tenants`: see `Readers`.
    """
    source: Source | None = manager.hook.sichern_open_source(tenant=tenant.ref)
    if source is None:
        raise UnknownTenant(tenant=tenant.ref.key)
    with (
        closing(source),
        open_snapshot(source.database, KEY_TABLES) as snapshot,
        Readers(snapshot=snapshot, alone=alone, tenants=tenants) as readers,
    ):
        description = source.describe(snapshot)
        catalog = read_catalog(snapshot, description.schema)
        model = classify(catalog, description, wire_type)
        closure = collect(snapshot, model, tenant.ref.key, options.shared)
        plan = make_plan(snapshot, closure, tenant, options.documents, source.document_size)
        yield Tenancy(
            source=source, snapshot=snapshot, readers=readers, closure=closure, plan=plan
        )


def _steps(run: Run, tenant: Tenant, plan: Plan) -> Callable[[int], None]:
    """Count rows and documents, tell observers at each hundredth, stop where somebody asks."""
    total = plan.rows + plan.documents
    grain = max(1, total // 100)
    done = told = 0

    def step(count: int) -> None:
        nonlocal done, told
        if run.cancelled():
            raise Cancelled
        done += count
        if count and (done - told >= grain or done >= total):
            told = done
            progress = Progress(
                run=run.id, tenant=tenant.ref, phase="write", done=done, total=total
            )
            observe(run.manager.hook.sichern_progress, progress=progress)

    return step
