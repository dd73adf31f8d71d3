"""The protocol as data and as text: what it says in either language lies beside this file."""

import json
from pathlib import Path

import pytest

from sichern.report.mail import loaded
from sichern.report.protocol import Protocol, ProtocolSchema
from sichern.report.text import protocol_text, size_text
from tests.report.making import COMPLETE, FAILED

CONTACT = "ERP-Support, +49 30 123456, 8-18 h"
GOLDEN = {"complete": COMPLETE, "failed": FAILED}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", GOLDEN)
def test_the_text_is_the_one_that_was_approved(name: str, language: str) -> None:
    approved = Path(__file__).with_name(f"{name}.{language}.txt").read_text(encoding="utf-8")
    assert protocol_text(GOLDEN[name], language, CONTACT) == approved


@pytest.mark.parametrize("protocol", [COMPLETE, FAILED])
def test_a_protocol_survives_json(protocol: Protocol) -> None:
    data = json.loads(json.dumps(ProtocolSchema().dump(protocol)))
    assert loaded(data) == protocol


def test_the_contact_follows_an_error_and_nothing_else() -> None:
    assert CONTACT in protocol_text(FAILED, "de", CONTACT)
    assert CONTACT not in protocol_text(COMPLETE, "de", CONTACT)


def test_the_protocol_says_when_no_user_of_the_erp_was_named() -> None:
    assert "no user of the ERP was named" in protocol_text(FAILED, "en")
    assert "kein ERP-Benutzer genannt" in protocol_text(FAILED, "de")
    assert "Anna Schütz (anna)" in protocol_text(COMPLETE, "de")


@pytest.mark.parametrize(
    ("size", "german", "english"),
    [
        (0, "0 B", "0 B"), (999, "999 B", "999 B"), (1000, "1,0 kB", "1.0 kB"),
        (1_234_567, "1,2 MB", "1.2 MB"), (5_000_000_000_000_000, "5.000,0 TB", "5,000.0 TB"),
    ],
)  # fmt: skip
def test_sizes_are_decimal_as_people_read_them(size: int, german: str, english: str) -> None:
    assert (size_text(size, "de"), size_text(size, "en")) == (german, english)
