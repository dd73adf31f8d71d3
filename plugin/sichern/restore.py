"""The way in: from a checked pair of files to a working tenant.

authorize -> check -> compare -> stage -> match -> plan -> number -> load -> recount -> commit
"""

import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pluggy

from sichern.archive.reader import read_info_file
from sichern.backup import back_up
from sichern.incoming import ImportRun, Incoming, staged, tenant_of
from sichern.report.import_protocol import ImportProtocolSchema
from sichern.report.importing import ImportLog
from sichern.report.observe import observe
from sichern.run import Cancelled, Clock, audit, carry_out, now, unstoppable
from sichern.source.errors import DatabaseGone
from sichern.source.keys import collect
from sichern.source.sequences import key_sequences
from sichern.target import clashes, keymap, trees
from sichern.target.admit import admit
from sichern.target.belonging import demand_own_rows
from sichern.target.counters import counters
from sichern.target.decide import decide
from sichern.target.documents import DocumentLoad, HeldDocuments
from sichern.target.load import Loaded, load
from sichern.target.match import match
from sichern.target.recount import new_tenant, recount
from sichern.target.refusals import EndUnknown, TenantGone
from sichern.target.remap import Remap
from sichern.target.remove import removals
from sichern.target.safety import demand_backed_up
from sichern.target.session import TargetSession
from sichern.target.survey import survey
from sichern.target.users import add_placeholders
from sichern.tenancy.arrival import Arrival
from sichern.tenancy.closure import Closure
from sichern_hooks import (
    N_,
    Actor,
    ImportOptions,
    Notice,
    Outcome,
    Report,
    Role,
    SharedRows,
    Tenant,
    TenantRef,
    TenantReport,
    UnknownTenant,
    UsageError,
    Way,
)


class NoSafety(UsageError):
    """REPLACE backs the tenant up first, and was not told where to."""

    code = "no-safety"
    message = N_("no destination was named for the backup that is made before replacing")
    hint = N_("name a folder for it (on the command line: --safety)")


def restore(
    manager: pluggy.PluginManager,
    actor: Actor,
    file: Path,
    options: ImportOptions,
    *,
    run: str | None = None,
    clock: Clock = now,
    cancelled: Callable[[], bool] = lambda: False,
) -> Report:
    """Import the pair of an info file: all of it, or nothing.

    `cancelled` is asked at every block of rows and every document. Nothing is raised for an
    import that fails: the report's one entry holds the error and the protocol.
    """
    this = _run(manager, actor, file, options, run, clock, cancelled)
    started = clock()
    log = ImportLog(this.id, actor, this.tenant, str(file), options, started)
    audit(manager, actor, this.id, this.tenant.ref, "import-started")
    error = carry_out(lambda: _import(this, log), f"the import of {file.name}")
    if log.arrived:
        error = None  # What goes wrong while everything is closed takes nothing back.
    outcome = log.end(clock(), error)
    audit(manager, actor, this.id, log.tenant.ref, f"import-{outcome}")
    entry = TenantReport(
        tenant=log.tenant,
        outcome=outcome,
        files=log.paths,
        error=error,
        protocol=ImportProtocolSchema().dump(log.protocol()),
    )
    report = Report(
        run=this.id, actor=actor, started=started, finished=clock(), tenants=(entry,)
    )
    observe(manager.hook.sichern_finished, report=report)
    return report


def plan_import(
    manager: pluggy.PluginManager, actor: Actor, file: Path, options: ImportOptions
) -> Arrival:
    """Say what an import would do, and write nothing.

    Raises NotAuthorized, what is wrong with the pair, and why the target cannot take it.
    """
    run = _run(manager, actor, file, options, None, now, lambda: False)
    with staged(run) as incoming:
        return _plan(incoming, _standing(incoming))[0]


def _run(
    manager: pluggy.PluginManager,
    actor: Actor,
    file: Path,
    options: ImportOptions,
    run: str | None,
    clock: Clock,
    cancelled: Callable[[], bool],
) -> ImportRun:
    return ImportRun(
        id=run or uuid.uuid4().hex,
        manager=manager,
        actor=actor,
        file=file,
        options=options,
        tenant=Tenant(ref=TenantRef(host=actor.host, key=""), name=file.name),
        clock=clock,
        cancelled=cancelled,
    )


def _import(run: ImportRun, log: ImportLog) -> None:
    """Check, stage, plan, write in one transaction, tell the host."""
    tenant = tenant_of(read_info_file(run.file).info)
    log.names(tenant)
    with staged(run) as incoming, ExitStack() as undo:
        files = _back_up_first(run, tenant) if run.options.way is Way.REPLACE else ()
        log.kept(files)
        incoming.session.begin(_written_alone(incoming.remap))
        # Once more: until now others could write, an import like this one too.
        admit(
            incoming.session, incoming.remap, incoming.info, incoming.target.identity, run.options
        )
        closure = _standing(incoming)
        if closure is not None:
            demand_backed_up(incoming.session, closure, read_info_file(Path(files[-1])).info)
        arrival, gone = _plan(incoming, closure)
        log.planned(arrival, incoming.target.identity)
        documents = DocumentLoad(
            session=incoming.session,
            remap=incoming.remap,
            target=incoming.target,
            reader=incoming.reader,
            step=incoming.step,
        )
        undo.callback(documents.take_back)
        notices = _write(incoming, gone, documents)
        arrived = new_tenant(incoming.session, incoming.remap, tenant.ref)
        notices.extend(_neutralise(incoming, arrived))
        incoming.step("")
        with unstoppable():
            _commit(incoming, undo)
            notices.extend(_finish(incoming, arrived))
            log.loaded(notices, run.clock(), arrived)


