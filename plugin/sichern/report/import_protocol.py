"""The protocol of an import as data: its plan, field by field, and the schemas it crosses with."""

from dataclasses import dataclass

from marshmallow import fields

from sichern.report.protocol import Made, NoticeSchema, RunProtocol, RunProtocolSchema
from sichern.tenancy.arrival import (
    Arrival,
    ClashArrival,
    LostReference,
    TableArrival,
    UserArrival,
    UserReference,
)
from sichern_hooks import Role, Tenant, TenantRef, Way


@dataclass(frozen=True, kw_only=True)
class ImportProtocol(RunProtocol):
    """The protocol of an import into `database` on `machine`.

    `tenant_key` is the tenant's key in this system once it is there, else that in the pair;
    `arrival` is None where the run ended before a plan was made; `safety` are the files of the
    backup that REPLACE made first.
    """

    file: str
    way: Way
    neutralise: bool
    copy_confirmed: bool
    arrival: Arrival | None = None
    safety: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """All rows that were inserted."""
        return self.arrival.rows if self.arrival else 0


class _RefSchema(Made):
    made = TenantRef
    host = fields.Str(required=True)
    key = fields.Str(required=True)


class _TenantSchema(Made):
    made = Tenant
    ref = fields.Nested(_RefSchema, required=True)
    name = fields.Str(required=True)


class _TableArrivalSchema(Made):
    made = TableArrival
    table = fields.Str(required=True)
    label = fields.Str(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    inserted = fields.Int(required=True)
    matched = fields.Int(required=True)
    matched_by = fields.Str(required=True)
    differing = fields.Int(required=True)
    updated = fields.Int(required=True)
    removed = fields.Int(required=True)
    left_out = fields.Int(required=True)


class _UserArrivalSchema(Made):
    made = UserArrival
    login = fields.Str(required=True)
    name = fields.Str(required=True)
    known = fields.Bool(required=True)


class _UserReferenceSchema(Made):
    made = UserReference
    table = fields.Str(required=True)
    column = fields.Str(required=True)
    known = fields.Int(required=True)
    placeholders = fields.Int(required=True)


class _LostReferenceSchema(Made):
    made = LostReference
    table = fields.Str(required=True)
    column = fields.Str(required=True)
    target = fields.Str(required=True)
    reason = fields.Str(required=True)
    count = fields.Int(required=True)


class _ClashArrivalSchema(Made):
    made = ClashArrival
    table = fields.Str(required=True)
    columns = fields.List(fields.Str(), required=True)
    rule = fields.Str(required=True)
    count = fields.Int(required=True)


class ArrivalSchema(Made):
    """A plan, as `--dry-run --json` prints it and as the protocol keeps it."""

    made = Arrival

    tenant = fields.Nested(_TenantSchema, required=True)
    way = fields.Enum(Way, by_value=True, required=True)
    source = fields.Str(required=True)
    target = fields.Str(required=True)
    versions = fields.Dict(
        keys=fields.Str(), values=fields.Tuple((fields.Str(), fields.Str())), required=True
    )
    tables = fields.List(fields.Nested(_TableArrivalSchema), required=True)
    users = fields.List(fields.Nested(_UserArrivalSchema), required=True)
    user_references = fields.List(fields.Nested(_UserReferenceSchema), required=True)
    lost = fields.List(fields.Nested(_LostReferenceSchema), required=True)
    clashes = fields.List(fields.Nested(_ClashArrivalSchema), required=True)
    counters = fields.Int(required=True)
    documents = fields.Int(required=True)
    notices = fields.List(fields.Nested(NoticeSchema), required=True)


class ImportProtocolSchema(RunProtocolSchema):
    """The protocol of an import."""

    made = ImportProtocol

    file = fields.Str(required=True)
    way = fields.Enum(Way, by_value=True, required=True)
    neutralise = fields.Bool(required=True)
    copy_confirmed = fields.Bool(required=True)
    arrival = fields.Nested(ArrivalSchema, required=True, allow_none=True)
    safety = fields.List(fields.Str(), required=True)
