"""Tryton as a host: who asks, what they may, which companies there are, and how to read one."""

import getpass
import logging
import os
from collections.abc import Mapping, Sequence

from sichern.hosts.tryton.installation import Installation
from sichern.hosts.tryton.mail import send
from sichern.hosts.tryton.neutralise import neutralise
from sichern.hosts.tryton.settings import read_settings
from sichern.hosts.tryton.source import TrytonSource
from sichern.hosts.tryton.target import TrytonTarget
from sichern.hosts.tryton.users import Company, companies, find_user, permissions
from sichern.i18n import environment_language, language_of
from sichern_hooks import (
    Actor,
    AuditEvent,
    Destination,
    Mail,
    Notice,
    Permission,
    Source,
    Target,
    Tenant,
    TenantRef,
    UnknownUser,
    Way,
    Writer,
    hookimpl,
)

HOST = "tryton"

audit = logging.getLogger("sichern.audit")


class TrytonHost:
    """The host side of the contract, for one database of Tryton."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @hookimpl
    def sichern_host_name(self) -> str:
        """Name the host."""
        return HOST

    @hookimpl
    def sichern_actor(self, login: str | None) -> Actor:
        """Give an active user, or the administrator of the operating system.

        Raises UnknownUser.
        """
        if login is None:
            return Actor(
                host=HOST, login=None, name=_system_user(), language=environment_language()
            )
        user = find_user(self._installation, login)
        if user is None:
            raise UnknownUser(login=login)
        return Actor(
            host=HOST, login=login, name=user.name, language=language_of(user.language)
        )

    @hookimpl
    def sichern_authorize(
        self, actor: Actor, permission: Permission, tenant: TenantRef | None
    ) -> bool | None:
        """Grant what the user's groups grant, for companies that the user has access to.

        The administrator of the operating system, who can read the configuration with the
        database's password, may do everything.
        """
        if actor.host != HOST or (tenant is not None and tenant.host != HOST):
            return None
        seen = self._companies(actor)
        if seen is None:
            return False
        if actor.login is not None and permission not in self._permissions(actor.login):
            return False
        if tenant is not None:
            return any(str(company.id) == tenant.key for company in seen)
        # A first company comes into being by an import.
        return bool(seen) or permission in {Permission.IMPORT, Permission.CONFIGURE}

    @hookimpl
    def sichern_tenants(self, actor: Actor) -> Sequence[Tenant] | None:
        """List the companies of the user, all of them for the system's administrator."""
        if actor.host != HOST:
            return None
        return [_tenant(company) for company in self._companies(actor) or ()]

    @hookimpl
    def sichern_destinations(self, actor: Actor) -> Sequence[Destination] | None:
        """List nothing: the destinations are those of `sichern.toml`."""
        return () if actor.host == HOST else None

    @hookimpl
    def sichern_open_source(self, tenant: TenantRef) -> Source | None:
        """Open a company; None where there is none of that id."""
        if tenant.host != HOST:
            return None
        for company in companies(self._installation, None):
            if str(company.id) == tenant.key:
                return TrytonSource(self._installation, _tenant(company))
        return None

    @hookimpl
    def sichern_open_target(self, host: str) -> Target | None:
        """Open the database for an import."""
        return TrytonTarget(self._installation) if host == HOST else None

    @hookimpl
    def sichern_neutralise(
        self, tenant: TenantRef, way: Way, writer: Writer
    ) -> Sequence[Notice] | None:
        """Switch off jobs and payment services, as far as they stand in the database."""
        return neutralise(tenant, way, writer) if tenant.host == HOST else None

    @hookimpl
    def sichern_send_mail(self, mail: Mail) -> bool | None:
        """Send by Tryton's own mail server, where its configuration names one."""
        return send(self._installation, mail)

    @hookimpl
    def sichern_audit(self, event: AuditEvent) -> None:
        """Write to the log `sichern.audit`."""
        audit.info(
            "%s: %s tenant=%s %s",
            event.actor.login or event.actor.name,
            event.event,
            event.tenant.key if event.tenant else "*",
            " ".join(f"{name}={value!r}" for name, value in sorted(event.details.items())),
        )

    def _companies(self, actor: Actor) -> list[Company] | None:
        """The companies that the actor sees; None where the user is no longer active."""
        if actor.login is None:
            return companies(self._installation, None)
        user = find_user(self._installation, actor.login)
        return companies(self._installation, user) if user is not None else None

    def _permissions(self, login: str) -> frozenset[Permission]:
        user = find_user(self._installation, login)
        return permissions(self._installation, user) if user is not None else frozenset()


def open_host(options: Mapping[str, object]) -> TrytonHost:
    """Open the host; the entry point of the group `sichern.hosts`.

    Options: `config` (the path of trytond.conf), `database` (its name), `tables` (roles of
    tables that Sichern does not know, by name).

    Raises HostUnavailable, SettingMissing, RoleUnclear.
    """
    return TrytonHost(Installation(read_settings(options)))


def _tenant(company: Company) -> Tenant:
    return Tenant(ref=TenantRef(host=HOST, key=str(company.id)), name=company.name)


def _system_user() -> str:
    """The name of the process's user; its number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