def _commit(incoming: Incoming, undo: ExitStack) -> None:
    """Keep what was written, and the documents with it."""
    try:
        incoming.session.commit()
    except DatabaseGone as error:
        # Documents too many harm nobody, lost ones do.
        undo.pop_all()
        raise EndUnknown(**error.values) from error
    undo.pop_all()


def _back_up_first(run: ImportRun, tenant: Tenant) -> tuple[str, ...]:
    """Back up what REPLACE is about to change; give the files."""
    if run.options.safety is None:
        raise NoSafety
    report = back_up(
        run.manager,
        run.actor,
        [tenant],
        run.options.safety,
        run=f"{run.id}-safety",
        clock=run.clock,
        cancelled=run.cancelled,
    )
    entry = report.tenants[0]
    if entry.outcome in (Outcome.FAILED, Outcome.CANCELLED):
        raise entry.error or Cancelled()
    return entry.files


def _written_alone(remap: Remap) -> list[str]:
    """The tables in which nobody else may write meanwhile.

    Those of the tenant that is replaced; where trees are, since two imports would append their
    roots behind the same border; and that of tenants, where there is to be none.
    """
    return [
        remap.sql.table(table.name)
        for table in remap.model.tables.values()
        if (remap.same_system and table.role is Role.OWNED)
        or (remap.way is Way.EMPTY and table is remap.root)
        or (table.trees and table.name in remap.rows)
    ]


def _standing(incoming: Incoming) -> Closure | None:
    """What the target holds of the tenant that is replaced. Raises TenantGone."""
    if not incoming.remap.same_system:
        return None
    tenant = tenant_of(incoming.info)
    try:
        return collect(
            incoming.session, incoming.remap.model, tenant.ref.key, SharedRows.DEFAULT
        )
    except UnknownTenant as error:
        raise TenantGone(tenant=tenant.name) from error


def _plan(
    incoming: Incoming, closure: Closure | None
) -> tuple[Arrival, Mapping[str, str]]:
    """Decide what becomes of every row; give the plan, and the keys of rows to remove.

    `closure` is what is replaced, None where nothing is.
    """
    session, remap, tenant = incoming.session, incoming.remap, tenant_of(incoming.info)
    keymap.make(session, remap, key_sequences(session, remap.catalog))
    held = HeldDocuments(session=session, remap=remap, target=incoming.target)
    matching = match(session, remap, held)
    decide(session, remap)
    demand_own_rows(session, remap, tenant.ref.key)
    gone = removals(session, remap, closure) if closure is not None else {}
    arrival = survey(
        session,
        remap,
        matching,
        incoming.reader,
        tenant,
        incoming.target.identity,
        incoming.versions,
        gone,
    )
    return arrival, gone


def _write(
    incoming: Incoming, gone: Mapping[str, str], documents: DocumentLoad
) -> list[Notice]:
    """Write everything that goes in; give what is to be said of it."""
    session, remap, target = incoming.session, incoming.remap, incoming.target
    sequences = key_sequences(session, remap.catalog)
    keymap.number(session, remap, sequences)
    add_placeholders(session, remap, target)
    notices = [
        _changed(table.label, unique.columns, str(unique.rule), count)
        for table, unique, count in clashes.resolve(session, remap, target, gone)
    ]
    loaded = load(session, remap, gone, incoming.step)
    _place_trees(session, remap, loaded)
    documents.load()
    target.set_counters(session, counters(session, remap, incoming.reader))
    recount(session, remap, tenant_of(incoming.info).ref)
    if documents.absent:
        notices.append(
            Notice(
                code="documents-absent",
                message=N_("%(count)d documents are not in the pair; their rows came without"),
                values={"count": documents.absent},
            )
        )
    return notices


def _changed(table: str, columns: tuple[str, ...], rule: str, count: int) -> Notice:
    return Notice(
        code=f"clash-{rule}",
        message=N_("%(table)s: %(count)d values of %(columns)s were taken and got new ones"),
        values={"table": table, "count": count, "columns": ", ".join(columns)},
        warning=False,
    )


def _place_trees(session: TargetSession, remap: Remap, loaded: Loaded) -> None:
    for table in remap.loaded:
        if table.trees:
            counts = (loaded.inserted, loaded.updated, loaded.removed)
            changed = any(each.get(table.name) for each in counts)
            trees.place(session, remap, table, moved=remap.same_system and changed)


def _neutralise(incoming: Incoming, arrived: TenantRef) -> list[Notice]:
    """Switch off in the copy what would act on the world, where that was asked for."""
    if not incoming.run.options.neutralise:
        return []
    said = incoming.run.manager.hook.sichern_neutralise(
        tenant=arrived, way=incoming.run.options.way, writer=incoming.session
    )
    if said is None:
        return [
            Notice(
                code="not-neutralised",
                message=N_("this host cannot switch off what acts on the world"),
                hint=N_("look after jobs, mail and payments by hand"),
            )
        ]
    return list(said)


def _finish(incoming: Incoming, arrived: TenantRef) -> list[Notice]:
    """What is due after the commit; the tenant is there, whatever becomes of it."""
    said: list[Notice] = []

    def finish() -> None:
        said.extend(incoming.target.finish(incoming.run.actor, arrived))

    error = carry_out(finish, "what follows an import")
    if error is not None:
        said.append(
            Notice(
                code=error.code, message=error.message, values=dict(error.values), hint=error.hint
            )
        )
    return said
