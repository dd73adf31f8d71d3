"""What a job mails: to whom in which language, of what went well, and of every kind of failure."""

import os
import signal
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from pathlib import Path
from typing import Any

import pytest

from tests.tryton.module.nights import Nights, read
from tests.tryton.module.test_runs import until
from tests.tryton.test_host_mail import Sink, sinking

GERMAN = "(SELECT id FROM ir_lang WHERE code = 'de')"
ENGLISH = "(SELECT id FROM ir_lang WHERE code = 'en')"
CONTACT = 'contact = "Call Max"\n[host]\nname = "tryton"\n'


class Office(Nights):
    """Nights with a cheap company, and the mails that came since somebody last looked."""

    sink: Sink
    cheap: int
    toml: Path

    def only(self, company: int) -> dict[str, object]:
        return {"everyone": False, "companies": [("add", [company])]}

    def mails(self) -> dict[str, EmailMessage]:
        """The new mails, each under the address that it went to."""
        found, self.sink.received = self.sink.received, []
        mails = {}
        for envelope, each in found:
            (to,) = [line for line in envelope if line.upper().startswith("RCPT")]
            mails[to.partition("<")[2].rstrip(">")] = read(each)
        assert len(mails) == len(found)
        return mails

    def mail(self) -> EmailMessage:
        ((_to, mail),) = self.mails().items()
        return mail


