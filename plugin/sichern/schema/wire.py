"""The base of all wire fields: one value and its renderings, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import fields

from sichern.schema.errors import UnreadableValue

Raw = int | float | str | bytes


class Wire(fields.Field[Any]):
    """A column's type on its way through the archive.

    A value has one text. Some texts of a database Python cannot hold (`infinity` as a date, a
    month as an interval): there the text itself, a str, is the value. So both ways round are
    the identity: `value(text(v)) == v` and `text(value(t)) == t`. None, NULL, never gets here.

    A subclass gives `_format` and `_parse`, and `_stored` and `_raw` where SQLite knows the type.
    """

    kinds: ClassVar[tuple[type, ...]] = ()
    """What values are made of, besides str."""
    wire: ClassVar[str]
    """The stable name in `schema.json`."""
    plain: ClassVar[bool] = True
    """Whether no text of a value holds a character that a line escapes."""
    native: ClassVar[bool] = False
    """Whether Python holds every value that PostgreSQL's driver reads from such a column."""
    cast: ClassVar[bool] = False
    """Whether the canonical text is that of PostgreSQL's cast to text, not of its output."""
    binary_order: ClassVar[bool] = False
    """Whether keys of this type are ordered by the bytes of their text."""

    def text(self, value: object) -> str:
        """Give the canonical text of a value.

        Raises UnreadableValue for a value of another type.
        """
        if type(value) is str:
            return value
        if not isinstance(value, self.kinds):
            raise UnreadableValue(value)
        return self._format(value)

    def value(self, text: str) -> Any:
        """Give the value of a text; the text itself where Python cannot hold it."""
        try:
            value = self._parse(text)
            return value if self._format(value) == text else text
        except (ValueError, ArithmeticError):
            return text

    def stored(self, raw: object) -> Any:
        """Give the value of what SQLite stores: int, float, str or bytes.

        Raises UnreadableValue.
        """
        try:
            return self._stored(raw)
        except UnreadableValue:
            raise
        except (ValueError, ArithmeticError) as error:
            raise UnreadableValue(raw) from error

    def stored_text(self, raw: object) -> str:
        """Give the canonical text of what SQLite stores.

        Raises UnreadableValue.
        """
        return self.text(self.stored(raw))

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """Give `text` of each value of a column: in few calls where the values are plain.

        `kind` is the type that all of them have exactly; None where they have several.
        """
        return values if kind is str else list(map(self.text, values))

    def stored_texts(
        self, raws: Sequence[Any], kind: type | None  # noqa: ARG002
    ) -> Sequence[str]:
        """Give `stored_text` of each value of a column, as `texts` does."""
        return list(map(self.stored_text, raws))

    def raw(self, value: object) -> Raw:
        """Give what SQLite is to store for a value, the inverse of `stored`.

        Raises UnreadableValue where SQLite has no form for it, or the value is of another type.
        """
        try:
            if type(value) is str:
                return self._raw_text(value)
            if isinstance(value, self.kinds):
                return self._raw(value)
        except UnreadableValue:
            raise
        except (ValueError, ArithmeticError) as error:
            raise UnreadableValue(value) from error
        raise UnreadableValue(value)

    def text_raw(self, text: str) -> Raw:
        """Give what SQLite is to store for the text of a value.

        Raises UnreadableValue.
        """
        return self.raw(self.value(text))

    def _format(self, value: Any) -> str:
        raise NotImplementedError

    def _parse(self, text: str) -> Any:
        raise NotImplementedError

    def _stored(self, raw: object) -> Any:
        raise UnreadableValue(raw)

    def _raw(self, value: Any) -> Raw:
        raise UnreadableValue(value)

    def _raw_text(self, text: str) -> Raw:
        """What to store for a text that Python cannot hold: nothing, of most types."""
        raise UnreadableValue(text)

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **kwargs: Any  # noqa: ARG002
    ) -> str | None:
        return None if value is None else self.text(value)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        if not isinstance(value, str):
            raise self.make_error("validator_failed")
        return self.value(value)
