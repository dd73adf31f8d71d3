"""The way in: from a checked pair of files to a working tenant.

authorize -> check -> compare -> stage -> match -> plan -> number -> load -> recount -> commit
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pluggy

from sichern.archive.check import check_pair
from sichern.archive.info import Info
from sichern.archive.names import SCHEMA, Kind
from sichern.archive.reader import ArchiveReader, open_pair, read_info_file
from sichern.archive.rows import LONGEST_SCHEMA, RowCheck
from sichern.backup import back_up
from sichern.report.import_protocol import ImportProtocolSchema
from sichern.report.importing import ImportLog
from sichern.report.observe import observe
from sichern.run import Cancelled, Clock, audit, carry_out, now
from sichern.schema.types import wire_type
from sichern.source.keys import collect
from sichern.source.reflect import read_catalog
from sichern.source.sequences import key_sequences
from sichern.target import clashes, keymap, trees
from sichern.target.admit import admit
from sichern.target.counters import counters
from sichern.target.decide import decide
from sichern.target.documents import DocumentLoad
from sichern.target.incoming import filled, stage_pair
from sichern.target.load import Loaded, load
from sichern.target.match import match
from sichern.target.recount import new_tenant, recount
from sichern.target.refusals import TenantGone
from sichern.target.remap import Remap
from sichern.target.remove import removals
from sichern.target.session import TargetSession, open_session
from sichern.target.survey import survey
from sichern.target.users import add_placeholders
from sichern.tenancy.arrival import Arrival
from sichern.tenancy.classify import classify
from sichern.tenancy.compare import compare
from sichern.tenancy.manifest_text import read_manifest
from sichern_hooks import (
    N_,
    Actor,
    ImportOptions,
    NoHost,
    Notice,
    Outcome,
    Permission,
    Progress,
    Report,
    SharedRows,
    Target,
    Tenant,
    TenantRef,
    TenantReport,
    UnknownTenant,
    UsageError,
    Way,
    authorize,
)


class NoSafety(UsageError):
    """REPLACE backs the tenant up first, and was not told where to."""

    code = "no-safety"
    message = N_("no destination was named for the backup that is made before replacing")
    hint = N_("name one with --safety")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One import: who asks, of which pair, how, and the outside world."""

    id: str
    manager: pluggy.PluginManager
    actor: Actor
    file: Path
    options: ImportOptions
    tenant: Tenant
    clock: Clock
    cancelled: Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A pair that was staged beside the tables of its target."""

    run: Run
    reader: ArchiveReader
    target: Target
    session: TargetSession
    remap: Remap
    versions: Mapping[str, tuple[str, str]]
    step: Callable[[str], None]

    @property
    def info(self) -> Info:
        """What the info file says."""
        return self.reader.pair.info


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
    arrived: list[TenantRef] = []
    error = carry_out(lambda: arrived.append(_import(this, log)), f"the import of {file.name}")
    outcome = log.end(clock(), error)
    ref = arrived[0] if arrived else this.tenant.ref
    audit(manager, actor, this.id, ref, f"import-{outcome}")
    entry = TenantReport(
        tenant=Tenant(ref=ref, name=this.tenant.name),
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
    with _staged(run) as incoming:
        return _plan(incoming)[0]


def _run(
    manager: pluggy.PluginManager,
    actor: Actor,
    file: Path,
    options: ImportOptions,
    run: str | None,
    clock: Clock,
    cancelled: Callable[[], bool],
) -> Run:
    return Run(
        id=run or uuid.uuid4().hex,
        manager=manager,
        actor=actor,
        file=file,
        options=options,
        tenant=Tenant(ref=TenantRef(host=actor.host, key=""), name=file.name),
        clock=clock,
        cancelled=cancelled,
    )


def _import(run: Run, log: ImportLog) -> TenantRef:
    """Check, stage, plan, write in one transaction, tell the host; give the tenant as it is now."""
    with _staged(run) as incoming, ExitStack() as undo:
        tenant = _tenant(incoming.info)
        log.names(tenant)
        if run.options.way is Way.REPLACE:
            log.kept(_back_up_first(run, tenant))
        incoming.session.begin()
        arrival, gone = _plan(incoming)
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
        incoming.session.commit()
        undo.pop_all()
        notices.extend(_finish(incoming, arrived))
        log.loaded(notices, run.clock(), arrived)
        return arrived


@contextmanager
def _staged(run: Run) -> Iterator[Incoming]:
    """Check right and pair, open the target, compare the two, stage what the pair holds."""
    info = read_info_file(run.file).info
    tenant = _tenant(info)
    replaced = tenant.ref if run.options.way is Way.REPLACE else None
    authorize(run.manager, run.actor, Permission.IMPORT, replaced)
    if replaced is not None:
        authorize(run.manager, run.actor, Permission.BACK_UP, replaced)
    step = _steps(run, tenant.ref, sum(table.rows for table in info.tables))
    _check(run, step)
    target: Target | None = run.manager.hook.sichern_open_target(host=run.actor.host)
    if target is None:
        raise NoHost(host=run.actor.host, installed="-")
    with (
        closing(target),
        open_pair(run.file) as pair,
        open_session(target.database) as session,
    ):
        reader = ArchiveReader(pair)
        manifest = read_manifest(reader.read(SCHEMA, LONGEST_SCHEMA))
        description = target.describe(session)
        catalog = read_catalog(session, description.schema)
        model = classify(catalog, description, wire_type)
        counted = {table.name: (table.rows, table.identities) for table in info.tables}
        compared = compare(manifest, counted, info.system, target.identity, model, catalog)
        remap = Remap(
            manifest=manifest,
            model=model,
            catalog=catalog,
            way=run.options.way,
            rows=filled(reader, Kind.DATA),
            names=filled(reader, Kind.IDENTITIES),
        )
        admit(session, remap, info, target.identity, run.options)
        stage_pair(session, remap, reader, step)
        yield Incoming(
            run=run,
            reader=reader,
            target=target,
            session=session,
            remap=remap,
            versions=compared.versions,
            step=step,
        )


def _tenant(info: Info) -> Tenant:
    """The tenant as the pair names it."""
    return Tenant(
        ref=TenantRef(host=info.tenant.host, key=info.tenant.key), name=info.tenant.name
    )


def _check(run: Run, step: Callable[[str], None]) -> None:
    """Read every byte of the pair. Raises the first thing that is wrong with it."""
    checked = check_pair(run.file, progress=lambda _done, _total: step(""), rows=RowCheck())
    if checked.problems:
        raise checked.problems[0]


def _back_up_first(run: Run, tenant: Tenant) -> tuple[str, ...]:
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


def _plan(incoming: Incoming) -> tuple[Arrival, Mapping[str, str]]:
    """Decide what becomes of every row; give the plan, and the keys of rows to remove."""
    session, remap, tenant = incoming.session, incoming.remap, _tenant(incoming.info)
    keymap.make(session, remap)
    matching = match(session, remap)
    decide(session, remap)
    gone: Mapping[str, str] = {}
    if remap.same_system:
        try:
            closure = collect(session, remap.model, tenant.ref.key, SharedRows.DEFAULT)
        except UnknownTenant as error:
            raise TenantGone(tenant=tenant.name) from error
        gone = removals(session, remap, closure)
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
        for table, unique, count in clashes.resolve(session, remap, target)
    ]
    loaded = load(session, remap, gone, incoming.step)
    _place_trees(session, remap, loaded)
    keymap.advance(session, remap, sequences)
    documents.load()
    target.set_counters(session, counters(session, remap, incoming.reader))
    recount(session, remap, _tenant(incoming.info).ref)
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


def _steps(run: Run, tenant: TenantRef, total: int) -> Callable[[str], None]:
    """Stop where somebody asks; tell observers that the run goes on."""

    def step(phase: str) -> None:
        if run.cancelled():
            raise Cancelled
        if phase:
            progress = Progress(run=run.id, tenant=tenant, phase=phase, total=total)
            observe(run.manager.hook.sichern_progress, progress=progress)

    return step
