"""A pair on its way in: checked, compared with its target, staged beside the target's tables."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pluggy

from sichern.archive.check import CheckResult, check_pair
from sichern.archive.info import Info
from sichern.archive.names import SCHEMA, Kind
from sichern.archive.reader import ArchiveReader, open_pair, read_info_file
from sichern.archive.rows import LONGEST_SCHEMA
from sichern.report.observe import observe
from sichern.run import Cancelled, Clock
from sichern.schema.types import wire_type
from sichern.source.reflect import read_catalog
from sichern.target.admit import admit, demand_same_system, is_copy
from sichern.target.contents import filled, stage_pair
from sichern.target.remap import Remap
from sichern.target.session import TargetSession, open_session
from sichern.tenancy.classify import classify
from sichern.tenancy.compare import compare
from sichern.tenancy.errors import ManifestDamaged
from sichern.tenancy.manifest_text import read_manifest
from sichern_hooks import (
    Actor,
    ImportOptions,
    NoHost,
    Permission,
    Progress,
    Target,
    Tenant,
    TenantRef,
    UnknownTenant,
    Way,
    authorize,
)


@dataclass(frozen=True, kw_only=True)
class ImportRun:
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

    run: ImportRun
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


@contextmanager
def staged(run: ImportRun) -> Iterator[Incoming]:
    """Check right and pair, open the target, compare the two, stage what the pair holds."""
    info = read_info_file(run.file).info
    tenant = tenant_of(info)
    authorize(run.manager, run.actor, Permission.IMPORT)
    step = _steps(run, tenant.ref, sum(table.rows for table in info.tables))
    target: Target | None = run.manager.hook.sichern_open_target(host=run.actor.host)
    if target is None:
        raise NoHost(host=run.actor.host, installed="-")
    with closing(target), ExitStack() as stack:
        if run.options.way is Way.REPLACE:
            demand_same_system(info, target.identity, run.options)
            _demand_rights(run, tenant)
        with _checked(run, step):
            pair = stack.enter_context(open_pair(run.file))
            session = stack.enter_context(open_session(target.database))
            reader = ArchiveReader(pair)
            manifest = read_manifest(reader.read(SCHEMA, LONGEST_SCHEMA))
            if manifest.fingerprint != info.schema_fingerprint:
                raise ManifestDamaged(reason=f"{manifest.fingerprint} / {info.schema_fingerprint}")
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
                copied=is_copy(info, target.identity),
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


def tenant_of(info: Info) -> Tenant:
    """The tenant as the pair names it."""
    return Tenant(
        ref=TenantRef(host=info.tenant.host, key=info.tenant.key), name=info.tenant.name
    )


def _demand_rights(run: ImportRun, tenant: Tenant) -> None:
    """Raise where the actor may not replace the tenant: UnknownTenant, NotAuthorized."""
    seen = run.manager.hook.sichern_tenants(actor=run.actor) or ()
    if tenant.ref not in {each.ref for each in seen}:
        # Several may have the name; it is the one of this key that is meant.
        raise UnknownTenant(tenant=f"{tenant.name} ({tenant.ref.key})")
    for permission in (Permission.IMPORT, Permission.BACK_UP):
        authorize(run.manager, run.actor, permission, tenant.ref)


@contextmanager
def _checked(run: ImportRun, step: Callable[[str], None]) -> Iterator[None]:
    """Read every byte of the pair while it is staged: nothing goes on before both are done.

    Raises the first thing that is wrong with the pair, also where staging stumbled over it.
    What the rows say is checked when they are staged.
    """
    stopped = threading.Event()

    def seen(_done: int, _total: int) -> None:
        if stopped.is_set():
            raise Cancelled
        step("")

    with ThreadPoolExecutor(1) as beside:
        checking = beside.submit(check_pair, run.file, progress=seen)
        try:
            yield
        except Exception:
            _demand_sound(checking.result())
            raise
        except BaseException:
            stopped.set()
            raise
        _demand_sound(checking.result())


def _demand_sound(checked: CheckResult) -> None:
    if checked.problems:
        raise checked.problems[0]


def _steps(run: ImportRun, tenant: TenantRef, total: int) -> Callable[[str], None]:
    """Stop where somebody asks; tell observers that the run goes on."""

    def step(phase: str) -> None:
        if run.cancelled():
            raise Cancelled
        if phase:
            progress = Progress(run=run.id, tenant=tenant, phase=phase, total=total)
            observe(run.manager.hook.sichern_progress, progress=progress)

    return step
