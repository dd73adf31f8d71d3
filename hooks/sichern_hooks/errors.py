"""The one error base: what is wrong, what to do about it, and a code."""

from typing import ClassVar, TypeAlias

Scalar: TypeAlias = str | int | float


def N_(message: str) -> str:  # noqa: N802 - the field's name for "extract, do not translate yet"
    """Mark a text for the catalogs without translating it."""
    return message


class SichernError(Exception):
    """An error that a person can act on.

    A subclass gives the three texts; what varies is passed by keyword and fills the
    `%(name)s` placeholders of message and hint. Values are scalars only, so that no
    translation can reach into an object. The text is translated where it is shown.
    """

    code: ClassVar[str] = "failed"
    message: ClassVar[str] = N_("%(reason)s")
    hint: ClassVar[str] = N_("look at the protocol for details")
    exit_code: ClassVar[int] = 1

    def __init__(self, **values: Scalar) -> None:
        super().__init__(values)
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values

    def __reduce__(self) -> tuple[object, ...]:
        """Come through to another process whatever a subclass is made of."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[SichernError], arguments: tuple[object, ...]) -> SichernError:
    return kind.__new__(kind, *arguments)


class UsageError(SichernError):
    """The call itself is wrong; nothing was tried."""

    exit_code = 2


class NotAuthorized(SichernError):
    """The host did not say yes, or a plugin said no."""

    code = "not-authorized"
    message = N_("%(actor)s may not do this: %(permission)s (%(tenant)s)")
    hint = N_("ask an administrator of the ERP for this right")


class UnknownTenant(UsageError):
    """No tenant of that key or name, or none that this user may see: the two are not told apart."""

    code = "unknown-tenant"
    message = N_("there is no tenant %(tenant)s that you may see")
    hint = N_("the command `sichern tenants` lists the tenants that you may see")


class UnknownUser(UsageError):
    """The host knows no active user of that login."""

    code = "unknown-user"
    message = N_("the ERP knows no active user %(login)s")
    hint = N_("give the login of an active user of the ERP")


class UnknownHooks(SichernError):
    """A plugin implements hooks that the contract does not have."""

    code = "unknown-hook"
    message = N_("a plugin implements unknown hooks: %(hooks)s")
    hint = N_("correct the spelling, or install the plugin's version for this contract")


class InvalidPlugin(SichernError):
    """A plugin implements a hook of the contract with arguments that it does not have."""

    code = "invalid-plugin"
    message = N_("a plugin does not fit the contract: %(reason)s")
    hint = N_("correct the hook's arguments, or install the plugin's version for this contract")


class BrokenPlugin(SichernError):
    """An installed plugin cannot be loaded."""

    code = "broken-plugin"
    message = N_("the plugin %(plugin)s cannot be loaded: %(reason)s")
    hint = N_("install it again in a version for this contract, or uninstall it")


class NoHost(UsageError):
    """No installed plugin implements the host's side for the asked name."""

    code = "no-host"
    message = N_("no ERP host %(host)s is installed")
    hint = N_("name an installed host in the configuration: %(installed)s")


class HostUnavailable(SichernError):
    """The host's own system cannot be opened: its configuration, database or version."""

    code = "host-unavailable"
    message = N_("the ERP cannot be opened: %(reason)s")
    hint = N_("check the host's section of the configuration, and that the database is running")


class DocumentMissing(SichernError):
    """A row names a document that the host's store does not hold."""

    code = "document-missing"
    message = N_("the document %(document)s is missing in the document store")
    hint = N_("restore the file from the backup of the document store")
