"""Send a mail by Tryton's own mail server."""

import logging
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from smtplib import SMTPException
from urllib.parse import parse_qsl, urlsplit

from sichern.hosts.tryton.installation import Installation
from sichern_hooks import Mail

logger = logging.getLogger(__name__)

TIMEOUT = 60
"""Seconds that a mail server may be silent, where its address says nothing else."""


def send(installation: Installation, mail: Mail) -> bool | None:
    """Hand a mail on; None where Tryton's configuration names no mail server.

    False where the server or an address is refused; the log says why.
    """
    if not installation.configured("email", "uri"):
        return None
    from trytond import config
    from trytond.sendmail import get_smtp_server

    try:
        sender = str(config.get("email", "from"))
        message = compose(mail, sender)
        message["Message-ID"], message["Date"] = make_msgid(), formatdate()
        server = get_smtp_server(patient(str(config.get("email", "uri"))), strict=True)
        # Tryton's own way would connect once more, without our patience, to a server that is mute.
        refused = server.send_message(message, sender, list(mail.to))
    except (OSError, SMTPException, MessageError, ValueError) as error:
        logger.error("the mail could not be handed on: %s", error)
        return False
    with suppress(OSError, SMTPException):  # it has the mail, however it says goodbye
        server.quit()
    if refused:
        logger.error("the mail was refused for some: %s", refused)
    return not refused


def patient(uri: str) -> str:
    """Let a mail server that never answers be given up: the end of a run waits for it."""
    query = urlsplit(uri).query
    if "timeout" in dict(parse_qsl(query)):
        return uri
    return f"{uri}{'&' if query else '?'}timeout={TIMEOUT}"


def compose(mail: Mail, sender: str) -> EmailMessage:
    """Build the message.

    Raises ValueError for an address that is none. A line break in a header would begin another
    header, so what is not printable becomes a space; and an encoded word is taken apart, since
    `email` decodes it and writes the line breaks that hide in it (CVE-2024-6923).
    """
    message = EmailMessage()
    message["From"] = _printable(sender)
    message["To"] = [_address(to) for to in mail.to]
    message["Subject"] = _printable(mail.subject)
    message.set_content(mail.text)
    for name, text in mail.attachments.items():
        message.add_attachment(text, filename=_file_name(name))
    return message


def _file_name(text: str) -> str:
    """A name and no path: that of an attachment may hold a key that came with an archive."""
    return _printable(text).replace("/", "_").replace("\\", "_")


def _address(text: str) -> Address:
    if _printable(text) != text:
        raise ValueError(text)
    return Address(addr_spec=text)


def _printable(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.replace("=?", "= ?").split())
