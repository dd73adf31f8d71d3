"""Wire fields of numbers: boolean, integer, numeric, float, float4."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sichern.schema.errors import UnreadableValue
from sichern.schema.shortest import PLAIN, float4_text, float8_text
from sichern.schema.wire import Raw, Wire

DIGITS = 150_000
"""More digits than PostgreSQL's numeric has (131,072 before and 16,383 behind the point)."""
_SHORT = re.compile(r"0|[1-9][0-9]{0,17}")
# Possessive, and the most frequent first: twice as fast over a column.
_SHORT_NUMERIC = re.compile(
    r"(?:-?+[1-9][0-9]{0,17}+|0|-0(?=\.0*+[1-9]))(?:\.[0-9]{1,17}+)?+"
)
"""Texts that are surely canonical, and that SQLite can hold."""
_SHORT_NUMERICS = re.compile(rf"(?:{_SHORT_NUMERIC.pattern}\n)*+")
_NUMERIC = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|NaN|-?Infinity")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]{2,3})?|NaN|-?Infinity")


class Boolean(Wire):
    """`t` and `f`; a bool."""

    wire = "boolean"
    kinds = (bool,)
    native = True

    def _format(self, value: Any) -> str:
        return "t" if value else "f"

    def _parse(self, text: str) -> bool:
        if text not in ("t", "f"):
            raise ValueError(text)
        return text == "t"

    def _stored(self, raw: object) -> bool:
        if raw in (0, 1) and not isinstance(raw, float):
            return bool(raw)
        raise UnreadableValue(raw)

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is bool:
            return ["t" if value else "f" for value in values]
        return super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is int and {0, 1}.issuperset(raws):
            return ["t" if raw else "f" for raw in raws]
        return super().stored_texts(raws, kind)

    def _raw(self, value: Any) -> int:
        return int(value)


class Integer(Wire):
    """Decimal digits; an int."""

    wire = "integer"
    kinds = (int,)
    native = True

    def _format(self, value: Any) -> str:
        return int.__repr__(value)

    def _parse(self, text: str) -> int:
        return int(text)

    def _stored(self, raw: object) -> int:
        if isinstance(raw, float) and raw.is_integer():
            return int(raw)
        if not isinstance(raw, int):
            raise UnreadableValue(raw)
        return raw

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return list(map(repr, values)) if kind is int else super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return list(map(repr, raws)) if kind is int else super().stored_texts(raws, kind)

    def text_raw(self, text: str) -> Raw:
        """As the base, in a hurry."""
        return int(text) if _SHORT.fullmatch(text) else super().text_raw(text)

    def _raw(self, value: Any) -> int:
        if not -(2**63) <= value < 2**63:
            raise UnreadableValue(value)
        return int(value)


class Numeric(Wire):
    """Digits with the scale kept (`1.10`), never an exponent, `NaN`, `Infinity`; a Decimal."""

    wire = "numeric"
    kinds = (Decimal,)
    native = True

    def _format(self, value: Any) -> str:
        if value.is_nan():
            return "NaN"
        if value.is_infinite():
            return "Infinity" if value > 0 else "-Infinity"
        if value.adjusted() > DIGITS or value.as_tuple().exponent < -DIGITS:
            raise UnreadableValue(value)
        text = format(value, "f")
        return text if value else text.removeprefix("-")

    def _parse(self, text: str) -> Decimal:
        if not _NUMERIC.fullmatch(text):
            raise ValueError(text)
        return Decimal(text)

    def _stored(self, raw: object) -> Decimal:
        # Tryton stores NUMERIC as the bytes of its digits, other programs in any of these ways.
        if isinstance(raw, bytes):
            raw = raw.decode("ascii")
        elif isinstance(raw, float):
            raw = repr(raw)
        if not isinstance(raw, str | int):
            raise UnreadableValue(raw)
        number = Decimal(raw)
        self._format(number)
        return number

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is Decimal:
            found = _short_numerics("\n".join(map(str, values)), len(values))
            if found is not None:
                return found
        return super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        joined = ""
        if kind is bytes:
            joined = b"\n".join(raws).decode("latin-1")
        elif kind is str:
            joined = "\n".join(raws)
        elif kind is float or {int, float}.issuperset(map(type, raws)):
            joined = "\n".join(map(repr, raws))
        found = _short_numerics(joined, len(raws))
        return super().stored_texts(raws, kind) if found is None else found

    def text_raw(self, text: str) -> Raw:
        """As the base, in a hurry."""
        return text if _SHORT_NUMERIC.fullmatch(text) else super().text_raw(text)

    def _raw(self, value: Any) -> str:
        return self._format(value)


class Float(Wire):
    """A double as PostgreSQL writes it (see `shortest`); a float."""

    wire = "float"
    kinds = (float, int)
    native = True

    def _format(self, value: Any) -> str:
        return float8_text(value)

    def _parse(self, text: str) -> float:
        if not _FLOAT.fullmatch(text):
            raise ValueError(text)
        return float(text)

    def _stored(self, raw: object) -> float:
        if isinstance(raw, int | float) and float(raw) == raw:
            return float(raw)
        if raw in ("NaN", "Infinity", "-Infinity"):
            return float(str(raw))
        raise UnreadableValue(raw)

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is float and min(values) > -PLAIN and max(values) < PLAIN:
            joined = "\n".join(map(repr, values)) + "\n"
            if "e" not in joined and "n" not in joined:
                return joined.replace(".0\n", "\n").splitlines()
        return super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return self.texts(raws, kind) if kind is float else super().stored_texts(raws, kind)

    def _raw(self, value: Any) -> float | str:
        number = float(value)
        # SQLite would make NULL of it.
        return "NaN" if math.isnan(number) else number


class Float4(Float):
    """A real as PostgreSQL writes it; the float that its text names."""

    wire = "float4"

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:  # noqa: ARG002
        """One by one: a real's text is not that of the double."""
        return super().texts(values, None)

    def stored_texts(
        self, raws: Sequence[Any], kind: type | None  # noqa: ARG002
    ) -> Sequence[str]:
        """One by one."""
        return super().stored_texts(raws, None)

    def _format(self, value: Any) -> str:
        return float4_text(value)

    def _stored(self, raw: object) -> float:
        number = super()._stored(raw)
        return number if math.isnan(number) else float(float4_text(number))


def _short_numerics(joined: str, count: int) -> list[str] | None:
    """The texts that were joined by line feeds, where each of them is surely canonical."""
    if not _SHORT_NUMERICS.fullmatch(joined + "\n"):
        return None
    texts = joined.split("\n")
    return texts if len(texts) == count else None
