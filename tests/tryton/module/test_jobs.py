"""Nightly jobs: once a night, one mail for all tenants, only so many pairs as are to be kept."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sichern.hosts.tryton.due import is_due
from tests.support.module import demo_with_module
from tests.support.tryton import copy_sqlite, environment
from tests.tryton.module.running import Refused, Tryton
from tests.tryton.module.test_runs import GOING_ON, until
from tests.tryton.test_host_mail import Sink, sink

__all__ = ["sink"]
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = "2020-01-01 00:00:00"


class Nights:
    """A Tryton with a mail server, an allowed folder and jobs."""

    def __init__(self, folder: Path, port: int) -> None:
        self.to = folder / "Sicherungen"
        self.to.mkdir()
        self.database = copy_sqlite(demo_with_module(), folder / "tryton")
        parser = ConfigParser(interpolation=None)
        parser.read(self.database.config, encoding="utf-8")
        parser["sichern"] = {"destinations": f"\n{self.to}"}
        parser["email"] = {"uri": f"smtp://127.0.0.1:{port}", "from": "erp@muster.example"}
        with self.database.config.open("w", encoding="utf-8") as file:
            parser.write(file)
        self.tryton = Tryton(self.database)

    def sql(self, statement: str, *values: object) -> list[Any]:
        return self.database.sql(statement, *values)

    def job(self, **values: object) -> int:
        said = {
            "name": "Nachts", "destination": str(self.to), "everyone": True, "nightly": False,
            **values,
        }
        return int(self.tryton.ask("save_job", "chef", said))

    def run(self, job: int) -> dict[str, Any]:
        self.tryton.ask("start_job", "chef", job)
        return self.last()

    def last(self) -> dict[str, Any]:
        ((run,),) = self.sql("SELECT max(id) FROM sichern_run")
        until(lambda: self.tryton.ask("show", "chef", run)["state"] not in GOING_ON)
        return dict(self.tryton.ask("show", "chef", run))

    def pairs(self) -> list[str]:
        return sorted(path.name for path in self.to.glob("*.ztx"))


@pytest.fixture
def nights(tmp_path: Path, sink: Sink) -> Iterator[Nights]:
    nights = Nights(tmp_path, sink.server_address[1])
    yield nights
    nights.tryton.close()


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


# --- when --------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25), dt.date(2026, 6, 1)])
@pytest.mark.parametrize("time", [dt.time(1, 30), dt.time(2, 30), dt.time(3, 30)])
def test_a_night_starts_a_job_once_whatever_clocks_do(day: dt.date, time: dt.time) -> None:
    clock = dt.datetime.combine(day, dt.time(0), BERLIN).astimezone(dt.UTC)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0), BERLIN)
    last, starts = day - dt.timedelta(days=1), []
    while clock < end:
        here = clock.astimezone(BERLIN)
        if is_due(here, time, last):
            last = here.date()
            starts.append(here.time())
        clock += dt.timedelta(minutes=10)
    assert len(starts) == 1
    assert starts[0] >= time


def test_two_schedulers_at_once_start_a_job_once(nights: Nights) -> None:
    job = nights.job(nightly=True)
    nights.sql("UPDATE sichern_job SET time = '00:00:00' WHERE id = ?", job)
    other = Tryton(nights.database)
    for each in (nights.tryton, other):
        assert each.process.stdin is not None
        each.process.stdin.write('["run_due", "chef"]\n')
        each.process.stdin.flush()
    for each in (nights.tryton, other):
        assert each.process.stdout is not None
        each.process.stdout.readline()
    other.close()
    assert nights.sql("SELECT count(*) FROM sichern_run") == [(1,)]
    assert nights.last()["state"] in {"complete", "warnings"}


def test_a_job_whose_user_is_gone_does_not_keep_others_from_starting(nights: Nights) -> None:
    for name in ("Alt", "Neu"):
        nights.job(name=name, nightly=True)
    nights.sql("UPDATE sichern_job SET time = '00:00:00'")
    nights.sql(
        "UPDATE sichern_job SET user = (SELECT id FROM res_user WHERE login = 'anna')"
        " WHERE name = 'Alt'"
    )
    nights.sql("UPDATE res_user SET active = 0 WHERE login = 'anna'")
    nights.tryton.ask("run_due", "chef")
    until(lambda: not nights.sql(
        "SELECT id FROM sichern_run WHERE state IN ('waiting', 'running')"
    ))
    states = dict(nights.sql(
        "SELECT job.name, run.state FROM sichern_run run JOIN sichern_job job ON job.id = run.job"
    ))
    assert states["Alt"] == "failed"
    assert states["Neu"] in {"complete", "warnings"}


# --- mail --------------------------------------------------------------------------------------


def test_one_mail_tells_of_all_tenants_and_no_name_adds_a_header(
    nights: Nights, sink: Sink
) -> None:
    nights.sql(
        "UPDATE party_party SET name = ? WHERE id = (SELECT party FROM company_company"
        " WHERE id = 2)", "Acme\r\nBcc: thief@acme.example =?utf-8?q?=0ABcc:_x@y.z?=",
    )
    shown = nights.run(nights.job(mail_to="it@muster.example, chefin@muster.example"))
    assert len(shown["tenants"]) == 2
    assert shown["mailed"] == "yes"
    ((envelope, content),) = sink.received
    assert sorted(line.split(" ")[1] for line in envelope if line.upper().startswith("RCPT")) == [
        "TO:<chefin@muster.example>", "TO:<it@muster.example>",
    ]  # fmt: skip
    message = read(content)
    assert message["Bcc"] is None
    assert message.is_multipart()
    assert "Muster GmbH" in message.as_string()
    assert list(message.iter_attachments())


def test_a_failure_is_mailed_too_and_a_dead_mail_server_is_an_alarm(
    nights: Nights, sink: Sink
) -> None:
    job = nights.job(mail_to="it@muster.example")
    assert nights.tryton.ask("alarm", "chef", job) == ""
    nights.sql("UPDATE account_invoice SET invoice_date = '30.02.2026' WHERE company = 1")
    shown = nights.run(job)
    assert shown["state"] == "failed-in-part"
    assert len(sink.received) == 1
    sink.shutdown()
    sink.server_close()
    assert nights.run(job)["mailed"] == "no"
    assert nights.tryton.ask("alarm", "chef", job) != ""


@pytest.mark.parametrize(
    ("cause", "said"), [("folder", "erlaubten: /not/allowed"), ("user", "keinen aktiven Benutzer")]
)
def test_a_run_that_ends_before_its_first_tenant_is_mailed_too(
    nights: Nights, sink: Sink, cause: str, said: str
) -> None:
    nights.job(nightly=True, mail_to="it@muster.example")
    nights.sql("UPDATE sichern_job SET time = '00:00:00'")
    if cause == "folder":
        nights.sql("UPDATE sichern_job SET destination = '/not/allowed'")
    else:
        nights.sql("UPDATE sichern_job SET user = (SELECT id FROM res_user WHERE login = 'anna')")
        nights.sql("UPDATE res_user SET active = 0 WHERE login = 'anna'")
    nights.tryton.ask("run_due", "chef")
    shown = nights.last()
    assert (shown["state"], shown["mailed"]) == ("failed", "yes")
    ((_, content),) = sink.received
    message = read(content)
    assert "fehlgeschlagen" in message["Subject"]
    body = message.get_body()
    assert body is not None
    assert said in body.get_content()


def test_a_run_whose_process_was_killed_is_mailed_by_who_notices(
    nights: Nights, sink: Sink
) -> None:
    job = nights.job(mail_to="it@muster.example")
    nights.tryton.ask("start_job", "chef", job)
    running = "SELECT id, pid FROM sichern_run WHERE state = 'running'"
    until(lambda: bool(nights.sql(running)), 0.01)
    ((run, pid),) = nights.sql(running)
    os.kill(pid, signal.SIGKILL)
    until(lambda: nights.tryton.ask("show", "chef", run)["mailed"] == "yes")
    ((_, content),) = sink.received
    assert "fehlgeschlagen" in read(content)["Subject"]


def test_each_recipient_reads_their_own_language_and_warnings_are_said(
    nights: Nights, sink: Sink
) -> None:
    nights.sql("UPDATE res_user SET email = 'admin@muster.example' WHERE login = 'admin'")
    nights.sql("UPDATE res_user SET language = (SELECT id FROM ir_lang WHERE code = 'en')"
               " WHERE login = 'admin'")
    next(path for path in nights.database.documents.rglob("*") if path.is_file()).unlink()
    shown = nights.run(nights.job(mail_to="it@muster.example, admin@muster.example"))
    assert shown["state"] == "complete-with-warnings"
    subjects = {}
    for _, content in sink.received:
        message = read(content)
        subjects[message["To"]] = message["Subject"]
        assert len(list(message.iter_attachments())) == 2
    assert subjects["it@muster.example"].startswith("Sicherung: vollständig, mit Warnungen")
    assert subjects["admin@muster.example"].startswith("Backup: complete with warnings")


def test_a_job_without_success_for_longer_than_its_limit_is_an_alarm(nights: Nights) -> None:
    job = nights.job(nightly=True)
    assert nights.tryton.ask("alarm", "chef", job) == ""
    nights.sql("UPDATE sichern_job SET create_date = ?", LONG_AGO)
    assert nights.tryton.ask("alarm", "chef", job) != ""


# --- what is kept ------------------------------------------------------------------------------


def test_older_pairs_go_after_a_newer_one_is_checked_and_strange_files_stay(
    nights: Nights,
) -> None:
    strange = nights.to / "muster-gmbh_2020-01-01T000000Z.ztx"
    strange.write_text("{}")
    job = nights.job(everyone=False, companies=[("add", [1])], keep=1)
    first = nights.run(job)["tenants"][0]
    assert first["checked"]
    second = nights.run(job)["tenants"][0]
    assert second["checked"]
    assert not any(Path(file).exists() for file in first["files"])
    assert all(Path(file).exists() for file in second["files"])
    nights.sql("UPDATE account_invoice SET invoice_date = '30.02.2026' WHERE company = 1")
    assert nights.run(job)["state"] == "failed"
    assert all(Path(file).exists() for file in second["files"])
    assert strange.exists()


def test_all_except_leaves_those_out(nights: Nights) -> None:
    shown = nights.run(nights.job(excluded=[("add", [1])]))
    assert [each["key"] for each in shown["tenants"]] == ["2"]


# --- before ------------------------------------------------------------------------------------


def test_a_company_goes_only_once_it_is_backed_up(nights: Nights) -> None:
    (company,) = nights.tryton.ask("companies", "chef", 1)
    nights.job(before_deletion=True)
    nights.sql('DELETE FROM "res_user-company_company" WHERE company = ?', company)
    with pytest.raises(Refused, match="Nachts"):
        nights.tryton.ask("delete", "chef", company)
    assert nights.sql("SELECT id FROM company_company WHERE id = ?", company)
    assert nights.pairs() == []
    nights.sql(
        'INSERT INTO "res_user-company_company" (user, company)'
        " SELECT id, ? FROM res_user WHERE login = 'chef'", company,
    )
    nights.tryton.ask("delete", "chef", company)
    assert not nights.sql("SELECT id FROM company_company WHERE id = ?", company)
    assert len(nights.pairs()) == 1


def test_the_command_before_an_upgrade_backs_up_or_says_no(nights: Nights) -> None:
    nights.job(before_upgrade=True)
    command = [
        sys.executable, "-m", "sichern.hosts.tryton.before_upgrade", str(nights.database.config),
        nights.database.name,
    ]
    use = {"env": environment(nights.database.uri), "capture_output": True, "text": True}
    done = subprocess.run(command, check=False, timeout=120, **use)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert len(nights.pairs()) == 2
    nights.sql("UPDATE account_invoice SET invoice_date = '30.02.2026' WHERE company = 1")
    done = subprocess.run(command, check=False, timeout=120, **use)  # type: ignore[call-overload]
    assert done.returncode == 1
    assert "Nachts" in done.stderr
