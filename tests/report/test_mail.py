"""The mail: one for all tenants of a run, sent by the ERP, and no name adds to its envelope."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sichern.hosts.tryton.mail import compose
from sichern.report.mail import protocol_mail
from sichern.report.protocol import Protocol
from tests.report.making import COMPLETE, FAILED, report
from tests.support.sichern import sichern
from tests.support.tryton import TrytonDatabase, copy_sqlite, demo_sqlite, run_tryton
from tests.tryton.test_host_mail import Sink, sink

__all__ = ["sink"]

EVIL = "Evil GmbH\r\nBcc: thief@example.com\r\n\r\n=?utf-8?q?=0ABcc=3A_thief=40example.com?="
RENAME = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("update party_party set name = ? where id in (select party from"
                   " company_company)", (sys.argv[2],))
connection.commit()
"""


def named(name: str) -> Protocol:
    return Protocol(**{**vars(COMPLETE), "tenant": name})


def test_the_subject_tells_the_worst_outcome_and_the_tenants() -> None:
    mail = protocol_mail(report(COMPLETE, FAILED), ["it@example.com"], "de", "Tel. 123")
    assert mail.subject == "Sicherung: fehlgeschlagen (Müller & Söhne GmbH, Müller & Söhne GmbH)"
    assert sorted(mail.attachments) == ["1.txt", "2.txt"]
    assert "Tel. 123" in mail.text
    assert "Tel. 123" not in mail.attachments["1.txt"]
    assert mail.to == ("it@example.com",)


PIECES = st.sampled_from(
    ["\r\n", "\n", "=?utf-8?q?", "=?utf-8?b?", "=0A", "=0D=0A", "Cg==", "?=", "Bcc:", "_", " ",
     "thief@example.com", "\x00", "\u2028", "\x85", "=", "?", "Ü"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(PIECES).map("".join)), st.text(max_size=20))
@settings(max_examples=500)
def test_no_name_adds_a_header_or_a_recipient(name: str, contact: str) -> None:
    mail = protocol_mail(report(named(name), FAILED), ["it@example.com"], "en", contact)
    message = compose(mail, "erp@example.com")
    parsed = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert {key.lower() for key in parsed.keys()} == {  # noqa: SIM118 - keys may repeat
        "from", "to", "subject", "mime-version", "content-type",
    }
    assert len(parsed.keys()) == 5
    assert [address.addr_spec for address in parsed["To"].addresses] == ["it@example.com"]


@pytest.fixture
def system(tmp_path: Path) -> TrytonDatabase:
    """A Tryton whose companies have a name that tries to add a recipient."""
    copy = copy_sqlite(demo_sqlite(), tmp_path / "erp")
    run_tryton(["-c", RENAME, str(copy.file), EVIL], copy.uri)
    return copy


def configured(system: TrytonDatabase, port: int, folder: Path) -> Path:
    with system.config.open("a", encoding="utf-8") as file:
        file.write(f"\n[email]\nuri = smtp://127.0.0.1:{port}\nfrom = erp@example.com\n")
    config = folder / "sichern.toml"
    config.write_text(
        f'[host]\nname = "tryton"\nconfig = "{system.config}"\ndatabase = "{system.name}"\n',
        encoding="utf-8",
    )
    (folder / "drive").mkdir()
    return config


def test_the_command_mails_the_protocol_of_success_and_of_failure(
    system: TrytonDatabase, sink: Sink, tmp_path: Path
) -> None:
    config = configured(system, int(sink.server_address[1]), tmp_path)
    asked = ["--config", str(config)]
    asked += ["--mail-to", "it@example.com", "--mail-to", "boss@example.com"]
    done = sichern("backup", "1", "--to", tmp_path / "drive", *asked, "--lang", "de", "--json")
    assert (done.status, done.data["mailed"]) == (0, True), done.out
    failed = sichern("backup", "1", "--to", tmp_path / "gone", *asked)
    assert failed.status == 1
    assert len(sink.received) == 2
    for (envelope, content), subject in zip(
        sink.received, ("Sicherung: vollständig", "Backup: failed"), strict=True
    ):
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert message["Subject"].startswith(subject)
        assert "Evil GmbH Bcc: thief@example.com" in message["Subject"]
        assert message["Bcc"] is None
        # The envelope decides who gets it.
        assert [line for line in envelope if "RCPT" in line.upper()] == [
            line for line in envelope if "it@example.com" in line or "boss@example.com" in line
        ]
        assert "thief" not in "".join(envelope)
        (attachment,) = message.iter_attachments()
        assert attachment.get_filename() == "1.txt"


def test_a_mail_server_that_is_down_turns_success_into_a_warning(
    system: TrytonDatabase, sink: Sink, tmp_path: Path
) -> None:
    config = configured(system, 1, tmp_path)
    done = sichern(
        "backup", "1", "--to", tmp_path / "drive", "--config", config,
        "--mail-to", "it@example.com", home=tmp_path,
    )
    assert done.status == 3
    assert "could not be mailed" in done.err
    assert "Traceback" not in done.err
    assert len(list((tmp_path / "drive").iterdir())) == 2
    assert sink.received == []
