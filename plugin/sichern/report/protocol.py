"""The protocol of one tenant's run, as data, and the marshmallow schemas it crosses with."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from marshmallow import Schema, fields, post_load

from sichern_hooks import Notice, SichernError
from sichern_hooks.errors import Scalar


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The error that ended a run: its code, and the msgids of what is wrong and what to do."""

    code: str
    message: str
    hint: str
    values: dict[str, Scalar] = field(default_factory=dict)
    details: tuple[Notice, ...] = ()

    @classmethod
    def of(cls, error: SichernError, details: tuple[Notice, ...] = ()) -> "Fault":
        """Keep what an error says."""
        return cls(
            code=error.code,
            message=error.message,
            hint=error.hint,
            values=dict(error.values),
            details=details,
        )


@dataclass(frozen=True, kw_only=True)
class TableCount:
    """What went along of one table: rows, rows only named, shared rows left out, bytes of text."""

    table: str
    label: str
    role: str
    rows: int
    named: int
    left_out: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class DocumentCount:
    """Documents that went along, their bytes, and those missing in the store or left out."""

    count: int = 0
    bytes: int = 0
    missing: int = 0
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class FileSize:
    """A file of the pair, its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What ran, when, by whom, what it wrote, and what it has to say. Times are UTC."""

    run: str
    action: str
    tenant: str
    tenant_key: str
    host: str
    host_version: str
    database: str
    machine: str
    actor: str
    login: str | None
    destination: str
    documents_option: str
    shared_option: str
    sichern: str
    started: datetime
    finished: datetime | None
    outcome: str
    tables: tuple[TableCount, ...] = ()
    documents: DocumentCount = DocumentCount()
    files: tuple[FileSize, ...] = ()
    notices: tuple[Notice, ...] = ()
    fault: Fault | None = None

    @property
    def rows(self) -> int:
        """All rows that went along."""
        return sum(table.rows for table in self.tables)

    @property
    def warnings(self) -> int:
        """How many notices are warnings."""
        return sum(notice.warning for notice in self.notices)

    @property
    def seconds(self) -> float:
        """How long the run took; 0 while it goes on."""
        return (self.finished - self.started).total_seconds() if self.finished else 0.0


class _Made(Schema):
    """Loads into the dataclass that it is made for."""

    made: ClassVar[type]

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> object:
        """Build the dataclass; its sequences are tuples."""
        return self.made(
            **{name: tuple(each) if isinstance(each, list) else each for name, each in data.items()}
        )


class _NoticeSchema(_Made):
    made = Notice
    code = fields.Str(required=True)
    message = fields.Str(required=True)
    values = fields.Dict(keys=fields.Str())
    hint = fields.Str()
    warning = fields.Bool()


class _FaultSchema(_Made):
    made = Fault
    code = fields.Str(required=True)
    message = fields.Str(required=True)
    hint = fields.Str(required=True)
    values = fields.Dict(keys=fields.Str())
    details = fields.List(fields.Nested(_NoticeSchema))


class _TableCountSchema(_Made):
    made = TableCount
    table = fields.Str(required=True)
    label = fields.Str(required=True)
    role = fields.Str(required=True)
    rows = fields.Int(required=True)
    named = fields.Int(required=True)
    left_out = fields.Int(required=True)
    bytes = fields.Int(required=True)


class _DocumentCountSchema(_Made):
    made = DocumentCount
    count = fields.Int(required=True)
    bytes = fields.Int(required=True)
    missing = fields.Int(required=True)
    left_out = fields.Int(required=True)


class _FileSizeSchema(_Made):
    made = FileSize
    name = fields.Str(required=True)
    size = fields.Int(required=True)


class ProtocolSchema(_Made):
    """`protocol.json`."""

    made = Protocol

    run = fields.Str(required=True)
    action = fields.Str(required=True)
    tenant = fields.Str(required=True)
    tenant_key = fields.Str(required=True)
    host = fields.Str(required=True)
    host_version = fields.Str(required=True)
    database = fields.Str(required=True)
    machine = fields.Str(required=True)
    actor = fields.Str(required=True)
    login = fields.Str(required=True, allow_none=True)
    destination = fields.Str(required=True)
    documents_option = fields.Str(required=True)
    shared_option = fields.Str(required=True)
    sichern = fields.Str(required=True)
    started = fields.AwareDateTime(required=True)
    finished = fields.AwareDateTime(required=True, allow_none=True)
    outcome = fields.Str(required=True)
    tables = fields.List(fields.Nested(_TableCountSchema))
    documents = fields.Nested(_DocumentCountSchema)
    files = fields.List(fields.Nested(_FileSizeSchema))
    notices = fields.List(fields.Nested(_NoticeSchema))
    fault = fields.Nested(_FaultSchema, allow_none=True)
