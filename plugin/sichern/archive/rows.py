"""Read every row of an archive by its schema: the part of a check that knows what a value is."""

from collections.abc import Iterator

from sichern.archive.errors import RowDamaged
from sichern.archive.info import Member
from sichern.archive.names import SCHEMA, Kind, parse_member
from sichern.schema.errors import MalformedRow, MalformedText
from sichern.schema.table import TableSchema, table_schema
from sichern.schema.tsv import lines
from sichern.tenancy.errors import ManifestDamaged
from sichern.tenancy.manifest_text import read_manifest

LONGEST_SCHEMA = 64 << 20
"""Bytes of `schema.json` that are read at most; hundreds of tables take one or two MB."""


class RowCheck:
    """Sees each member of a zip in order: `schema.json` first, then rows of its tables.

    Called for one pair only. Raises RowDamaged for a row that is not one of its table.
    """

    def __init__(self) -> None:
        self._schemas: dict[tuple[Kind, str], TableSchema] = {}
        self._damaged = False

    def __call__(self, member: Member, blocks: Iterator[bytes]) -> None:
        """Read the rows of one member; pass over what is no table."""
        if member.name == SCHEMA:
            self._damaged = True
            self._schemas = _read_schema(member, blocks)
            self._damaged = False
            return
        name = parse_member(member.name)
        # Of a damaged schema nothing follows for rows; that it is damaged is said already.
        if name is None or name.table is None or self._damaged:
            return
        schema = self._schemas.get((name.kind, name.table))
        if schema is None:
            raise _damaged(member, name.table)
        try:
            for line in lines(blocks):
                schema.load_line(line)
        except (MalformedText, MalformedRow) as error:
            raise _damaged(member, str(error)) from error


def _read_schema(member: Member, blocks: Iterator[bytes]) -> dict[tuple[Kind, str], TableSchema]:
    text = bytearray()
    for block in blocks:
        text += block
        if len(text) > LONGEST_SCHEMA:
            raise _damaged(member, f"> {LONGEST_SCHEMA}")
    try:
        described = read_manifest(bytes(text))
    except ManifestDamaged as error:
        raise _damaged(member, str(error.values["reason"])) from error
    return {
        (kind, name): table_schema(name, columns)
        for name, table in described.tables.items()
        for kind, columns in ((Kind.DATA, table.columns), (Kind.IDENTITIES, table.identity))
    }


def _damaged(member: Member, reason: str) -> RowDamaged:
    return RowDamaged(member=member.name, reason=reason)
