"""What crosses the border between a host and Sichern, besides the description of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sichern_hooks.errors import Scalar, SichernError


class Permission(StrEnum):
    """The rights that Sichern brings; a host grants each on its own."""

    BACK_UP = "back-up"
    DOWNLOAD = "download"
    IMPORT = "import"
    CONFIGURE = "configure"


@dataclass(frozen=True, kw_only=True)
class PermissionText:
    """How a permission is shown where rights are granted; `label` is a msgid of the catalogs."""

    permission: Permission
    label: str


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks: the host, the login in it, the language as `de` or `en`.

    `login` None is the operating-system administrator who can read the configuration.
    """

    host: str
    login: str | None
    name: str
    language: str = "en"


@dataclass(frozen=True, kw_only=True)
class TenantRef:
    """A tenant's identity: the host that owns it, and the value of its key column as text."""

    host: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A tenant as people know it."""

    ref: TenantRef
    name: str


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A folder that backups may go to.

    `marker` is a file that must exist in it, `mounted` demands that the path lies on a
    file system of its own (not that of `/`): either keeps an empty mount point from
    swallowing the night's backups.
    """

    path: str
    label: str = ""
    marker: str | None = None
    mounted: bool = False


class Documents(StrEnum):
    """What happens to the Belegarchiv."""

    INSIDE = "inside"
    SEPARATE = "separate"
    WITHOUT = "without"


class SharedRows(StrEnum):
    """Which shared rows go along: see the table of roles in `HOOKS.md`."""

    DEFAULT = "default"
    REACHED = "reached"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a run; the defaults are the recommended ones."""

    documents: Documents = Documents.INSIDE
    shared: SharedRows = SharedRows.DEFAULT
    mail_to: tuple[str, ...] = ()


class Way(StrEnum):
    """How a pair is imported.

    NEW: as a new tenant beside others, with new keys. EMPTY: into a system without a tenant,
    keys kept. REPLACE: the same tenant of the same system, back to the state of the pair.
    """

    NEW = "new"
    REPLACE = "replace"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """The options of an import; the defaults are the recommended ones.

    `safety` is where REPLACE backs the tenant up first. `copy_confirmed`: somebody said that a
    copy of the system that made the pair is meant, not that system. `neutralise` switches off
    in the imported copy what would act on the world: jobs, mail, payments.
    """

    way: Way
    safety: Destination | None = None
    neutralise: bool = False
    copy_confirmed: bool = False
    mail_to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something worth saying: a msgid with its values, and one of what to do about it.

    A warning changes the outcome of the run, a note does not.
    """

    code: str
    message: str
    values: dict[str, Scalar] = field(default_factory=dict)
    hint: str = ""
    warning: bool = True


@dataclass(frozen=True, kw_only=True)
class Action:
    """A menu action that Sichern brings.

    `menu` and `label` are msgids of the catalogs; `form` names the option fields that the
    host shows, in order; `sichern_run_action` runs it by `name`.
    """

    name: str
    menu: tuple[str, ...]
    label: str
    icon: str
    permission: Permission
    form: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A saved selection that the host runs on its own: nightly, or before a tenant is deleted.

    `tenants` empty means all that exist when the job runs, less `exclude`.
    """

    name: str
    actor: Actor
    destination: Destination
    tenants: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    before_deletion: bool = False
    before_upgrade: bool = False


class Outcome(StrEnum):
    """How a run, or one tenant of it, ended."""

    COMPLETE = "complete"
    WARNINGS = "complete-with-warnings"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one tenant's run is: `done` and `total` in rows, `total` 0 while unknown."""

    run: str
    tenant: TenantRef
    phase: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class TenantReport:
    """What became of one tenant of a run.

    `protocol` is the whole protocol as plain data (the `protocol.json` of the archive, with
    what was known only after it was written); sizes in bytes, times in UTC.
    """

    tenant: Tenant
    outcome: Outcome
    files: tuple[str, ...] = ()
    error: SichernError | None = None
    protocol: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The finished run: one entry per chosen tenant, in the order in which they were chosen."""

    run: str
    actor: Actor
    started: datetime
    finished: datetime
    tenants: tuple[TenantReport, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of the tenants' outcomes; a run of no tenant backed nothing up: FAILED."""
        order = [Outcome.COMPLETE, Outcome.WARNINGS, Outcome.CANCELLED, Outcome.FAILED]
        return max((t.outcome for t in self.tenants), key=order.index, default=Outcome.FAILED)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail for the host to send; `text` is plain, `attachments` name to UTF-8 text."""

    to: tuple[str, ...]
    subject: str
    text: str
    attachments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """Something that the host should keep in its own log of who did what."""

    actor: Actor
    event: str
    tenant: TenantRef | None = None
    details: Mapping[str, Scalar] = field(default_factory=dict)
