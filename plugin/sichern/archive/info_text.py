"""The info file as text: canonical JSON that carries its own SHA-256."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from sichern.archive.errors import ArchiveError, FormatTooNew, FormatTooOld, InfoDamaged
from sichern.archive.info import (
    CHUNK_HASHES,
    FORMAT,
    Info,
    InfoActor,
    InfoDocuments,
    InfoOptions,
    InfoTable,
    InfoTenant,
    Member,
    Volume,
    by_table,
    rows_of,
    table_hash,
)
from sichern.archive.names import Kind, parse_member
from sichern.archive.stems import DATA, DOCUMENTS, parse_stem, split_ending
from sichern_hooks import N_, Documents, Outcome, Role, SharedRows, SystemIdentity

OLDEST_FORMAT = 1
_HASH = "sha256"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_HEX = validate.Regexp(re.compile(r"[0-9a-f]{64}\Z"))
_COUNT = validate.Range(min=0, max=2**63 - 1)


class _Utc(fields.Field[datetime]):
    """A moment in UTC, in whole seconds: `2026-11-22T22:30:00Z`."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).strftime(_TIME)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            return datetime.strptime(value, _TIME).replace(tzinfo=UTC)
        except (TypeError, ValueError) as error:
            raise ValidationError("not a moment in UTC") from error


def _count(**options: Any) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=_COUNT, **options)


def _text(**options: Any) -> fields.String:
    return fields.String(required=True, **options)


class _Part(Schema):
    """A part whose fields are those of a dataclass."""

    made: Callable[..., Any]

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.made(**data)


class _ActorSchema(_Part):
    made = InfoActor
    login = _text(allow_none=True)
    name = _text()


class _TenantSchema(_Part):
    made = InfoTenant
    host = _text()
    key = _text()
    name = _text()


class _SystemSchema(_Part):
    made = SystemIdentity
    host = _text()
    host_version = _text()
    system = _text()
    database = _text()
    machine = _text()
    modules = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class _OptionsSchema(_Part):
    made = InfoOptions
    documents = fields.Enum(Documents, by_value=True, required=True)
    shared = fields.Enum(SharedRows, by_value=True, required=True)


class _VolumeSchema(_Part):
    made = Volume
    name = _text(validate=validate.Length(max=255))
    size = _count()
    sha256 = _text(validate=_HEX)


class _TableSchema(_Part):
    made = InfoTable
    name = _text()
    role = _text(validate=validate.OneOf([role.value for role in Role]))
    rows = _count()
    identities = _count()
    sha256 = _text(validate=_HEX)


class _Members(fields.Field[tuple[Member, ...]]):
    """The members: a field of its own, because a schema for each takes 3 s for 70,000."""

    _hex = re.compile(r"[0-9a-f]{64}")
    _keys = frozenset({"volume", "name", "size", "sha256", "rows"})

    def _serialize(self, value: tuple[Member, ...] | None, *_: Any, **__: Any) -> Any:
        return [
            {"volume": m.volume, "name": m.name, "size": m.size, "sha256": m.sha256, "rows": m.rows}
            for m in value or ()
        ]

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[Member, ...]:
        if not isinstance(value, list):
            raise ValidationError("not a list")
        return tuple(self._member(number, item) for number, item in enumerate(value))

    def _member(self, number: int, item: Any) -> Member:
        if not isinstance(item, dict) or item.keys() != self._keys:
            raise ValidationError(f"the keys of member {number}")
        volume, size, rows = item["volume"], item["size"], item["rows"]
        counts = (volume, size) if rows is None else (volume, size, rows)
        if not all(type(count) is int and 0 <= count < 2**63 for count in counts):
            raise ValidationError(f"a number of member {number}")
        name, sha256 = item["name"], item["sha256"]
        if not (isinstance(name, str) and isinstance(sha256, str) and self._hex.fullmatch(sha256)):
            raise ValidationError(f"a text of member {number}")
        return Member(volume=volume, name=name, size=size, sha256=sha256, rows=rows)


class _DocumentsSchema(_Part):
    made = InfoDocuments
    count = _count()
    bytes = _count()
    missing = _count()
    left_out = _count()


