"""Mails go out by Tryton's own server, whole and without a forged header.

trytond belongs to the process, so this module is a program as well: `python -m
tests.tryton.test_host_mail CONFIG DATABASE SUBJECT TO` sends one mail and prints the answer.
"""

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sichern.hosts.tryton.mail import compose, patient
from sichern_hooks import Mail
from tests.support.tryton import TrytonDatabase, demo_sqlite, run_tryton

TEXT = "Sicherung vollständig.\n\n845 Zeilen\n"


def send(config: str, database: str, subject: str, to: str) -> None:
    """Send one mail through the host."""
    from sichern.hosts.tryton.host import open_host

    mail = Mail(to=(to,), subject=subject, text=TEXT, attachments={"protocol.json": "{}\n"})
    host = open_host({"config": config, "database": database})
    sys.stdout.write(json.dumps(host.sichern_send_mail(mail)))


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given, with the envelope's lines."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.received: list[tuple[list[str], bytes]] = []


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Sink)
        envelope: list[str] = []
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                lines = []
                while (each := self.rfile.readline()) != b".\r\n":
                    lines.append(each)
                self.server.received.append((envelope, b"".join(lines)))
            elif verb in {b"MAIL", b"RCPT"}:
                envelope.append(line.decode().strip())
            self._say("221 bye" if verb == b"QUIT" else "250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def sinking() -> Iterator[Sink]:
    """A mail server that keeps what it is given."""
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with sinking() as server:
        yield server


def config_with(database: TrytonDatabase, folder: Path, email: str) -> Path:
    config = folder / "trytond.conf"
    config.write_text(database.config.read_text(encoding="utf-8") + email)
    return config


def answer(config: Path, database: TrytonDatabase, subject: str, to: str) -> object:
    done = run_tryton(
        ["-m", "tests.tryton.test_host_mail", str(config), database.name, subject, to],
        database.uri,
    )
    return json.loads(done.stdout)


def test_a_mail_arrives_whole(sink: Sink, tmp_path: Path) -> None:
    database = demo_sqlite()
    port = sink.server_address[1]
    config = config_with(
        database, tmp_path, f"\n[email]\nuri = smtp://127.0.0.1:{port}\nfrom = erp@muster.example\n"
    )
    subject = "Sicherung: vollständig\r\nBcc: thief@acme.example"
    assert answer(config, database, subject, "it@muster.example") is True
    ((envelope, content),) = sink.received
    assert [line.split(" ")[1] for line in envelope] == [
        "FROM:<erp@muster.example>", "TO:<it@muster.example>",
    ]  # fmt: skip
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Subject"] == "Sicherung: vollständig Bcc: thief@acme.example"
    assert message["Bcc"] is None
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == TEXT
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "protocol.json"


def test_without_a_server_in_trytons_configuration_nothing_is_sent() -> None:
    database = demo_sqlite()
    assert answer(database.config, database, "x", "it@muster.example") is None


def test_a_server_that_is_not_there_is_a_no_and_no_traceback(tmp_path: Path) -> None:
    database = demo_sqlite()
    config = config_with(database, tmp_path, "\n[email]\nuri = smtp://127.0.0.1:1\n")
    assert answer(config, database, "x", "it@muster.example") is False


def test_a_server_that_greets_and_then_says_nothing_is_given_up(tmp_path: Path) -> None:
    database = demo_sqlite()
    with socket.create_server(("127.0.0.1", 0)) as mute:

        def greet() -> None:
            with suppress(OSError):  # the test is over
                while True:
                    greeted.append(mute.accept()[0])
                    greeted[-1].sendall(b"220 mute\r\n")

        greeted: list[socket.socket] = []
        threading.Thread(target=greet, daemon=True).start()
        uri = f"smtp://127.0.0.1:{mute.getsockname()[1]}?timeout=1"
        config = config_with(database, tmp_path, f"\n[email]\nuri = {uri}\n")
        assert answer(config, database, "x", "it@muster.example") is False
        for each in greeted:
            each.close()
        assert len(greeted) == 1


def test_an_address_that_is_none_is_a_no(sink: Sink, tmp_path: Path) -> None:
    database = demo_sqlite()
    port = sink.server_address[1]
    config = config_with(database, tmp_path, f"\n[email]\nuri = smtp://127.0.0.1:{port}\n")
    assert answer(config, database, "x", "it@muster.example, thief@acme.example") is False
    assert sink.received == []


@given(subject=st.text(), sender=st.sampled_from(["erp@muster.example", "a@b.c\r\nBcc: d@e.f"]))
def test_no_text_begins_another_header(subject: str, sender: str) -> None:
    mail = Mail(to=("it@muster.example",), subject=subject, text="x")
    written = compose(mail, sender).as_bytes()
    names = {line.partition(b":")[0] for line in written.partition(b"\n\n")[0].split(b"\n")
             if not line.startswith((b" ", b"\t"))}  # fmt: skip
    assert names <= {b"From", b"To", b"Subject", b"Content-Type", b"MIME-Version",
                     b"Content-Transfer-Encoding"}  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "query"),
    [("smtp://mail:25", "timeout=60"), ("smtp://mail:25?timeout=5", "timeout=5"),
     ("smtps://a:b@mail?local_hostname=erp", "local_hostname=erp&timeout=60")],
)  # fmt: skip
def test_a_server_that_never_answers_is_given_up(uri: str, query: str) -> None:
    assert patient(uri) == f"{uri.partition('?')[0]}?{query}"


PIECES = st.sampled_from(
    ["\r\n", "=?utf-8?q?", "=?utf-8?b?", "=0A", "Cg==", "?=", "Bcc:", "../", "\\", ";", '"', "'",
     "filename=", "*0*=", "\x00", "\u2028", "%0A", "Ü", " ", "x"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES).map("".join)))
def test_no_attachments_name_begins_a_header_or_leads_to_a_folder(name: str) -> None:
    mail = Mail(to=("it@muster.example",), subject="x", text="x", attachments={f"{name}.txt": "y"})
    written = compose(mail, "erp@muster.example").as_bytes(policy=policy.SMTP)
    message = message_from_bytes(written, policy=policy.default)
    assert isinstance(message, EmailMessage)
    (attached,) = message.iter_attachments()
    assert {key.lower() for key in attached.keys()} <= {  # noqa: SIM118 - keys may repeat
        "content-type", "content-transfer-encoding", "content-disposition", "mime-version",
    }
    assert attached.get_content().strip() == "y"
    said = attached.get_filename() or ""
    assert said.isprintable()
    assert said.endswith(".txt")
    assert not {"/", "\\"} & set(said)


if __name__ == "__main__":
    send(*sys.argv[1:])
