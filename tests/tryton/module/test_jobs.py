"""Nightly jobs: once a night, one mail for all tenants, only so many pairs as are to be kept."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sichern.hosts.tryton.due import is_due
from tests.support.tryton import environment
from tests.tryton.module.nights import Nights, read
from tests.tryton.module.running import Refused, Tryton
from tests.tryton.test_host_mail import Sink, sink

__all__ = ["sink"]
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = "2020-01-01 00:00:00"


@pytest.fixture
def nights(tmp_path: Path, sink: Sink) -> Iterator[Nights]:
    nights = Nights(tmp_path, sink.server_address[1])
    yield nights
    nights.tryton.close()


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


def test_a_job_whose_user_is_gone_does_not_keep_others_from_starting(
    nights: Nights, sink: Sink
) -> None:
    for name in ("Alt", "Neu"):
        nights.job(name=name, nightly=True, mail_to="it@muster.example")
    nights.sql("UPDATE sichern_job SET time = '00:00:00'")
    nights.sql(
        "UPDATE sichern_job SET user = (SELECT id FROM res_user WHERE login = 'anna')"
        " WHERE name = 'Alt'"
    )
    nights.sql("UPDATE res_user SET active = 0 WHERE login = 'anna'")
    nights.tryton.ask("run_due", "chef")
    nights.settled()
    states = dict(nights.sql(
        "SELECT job.name, run.state FROM sichern_run run JOIN sichern_job job ON job.id = run.job"
    ))
    assert states["Alt"] == "failed"
    assert states["Neu"] in {"complete", "warnings"}
    subjects = [read(content)["Subject"] for _, content in sink.received]
    assert [subject for subject in subjects if "(Alt)" in subject] == [
        "Sicherung: fehlgeschlagen (Alt)"
    ]


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
    assert [each.get_filename() for each in message.iter_attachments()] == ["2.txt", "1.txt"]
    files = {Path(file).name for each in shown["tenants"] for file in each["files"]}
    assert files == {path.name for path in nights.to.iterdir()}
    assert sum(name.startswith("acme-bcc-thief-acme-example-") for name in files) == 2


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


def test_a_job_of_no_tenant_and_an_alarm_after_nothing_are_not_saved(nights: Nights) -> None:
    with pytest.raises(Refused, match="no tenant was chosen"):
        nights.job(everyone=False)
    with pytest.raises(Refused, match="Alarm"):
        nights.job(limit=0)
    nights.job(everyone=False, companies=[("add", [1])])


def test_who_sees_all_tenants_sees_the_jobs_of_all_users(nights: Nights) -> None:
    nights.job(before_deletion=True)
    assert nights.tryton.ask("shown_jobs", "admin") == {}
    nights.sql(
        'INSERT INTO "res_user-company_company" (user, company)'
        " SELECT res_user.id, company_company.id FROM res_user, company_company"
        " WHERE login = 'admin'"
    )
    nights.sql("UPDATE res_user SET active = 0 WHERE login = 'chef'")
    assert nights.tryton.ask("shown_jobs", "admin") == {"Nachts": ""}


def test_a_job_is_started_once_at_a_time_and_copied_under_another_name(nights: Nights) -> None:
    job = nights.job()
    nights.tryton.ask("start_job", "chef", job)
    with pytest.raises(Refused, match="Nachts is running already"):
        nights.tryton.ask("start_job", "chef", job)
    nights.settled()
    nights.tryton.ask("start_job", "chef", job)
    nights.settled()
    assert nights.sql("SELECT count(*) FROM sichern_run") == [(2,)]
    assert nights.tryton.ask("copy_job", "chef", job) == "Nachts (2)"
    assert nights.tryton.ask("copy_job", "chef", job) == "Nachts (3)"


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
    # One tenant is safe; of whether the job backs up all of its tenants that says nothing.
    assert nights.tryton.ask("shown_jobs", "chef") == {"Nachts": ""}


def test_a_backup_that_fails_keeps_the_company_and_says_why(nights: Nights) -> None:
    nights.job(before_deletion=True)
    nights.sql("UPDATE account_invoice SET invoice_date = '30.02.2026' WHERE company = 1")
    with pytest.raises(Refused, match="Nachts") as refused:
        nights.tryton.ask("delete", "chef", 1)
    assert "30.02.2026" in str(refused.value)
    assert nights.sql("SELECT id FROM company_company WHERE id = 1")
    assert nights.pairs() == []


def test_modules_are_upgraded_only_once_their_companies_are_backed_up(nights: Nights) -> None:
    job = nights.job(before_upgrade=True, everyone=False, companies=[("add", [2])])
    state = "SELECT state FROM ir_module WHERE name = 'sichern'"
    nights.sql("UPDATE ir_module SET state = 'to upgrade' WHERE name = 'sichern'")
    link = nights.sql('SELECT user, company FROM "res_user-company_company" WHERE company = 2')
    nights.sql('DELETE FROM "res_user-company_company" WHERE company = 2')
    session = nights.tryton.ask("open_upgrade", "chef")
    # A job that finds no tenant any more is no reason to go on without a backup.
    with pytest.raises(Refused, match="Nachts"):
        nights.tryton.ask("upgrade", "chef", session)
    assert nights.sql(state) == [("to upgrade",)]
    for user, company in link:
        nights.sql('INSERT INTO "res_user-company_company" (user, company) VALUES (?, ?)',
                   user, company)
    nights.tryton.ask("upgrade", "chef", session)
    assert nights.sql(state) == [("activated",)]
    assert nights.tryton.ask("alarm", "chef", job) == ""
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
