"""The contract between Sichern and an ERP: stdlib and pluggy, nothing else. See `HOOKS.md`."""

from sichern_hooks.authorization import authorize, find_host
from sichern_hooks.description import (
    Description,
    DocumentColumn,
    EmbeddedKeys,
    ExternalIdentities,
    Polymorphic,
    Reference,
    Role,
    Table,
)
from sichern_hooks.errors import (
    DocumentMissing,
    HostUnavailable,
    N_,
    NoHost,
    NotAuthorized,
    SichernError,
    UnknownHooks,
    UnknownTenant,
    UnknownUser,
    UsageError,
)
from sichern_hooks.manager import (
    CONTRACT,
    HOSTS,
    PLUGINS,
    check_pending,
    create_manager,
    installed_hosts,
)
from sichern_hooks.markers import PROJECT, hookimpl, hookspec
from sichern_hooks.source import Counter, DocumentRef, Reader, Source, SystemIdentity
from sichern_hooks.values import (
    Action,
    Actor,
    AuditEvent,
    Destination,
    Documents,
    Job,
    Mail,
    Options,
    Outcome,
    Permission,
    PermissionText,
    Progress,
    Report,
    SharedRows,
    Tenant,
    TenantRef,
    TenantReport,
)

__all__ = [
    "CONTRACT", "HOSTS", "PLUGINS", "PROJECT", "Action", "Actor", "AuditEvent", "Counter",
    "Description", "Destination", "DocumentColumn", "DocumentMissing", "DocumentRef", "Documents",
    "EmbeddedKeys", "ExternalIdentities", "HostUnavailable", "Job", "Mail", "N_", "NoHost",
    "NotAuthorized", "Options", "Outcome", "Permission", "PermissionText", "Polymorphic",
    "Progress", "Reader", "Reference", "Report", "Role", "SharedRows", "SichernError", "Source",
    "SystemIdentity", "Table", "Tenant", "TenantRef", "TenantReport", "UnknownHooks",
    "UnknownTenant", "UnknownUser", "UsageError", "authorize", "check_pending", "create_manager",
    "find_host",    "hookimpl", "hookspec", "installed_hosts",
]
