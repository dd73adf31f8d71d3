"""The protocol of one tenant's backup, as data, and the marshmallow schemas it crosses with."""

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
class RunProtocol:
    """What ran on which system, when, by whom, and what it has to say. Times are UTC.

    `action` tells which protocol it is: `back-up` or `import`.
    """

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
    sichern: str
    started: datetime
    finished: datetime | None
    outcome: str
    notices: tuple[Notice, ...] = ()
    fault: Fault | None = None

    @property
    def warnings(self) -> int:
        """How many notices are warnings."""
        return sum(notice.warning for notice in self.notices)

    @property
    def seconds(self) -> float:
        """How long the run took; 0 while it goes on."""
        return (self.finished - self.started).total_seconds() if self.finished else 0.0


@dataclass(frozen=True, kw_only=True)
class Protocol(RunProtocol):
    """The protocol of a backup: what it wrote, and where to."""

    destination: str
    documents_option: str
    shared_option: str
    tables: tuple[TableCount, ...] = ()
    documents: DocumentCount = DocumentCount()
    files: tuple[FileSize, ...] = ()

    @property
    def rows(self) -> int:
        """All rows that went along."""
        return sum(table.rows for table in self.tables)


class Made(Schema):
    """Loads into the dataclass that it is made for."""

    made: ClassVar[type]

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> object:
        """Build the dataclass; its sequences are tuples."""
        return self.made(
            **{name: tuple(each) if isinstance(each, list) else each for name, each in data.items()}
        )


class NoticeSchema(Made):
    """A notice."""

    made = Notice
    code = fields.Str(required=True)
    message = fields.Str(required=True)
    values = fields.Dict(keys=fields.Str())
    hint = fields.Str()
    warning = fields.Bool()


class FaultSchema(Made):
    """The error that ended a run."""

    made = Fault
    code = fields.Str(required=True)
    message = fields.Str(required=True)
    hint = fields.Str(required=True)
    values = fields.Dict(keys=fields.Str())
    details = fields.List(fields.Nested(NoticeSchema))


class _TableCountSchema(Made):
    made = TableCount
    table = fields.Str(required=True)
    label = fields.Str(required=True)
    role = fields.Str(required=True)
    rows = fields.Int(required=True)
    named = fields.Int(required=True)
    left_out = fields.Int(required=True)
    bytes = fields.Int(required=True)


class _DocumentCountSchema(Made):
    made = DocumentCount
    count = fields.Int(required=True)
    bytes = fields.Int(required=True)
    missing = fields.Int(required=True)
    left_out = fields.Int(required=True)


class _FileSizeSchema(Made):
    made = FileSize
    name = fields.Str(required=True)
    size = fields.Int(required=True)


class RunProtocolSchema(Made):
    """What the protocols of both directions say."""

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
    sichern = fields.Str(required=True)
    started = fields.AwareDateTime(required=True)
    finished = fields.AwareDateTime(required=True, allow_none=True)
    outcome = fields.Str(required=True)
    notices = fields.List(fields.Nested(NoticeSchema))
    fault = fields.Nested(FaultSchema, allow_none=True)


class ProtocolSchema(RunProtocolSchema):
    """`protocol.json`."""

    made = Protocol

    destination = fields.Str(required=True)
    documents_option = fields.Str(required=True)
    shared_option = fields.Str(required=True)
    tables = fields.List(fields.Nested(_TableCountSchema))
    documents = fields.Nested(_DocumentCountSchema)
    files = fields.List(fields.Nested(_FileSizeSchema))
