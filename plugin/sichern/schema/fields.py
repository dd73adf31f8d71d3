"""The wire types by name, and the fields that stand for them."""

from collections.abc import Mapping
from typing import Any

from sichern.schema.arrays import Array
from sichern.schema.errors import UnknownWireType
from sichern.schema.numbers import Boolean, Float, Float4, Integer, Numeric
from sichern.schema.texts import Bytes, Cast, Enum, Json, Jsonb, Text, Uuid, verbatim
from sichern.schema.times import Date, Interval, Time, Timestamp, TimestampTz, TimeTz
from sichern.schema.wire import Wire

VERBATIM = (
    "bit", "varbit", "macaddr", "macaddr8", "int4range", "int8range", "numrange", "daterange",
    "tsrange", "tstzrange", "int4multirange", "int8multirange", "nummultirange",
    "datemultirange", "tsmultirange", "tstzmultirange",
)
CAST = ("inet", "cidr")

_FIELDS: tuple[type[Wire], ...] = (
    Boolean, Integer, Numeric, Float, Float4, Text, Enum, Bytes, Uuid, Json, Jsonb, Date, Time,
    TimeTz, Timestamp, TimestampTz, Interval,
    *(verbatim(name) for name in VERBATIM),
    *(verbatim(name, Cast) for name in CAST),
)
WIRES: Mapping[str, type[Wire]] = {field.wire: field for field in _FIELDS}
"""Every wire type but arrays, which are named `<element>[]`."""


def wire_field(wire: str, **kwargs: Any) -> Wire:
    """Make the field of a wire type; keywords go to marshmallow's `Field`.

    Raises UnknownWireType.
    """
    if wire.endswith("[]"):
        element = wire_field(wire.removesuffix("[]"))
        if isinstance(element, Array):
            raise UnknownWireType(wire=wire)
        return Array(element, **kwargs)
    found = WIRES.get(wire)
    if found is None:
        raise UnknownWireType(wire=wire)
    return found(**kwargs)