class InfoSchema(_Part):
    """The definition of the info file, but for `sha256`."""

    made = Info
    format = _count()
    sichern = _text()
    created = _Utc(required=True)
    actor = fields.Nested(_ActorSchema, required=True)
    tenant = fields.Nested(_TenantSchema, required=True)
    system = fields.Nested(_SystemSchema, required=True)
    options = fields.Nested(_OptionsSchema, required=True)
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    warnings = _count()
    volumes = fields.List(
        fields.Nested(_VolumeSchema), required=True, validate=validate.Length(min=1, max=2)
    )
    members = _Members(required=True)
    tables = fields.List(fields.Nested(_TableSchema), required=True)
    documents = fields.Nested(_DocumentsSchema, required=True)
    schema_fingerprint = _text(validate=_HEX)
    authentication = fields.Raw(
        required=True, allow_none=True, validate=validate.OneOf([None])
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        parts = {k: tuple(data.pop(k)) for k in ("volumes", "tables")}
        return self.made(**{**data, **parts})


_SCHEMA = InfoSchema()


@dataclass(frozen=True, kw_only=True)
class InfoText:
    """An info file as read: its content, and the SHA-256 that it carries."""

    info: Info
    sha256: str


def canonical(value: object) -> bytes:
    """Give JSON with sorted keys, without spaces, in UTF-8, with a line feed at its end."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode() + b"\n"


def write_info(info: Info) -> bytes:
    """Give the bytes of the info file."""
    content = _SCHEMA.dump(info)
    return canonical({**content, _HASH: hashlib.sha256(canonical(content)).hexdigest()})


def read_info(data: bytes, file: str) -> InfoText:
    """Read the bytes of an info file; `file` is its name for the errors.

    Raises InfoDamaged, and FormatTooNew or FormatTooOld where the bytes are sound.
    """
    content = _sound(data, file)
    sha256 = content.pop(_HASH)
    _check_format(content.get("format"), file)
    try:
        info = _SCHEMA.load(content)
    except (ValidationError, RecursionError) as error:
        raise InfoDamaged(file=file, reason=str(error)[:500]) from error
    if not isinstance(info, Info):  # pragma: no cover - the schema makes nothing else
        raise InfoDamaged(file=file, reason=type(info).__name__)
    reason = implausible(info)
    if reason:
        raise InfoDamaged(file=file, reason=reason)
    return InfoText(info=info, sha256=sha256)


def _sound(data: bytes, file: str) -> dict[str, Any]:
    """Parse, and hold the bytes against their own hash: the same in every format."""
    try:
        content = json.loads(data.decode())
        if not isinstance(content, dict) or not isinstance(content.get(_HASH), str):
            raise ValueError(N_("no object with a sha256"))
        bare = {key: value for key, value in content.items() if key != _HASH}
        if canonical(content) != data:
            raise ValueError(N_("not canonical JSON"))
        if hashlib.sha256(canonical(bare)).hexdigest() != content[_HASH]:
            raise ValueError(N_("its own SHA-256 does not fit"))
    except (ValueError, RecursionError) as error:
        raise InfoDamaged(file=file, reason=str(error)[:200]) from error
    return content


def _check_format(found: object, file: str) -> None:
    if not isinstance(found, int) or isinstance(found, bool):
        raise InfoDamaged(file=file, reason=N_("no format"))
    wrong: type[ArchiveError] | None = None
    if found > FORMAT:
        wrong = FormatTooNew
    elif found < OLDEST_FORMAT:
        wrong = FormatTooOld
    if wrong is not None:
        known = FORMAT if wrong is FormatTooNew else OLDEST_FORMAT
        raise wrong(file=file, found=found, known=known)


def implausible(info: Info) -> str:
    """Tell what in an info file contradicts itself; empty where nothing does."""
    return _wrong_volumes(info) or _wrong_members(info) or _wrong_tables(info)


def _wrong_volumes(info: Info) -> str:
    parts = [split_ending(volume.name) for volume in info.volumes]
    endings = [part[1] for part in parts if part is not None]
    if endings != [DATA, DOCUMENTS][: len(info.volumes)]:
        return N_("the volumes' names")
    stems = {part[0] for part in parts if part is not None}
    if len(stems) != 1 or parse_stem(stems.pop()) is None:
        return N_("the volumes' names")
    return ""


def _wrong_members(info: Info) -> str:
    seen: set[tuple[int, str]] = set()
    for member in info.members:
        parsed = parse_member(member.name)
        if parsed is None or member.volume >= len(info.volumes):
            return f"a member of an unknown name or volume: {member.name[:80]!r}"
        if (member.rows is not None) != member.name.endswith(".tsv"):
            return f"rows of {member.name}"
        belongs = 0 if parsed.kind is not Kind.DOCUMENT else len(info.volumes) - 1
        if member.volume != belongs and member.name != "README.txt":
            return f"{member.name} in the wrong volume"
        if (member.volume, member.name) in seen:
            return f"{member.name} twice"
        seen.add((member.volume, member.name))
        if parsed.kind is Kind.DOCUMENT and member.name.removeprefix("documents/") != member.sha256:
            return f"{member.name} has another SHA-256"
    return ""


def _wrong_tables(info: Info) -> str:
    last: dict[tuple[Kind, str], int] = {}
    documents = [0, 0]
    for member in info.members:
        parsed = parse_member(member.name)
        if parsed is None:  # pragma: no cover - refused before
            return member.name
        if parsed.kind is Kind.DOCUMENT:
            documents = [documents[0] + 1, documents[1] + member.size]
        if parsed.table is None:
            continue
        place = (parsed.kind, parsed.table)
        if parsed.number != last.get(place, 0) + 1:
            return f"{member.name} out of order"
        last[place] = parsed.number
    if documents != [info.documents.count, info.documents.bytes]:
        return N_("the number of documents")
    names = [table.name for table in info.tables]
    if len(set(names)) != len(names):
        return N_("a table twice")
    if {table for _, table in last} - set(names):
        return N_("rows of a table that is not listed")
    chunks = by_table(info.members)
    for table in info.tables:
        rows, named = (
            chunks.get((kind, table.name), []) for kind in (Kind.DATA, Kind.IDENTITIES)
        )
        if (rows_of(rows), rows_of(named)) != (table.rows, table.identities):
            return f"the rows of {table.name}"
        if info.format >= CHUNK_HASHES and table.sha256 != table_hash(rows):
            return f"the SHA-256 of table {table.name}"
    return ""