def text(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return content(body)


def content(part: "MIMEPart[Any, Any]") -> str:
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with sinking() as sink:
        folder = tmp_path_factory.mktemp("mails")
        toml = folder / "sichern.toml"
        toml.write_text(CONTACT)
        office = Office(folder, sink.server_address[1], config=str(toml))
        office.sink, office.toml = sink, toml
        (office.cheap,) = office.tryton.ask("companies", "chef", 1)
        office.sql(f"UPDATE res_user SET language = {ENGLISH} WHERE login = 'chef'")
        office.sql(
            f"UPDATE res_user SET email = 'Anna@Muster.example', language = {GERMAN}"
            " WHERE login = 'anna'"
        )
        yield office
        office.tryton.close()


@pytest.fixture(autouse=True)
def alone(office: Office) -> Iterator[None]:
    """Each test has its own jobs, and nobody else's mail."""
    yield
    office.settled()
    office.sql("UPDATE sichern_job SET active = 0")
    office.sink.received = []


def test_who_is_a_user_reads_their_own_language_others_the_job_owners(
    office: Office,
) -> None:
    job = office.job(
        name="Sprachen", mail_to="anna@muster.example, it@muster.example",
        **office.only(office.cheap),
    )
    assert office.run(job)["mailed"] == "yes"
    mails = office.mails()
    assert mails["anna@muster.example"]["Subject"].startswith("Sicherung: vollständig")
    assert mails["it@muster.example"]["Subject"].startswith("Backup: complete")
    for mail in mails.values():
        assert mail.is_multipart()
        (protocol,) = mail.iter_attachments()
        assert protocol.get_filename() == f"{office.cheap}.txt"
        assert content(protocol) == text(mail)


def test_warnings_stand_in_the_subject_and_in_the_text(office: Office) -> None:
    ((path,),) = office.sql(
        "SELECT file_id FROM ir_attachment WHERE file_id IS NOT NULL ORDER BY id LIMIT 1"
    )
    (file,) = office.database.documents.rglob(path)
    file.unlink()
    shown = office.run(office.job(name="Lücke", mail_to="it@muster.example", **office.only(1)))
    assert shown["state"] == "complete-with-warnings"
    mail = office.mail()
    assert mail["Subject"].startswith("Backup: complete with warnings")
    assert "Result: complete with warnings" in text(mail)
    assert "Warnings\n-" in text(mail)


def test_a_destination_that_is_allowed_no_more_is_mailed(office: Office) -> None:
    job = office.job(name="Weg", mail_to="it@muster.example", **office.only(office.cheap))
    office.sql("UPDATE sichern_job SET destination = '/mnt/gone' WHERE id = ?", job)
    shown = office.run(job)
    assert (shown["state"], shown["mailed"]) == ("failed", "yes")
    mail = office.mail()
    assert mail["Subject"] == "Backup: failed (Billig 0)"
    assert "error: this folder is not among those that were allowed: /mnt/gone" in text(mail)
    assert "hint: " in text(mail)
    assert "Call Max" in text(mail)
    (protocol,) = mail.iter_attachments()
    assert protocol.get_filename() == f"{office.cheap}.txt"
    assert office.tryton.ask("alarm", "chef", job) == "the last run failed"


def test_a_configuration_that_cannot_be_read_is_mailed(office: Office) -> None:
    job = office.job(name="Kaputt", mail_to="it@muster.example", **office.only(office.cheap))
    office.toml.write_text("contact = ")
    try:
        shown = office.run(job)
    finally:
        office.toml.write_text(CONTACT)
    assert (shown["state"], shown["mailed"]) == ("failed", "yes")
    assert "error: the configuration" in text(office.mail())


def test_an_error_that_nobody_foresaw_is_mailed(office: Office) -> None:
    job = office.job(name="Quer", mail_to="it@muster.example", **office.only(office.cheap))
    office.sql(
        "CREATE TRIGGER damage AFTER UPDATE OF pid ON sichern_run BEGIN"
        " UPDATE sichern_run SET way = 'sideways' WHERE id = NEW.id; END"
    )
    try:
        shown = office.run(job)
    finally:
        office.sql("DROP TRIGGER damage")
    assert (shown["state"], shown["mailed"]) == ("failed", "yes")
    assert "an unexpected error ended the run: ValueError" in text(office.mail())


def test_a_job_without_a_tenant_is_mailed_under_its_name_in_the_servers_language(
    office: Office,
) -> None:
    office.sql("UPDATE res_user SET language = NULL WHERE login = 'chef'")
    office.sql("UPDATE ir_configuration SET language = 'de'")
    job = office.job(name="Leer", mail_to="it@muster.example", **office.only(office.cheap))
    office.sql('DELETE FROM "sichern_job-company_company" WHERE job = ?', job)
    shown = office.run(job)
    office.sql(f"UPDATE res_user SET language = {ENGLISH} WHERE login = 'chef'")
    assert (shown["state"], shown["mailed"]) == ("failed", "yes")
    mail = office.mail()
    assert mail["Subject"] == "Sicherung: fehlgeschlagen (Leer)"
    assert "keinen Mandanten" in text(mail)


def test_a_run_whose_process_is_gone_is_mailed_once(office: Office) -> None:
    job = office.job(name="Tot", mail_to="it@muster.example", **office.only(1))
    office.tryton.ask("start_job", "chef", job)
    number = max(row[0] for row in office.sql("SELECT id FROM sichern_run"))
    until(lambda: office.tryton.ask("show", "chef", number)["pid"], 0.01)
    os.kill(office.tryton.ask("show", "chef", number)["pid"], signal.SIGKILL)
    until(lambda: office.tryton.ask("show", "chef", number)["mailed"] == "yes")
    assert office.tryton.ask("show", "chef", number)["state"] == "failed"
    assert "the process of this run ended before the run did" in text(office.mail())


def test_what_nobody_told_is_told_by_the_scheduler(office: Office) -> None:
    office.run(office.job(name="Still", mail_to="it@muster.example", **office.only(office.cheap)))
    office.mail()
    ((run,),) = office.sql("SELECT max(id) FROM sichern_run")
    office.sql("UPDATE sichern_run SET mailed = NULL WHERE id = ?", run)
    office.tryton.ask("run_due", "chef")
    until(lambda: office.tryton.ask("show", "chef", run)["mailed"] == "yes")
    assert "Billig 0" in office.mail()["Subject"]
    office.tryton.ask("run_due", "chef")
    assert office.mails() == {}


def test_a_job_that_cannot_be_started_is_a_failure_that_is_mailed_and_stops_no_other(
    office: Office,
) -> None:
    jobs = {
        name: office.job(
            name=name, nightly=True, mail_to="it@muster.example", **office.only(office.cheap)
        )
        for name in ("Davor", "Mitten", "Zuletzt")
    }
    office.sql("UPDATE sichern_job SET time = '00:00:00'")
    office.sql("UPDATE sichern_job SET documents = 'nowhere' WHERE name = 'Mitten'")
    office.tryton.ask("run_due", "chef")
    office.settled()
    office.tryton.ask("run_due", "chef")
    runs = office.sql(
        "SELECT job.name, run.state FROM sichern_run run JOIN sichern_job job ON job.id = run.job"
        " WHERE job.active ORDER BY job.name"
    )
    assert [name for name, _ in runs] == ["Davor", "Mitten", "Zuletzt"]
    assert [state == "failed" for _, state in runs] == [False, True, False]
    subjects = sorted(read(each)["Subject"] for _, each in office.sink.received)
    assert subjects == [*["Backup: complete (Billig 0)"] * 2, "Backup: failed (Mitten)"]
    alarms = {name: office.tryton.ask("alarm", "chef", job) for name, job in jobs.items()}
    assert alarms == {"Davor": "", "Mitten": "the last run failed", "Zuletzt": ""}
