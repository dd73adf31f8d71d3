"""The grammar of member names: what may be in an archive, and nothing else."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sichern.archive.errors import TableNameTooLong

README = "README.txt"
SCHEMA = "schema.json"
PROTOCOL = "protocol.json"
DOCUMENTS = "documents.tsv"
COUNTERS = "counters.tsv"
REFERENCES = "references.tsv"

SINGLE = (README, SCHEMA, DOCUMENTS, COUNTERS, REFERENCES, PROTOCOL)

_NAME = re.compile(
    r"(?P<folder>data|identities)/(?P<table>(?:[a-z0-9_-]|%[0-9A-F]{2})+)/(?P<number>[0-9]{5,9})\.tsv"
    r"|documents/(?P<sha256>[0-9a-f]{64})"
)
_PLAIN = re.compile(rb"[a-z0-9_-]")
_DEVICE = re.compile(rb"(con|prn|aux|nul|com[0-9]|lpt[0-9])")
_LONGEST = 200


class Kind(StrEnum):
    """What a member is."""

    SINGLE = "single"
    DATA = "data"
    IDENTITIES = "identities"
    DOCUMENT = "documents"


@dataclass(frozen=True, kw_only=True)
class MemberName:
    """A member's name taken apart: `table` and `number` for rows, else None and 0."""

    kind: Kind
    table: str | None = None
    number: int = 0


def encode_table(table: str) -> str:
    """Give a table's name as a folder: bytes other than a-z, 0-9, _ and - become %XX.

    Upper case is encoded as well, so that no two tables meet in a folder on Windows, and so
    is the first letter of a device's name.
    """
    raw = table.encode()
    device = _DEVICE.fullmatch(raw) is not None
    text = "".join(
        chr(byte)
        if _PLAIN.fullmatch(raw[place : place + 1]) and not (device and place == 0)
        else f"%{byte:02X}"
        for place, byte in enumerate(raw)
    )
    if not text or len(text) > _LONGEST:
        raise TableNameTooLong(table=table, longest=_LONGEST)
    return text


def _decode_table(text: str) -> str | None:
    raw = re.sub(r"%(..)", lambda found: chr(int(found[1], 16)), text).encode("latin-1")
    try:
        table = raw.decode()
        return table if encode_table(table) == text else None
    except (UnicodeDecodeError, TableNameTooLong):
        return None


def rows_member(kind: Kind, table: str, number: int) -> str:
    """Give the name of chunk `number` (from 1) of a table's rows or identities."""
    return f"{kind}/{encode_table(table)}/{number:05d}.tsv"


def document_member(sha256: str) -> str:
    """Give the name of a document of the Belegarchiv."""
    return f"documents/{sha256}"


def parse_member(name: str) -> MemberName | None:
    """Take a member's name apart; None where it is not one of ours."""
    if name in SINGLE:
        return MemberName(kind=Kind.SINGLE)
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    if found["sha256"]:
        return MemberName(kind=Kind.DOCUMENT)
    table, number = _decode_table(found["table"]), int(found["number"])
    if table is None or number == 0 or f"{number:05d}" != found["number"]:
        return None
    return MemberName(kind=Kind(found["folder"]), table=table, number=number)
