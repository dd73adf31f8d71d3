"""Wire fields of text and bytes: text, enum, bytes, uuid, json, jsonb, and types kept verbatim."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn
from uuid import UUID

from sichern.schema.errors import UnreadableValue
from sichern.schema.wire import Raw, Wire


class Text(Wire):
    """Characters; a str. char(n) loses its padding."""

    wire = "text"
    kinds = (str,)
    plain = False
    native = True
    cast = True
    binary_order = True

    def value(self, text: str) -> str:
        """Give the text."""
        return text

    def _format(self, value: Any) -> str:
        return str(value)

    def _stored(self, raw: object) -> str:
        if isinstance(raw, bytes):
            return raw.decode()
        if isinstance(raw, float):
            return repr(raw)
        return str(raw)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return raws if kind is str else super().stored_texts(raws, kind)

    def text_raw(self, text: str) -> Raw:
        """As the base, in a hurry."""
        return text

    def _raw_text(self, text: str) -> str:
        return text


class Enum(Text):
    """The label of an enumeration; a str."""

    wire = "enum"
    native = False


class Bytes(Wire):
    r"""`\x` and two hexadecimal digits per byte; bytes."""

    wire = "bytes"
    kinds = (bytes, bytearray, memoryview)
    plain = False
    native = True

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is bytes:
            return ["\\x" + value.hex() for value in values]
        return super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return self.texts(raws, kind) if kind is bytes else super().stored_texts(raws, kind)

    def _format(self, value: Any) -> str:
        return "\\x" + bytes(value).hex()

    def _parse(self, text: str) -> bytes:
        if not text.startswith("\\x"):
            raise ValueError(text)
        return bytes.fromhex(text[2:])

    def _stored(self, raw: object) -> bytes:
        if isinstance(raw, str):
            return raw.encode()
        if not isinstance(raw, bytes):
            raise UnreadableValue(raw)
        return raw

    def _raw(self, value: Any) -> bytes:
        return bytes(value)


class Uuid(Wire):
    """`12345678-1234-5678-1234-567812345678`; a UUID."""

    wire = "uuid"
    kinds = (UUID,)
    native = True

    def _format(self, value: Any) -> str:
        return str(value)

    def _parse(self, text: str) -> UUID:
        return UUID(text)

    def _stored(self, raw: object) -> UUID:
        if isinstance(raw, bytes) and len(raw) == 16:
            return UUID(bytes=raw)
        if isinstance(raw, str):
            return UUID(raw)
        raise UnreadableValue(raw)

    def _raw(self, value: Any) -> str:
        return str(value)


class Json(Wire):
    """JSON as it was written; what Python's `json` makes of it.

    Strings and null are texts (`"a"`, `null`), so that a str is always JSON text; so is
    whatever Python would write in another way: `1.10`, 1e400, keys that occur twice.
    """

    wire = "json"
    kinds = (dict, list, int, float)
    plain = False

    def _format(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    def _parse(self, text: str) -> Any:
        try:
            value = json.loads(text, parse_constant=_refuse)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return text if value is None or isinstance(value, str) else value

    def value(self, text: str) -> Any:
        """Give what Python makes of a text, or the text."""
        try:
            value = self._parse(text)
            return value if self.text(value) == text else text
        except (ValueError, RecursionError):
            return text

    def _stored(self, raw: object) -> str:
        # A column declared JSON has numeric affinity: SQLite turns the text `5` into a number.
        if isinstance(raw, int | float):
            raw = repr(raw)
        elif isinstance(raw, bytes):
            raw = raw.decode()
        if not isinstance(raw, str):
            raise UnreadableValue(raw)
        self._parse(raw)
        return raw

    def _raw(self, value: Any) -> Raw:
        return self._format(value)

    def _raw_text(self, text: str) -> Raw:
        self._parse(text)
        return text


class Jsonb(Json):
    """JSON as PostgreSQL's jsonb writes it."""

    wire = "jsonb"

    def _raw(self, value: Any) -> str:
        # Tryton looks for whole values by their text: sorted, without spaces, dictionaries with
        # any character, lists (of a MultiSelection) in ASCII.
        return json.dumps(
            value,
            ensure_ascii=not isinstance(value, dict),
            allow_nan=False,
            separators=(",", ":"),
            sort_keys=True,
        )


class Verbatim(Wire):
    """A type of PostgreSQL that is kept as its own text; a str."""

    plain = False

    def value(self, text: str) -> str:
        """Give the text."""
        return text

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return raws if kind is str else super().stored_texts(raws, kind)

    def _stored(self, raw: object) -> str:
        if not isinstance(raw, str):
            raise UnreadableValue(raw)
        return raw

    def _raw_text(self, text: str) -> str:
        return text


class Cast(Verbatim):
    """A type whose text is that of a cast: inet and cidr show the length of the network."""

    cast = True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def verbatim(name: str, base: type[Wire] = Verbatim) -> type[Wire]:
    """Make the field class of a type that is kept as its own text."""
    return type(name.capitalize(), (base,), {"wire": name, "__doc__": f"`{name}` as its text."})
