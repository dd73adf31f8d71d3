"""Wire fields of dates and times, in PostgreSQL's ISO style and UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from sichern.schema.errors import UnreadableValue
from sichern.schema.wire import Wire

_OFFSET = re.compile(r"([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$")
_INTERVAL = re.compile(
    r"(?:(-?\d{1,10}) days?)? ?(?:(-?)(\d{2,10}):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?"
)
_DAY_OF_EVERY_YEAR = (
    "(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
# 29 February goes the long way.
_MOMENTS = re.compile(
    rf"(?:{_DAY_OF_EVERY_YEAR} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{6}})?+\n)*+"
)
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


class Date(Wire):
    """`2026-11-22`; a date. `infinity`, years before 1 and after 9999 are texts."""

    wire = "date"
    kinds = (date,)

    def _format(self, value: Any) -> str:
        return str(value.isoformat())

    def _parse(self, text: str) -> date:
        return date.fromisoformat(text)

    def _stored(self, raw: object) -> date:
        if not isinstance(raw, str):
            raise UnreadableValue(raw)
        if len(raw) > 10:
            moment = datetime.fromisoformat(raw)
            if moment != datetime.combine(moment.date(), time(), moment.tzinfo):
                raise UnreadableValue(raw)
            return moment.date()
        return date.fromisoformat(raw)

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        return list(map(str, values)) if kind is date else super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry: the days of a page are few."""
        if kind is not str:
            return super().stored_texts(raws, kind)
        days = {raw: self.stored_text(raw) for raw in set(raws)}
        return [days[raw] for raw in raws]

    def _raw(self, value: Any) -> str:
        return str(value.isoformat())


class Time(Wire):
    """`23:59:59.5`; a time. `24:00:00` is a text."""

    wire = "time"
    kinds = (time,)

    def _format(self, value: Any) -> str:
        return _trim(value.isoformat())

    def _parse(self, text: str) -> time:
        return time.fromisoformat(_fill(text))

    def _stored(self, raw: object) -> time:
        moment = time.fromisoformat(raw) if isinstance(raw, str) else None
        if moment is None or moment.tzinfo is not None:
            raise UnreadableValue(raw)
        return moment

    def _raw(self, value: Any) -> str:
        return str(value.isoformat())


class TimeTz(Wire):
    """`23:59:59.5+02`, offsets in hours, minutes where there are any, seconds; a time."""

    wire = "timetz"
    kinds = (time,)

    def _format(self, value: Any) -> str:
        return _trim(value.replace(tzinfo=None).isoformat()) + _offset(value.utcoffset())

    def _parse(self, text: str) -> time:
        found = _OFFSET.search(text)
        if found is None:
            raise ValueError(text)
        sign, hours, minutes, seconds = found.groups(default="0")
        offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
        moment = time.fromisoformat(_fill(text[: found.start()]))
        return moment.replace(tzinfo=timezone(-offset if sign == "-" else offset))

    def _stored(self, raw: object) -> time:
        moment = time.fromisoformat(raw) if isinstance(raw, str) else None
        if moment is None or moment.tzinfo is None:
            raise UnreadableValue(raw)
        return moment

    def _raw(self, value: Any) -> str:
        return str(value.isoformat())


class Timestamp(Wire):
    """`2026-11-22 23:59:59.5`; a datetime without time zone."""

    wire = "timestamp"
    kinds = (datetime,)

    def _format(self, value: Any) -> str:
        return _trim(value.isoformat(" "))

    def _parse(self, text: str) -> datetime:
        moment = datetime.fromisoformat(_fill(text))
        if moment.tzinfo is not None:
            raise ValueError(text)
        return moment

    def _stored(self, raw: object) -> datetime:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) else None
        if moment is None or moment.tzinfo is not None:
            raise UnreadableValue(raw)
        return moment

    def texts(self, values: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        if kind is datetime:
            return list(map(_trim, map(str, values)))
        return super().texts(values, kind)

    def stored_texts(self, raws: Sequence[Any], kind: type | None) -> Sequence[str]:
        """As the base, in a hurry."""
        joined = "\n".join(raws) + "\n" if kind is str else ""
        if joined.count("\n") == len(raws) and _MOMENTS.fullmatch(joined):
            return list(map(_trim, raws)) if "." in joined else raws
        return super().stored_texts(raws, kind)

    def _raw(self, value: Any) -> str:
        return str(value.isoformat(" "))


class TimestampTz(Wire):
    """`2026-11-22 23:59:59.5+00`, always in UTC; a datetime in UTC."""

    wire = "timestamptz"
    kinds = (datetime,)

    def _format(self, value: Any) -> str:
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return _trim(moment.isoformat(" ")) + "+00"

    def _parse(self, text: str) -> datetime:
        if not text.endswith("+00"):
            raise ValueError(text)
        moment = datetime.fromisoformat(_fill(text.removesuffix("+00")))
        return moment.replace(tzinfo=UTC)

    def _stored(self, raw: object) -> datetime:
        if not isinstance(raw, str):
            raise UnreadableValue(raw)
        moment = datetime.fromisoformat(raw)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)

    def _raw(self, value: Any) -> str:
        return str(value.astimezone(UTC).replace(tzinfo=None).isoformat(" "))


class Interval(Wire):
    """`1 day 02:00:00.5`, `-02:00:00`; a timedelta.

    Months, parts of different signs and more than 23 hours are texts.
    """

    wire = "interval"
    kinds = (timedelta,)

    def _format(self, value: Any) -> str:
        days, rest = divmod(abs(value), _DAY)
        sign = "-" if value < timedelta() else ""
        seconds, micros = divmod(rest // _MICROSECOND, 1_000_000)
        clock = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        if micros:
            clock = f"{clock}.{micros:06d}".rstrip("0")
        if not days:
            return clock
        named = f"{sign}{days} day{'' if days == 1 and not sign else 's'}"
        return f"{named} {clock}" if rest else named

    def _parse(self, text: str) -> timedelta:
        found = _INTERVAL.fullmatch(text)
        if found is None or not text:
            raise ValueError(text)
        days, sign, hours, minutes, seconds, fraction = found.groups(default="")
        clock = timedelta(
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=int(fraction.ljust(6, "0") or 0),
        )
        return timedelta(days=int(days or 0)) + (-clock if sign else clock)

    def _stored(self, raw: object) -> timedelta:
        # Tryton stores the seconds as a float.
        if isinstance(raw, int | float):
            return timedelta(seconds=raw)
        raise UnreadableValue(raw)

    def _raw(self, value: Any) -> float:
        seconds = float(value.total_seconds())
        if timedelta(seconds=seconds) != value:
            raise UnreadableValue(value)
        return seconds

    def _raw_text(self, text: str) -> float:
        # PostgreSQL keeps what psycopg makes of a negative timedelta (`-1 days +23:00:00`), and
        # sums of hours: for itself, they are equal to the canonical interval of that length.
        return self._raw(self._parse(text.replace(" +", " ")))


def _trim(text: str) -> str:
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _fill(text: str) -> str:
    """Give fractions of seconds the six digits that Python's own reading asks for."""
    head, point, fraction = text.partition(".")
    return f"{head}.{fraction.ljust(6, '0')}" if point else text


def _offset(offset: timedelta) -> str:
    size = abs(offset)
    hours, rest = divmod(size, timedelta(hours=1))
    minutes, seconds = divmod(rest, timedelta(minutes=1))
    text = f"{'-' if offset < timedelta() else '+'}{hours:02d}"
    if minutes or seconds:
        text += f":{minutes:02d}"
    if seconds:
        text += f":{int(seconds.total_seconds()):02d}"
    return text
