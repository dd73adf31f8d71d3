"""Mail addresses as people type them: separated by commas, semicolons or spaces."""

import re
from email.errors import MessageError
from email.headerregistry import Address

from sichern_hooks import N_, UsageError


class NoAddress(UsageError):
    """A text is no address."""

    code = "no-address"
    message = N_("this is no mail address: %(address)s")
    hint = N_("write addresses like anna@example.com, separated by commas")


def addresses(text: str | None) -> tuple[str, ...]:
    """Take a text apart into addresses, once each. Raises NoAddress."""
    found = [part for part in re.split(r"[,;\s]+", text or "") if part]
    for part in found:
        try:
            known = Address(addr_spec=part)
        except (MessageError, ValueError, IndexError) as error:
            raise NoAddress(address=part) from error
        if not part.isprintable() or not known.domain:
            raise NoAddress(address=part)
    return tuple(dict.fromkeys(found))
