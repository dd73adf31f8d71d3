"""The bytes of a ZIP as Sichern writes it: headers are built here, and read by rebuilding them.

Numbers are of APPNOTE.TXT 6.3.10 (PKWARE). The layout is canonical: members one behind the
other from offset 0, then the central directory in the same order, then the end records, with
nothing between and nothing behind. A reader that rebuilds every header from the few values
that may differ, and compares, leaves no room for headers that disagree.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

STORED = 0
DEFLATED = 8

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")

CENTRAL_FIXED = _CENTRAL.size
END_LONGEST = _END64.size + _LOCATOR.size + _END.size

_FULL16 = 0xFFFF
_FULL32 = 0xFFFFFFFF
_UTF8 = 0x0800
_MADE_ON_UNIX = 3 << 8
_REGULAR_0600 = 0o100600 << 16

# The growth hint of Open Packaging (APPNOTE 4.6.10): room for the ZIP64 sizes, which are not
# known when the header is placed. It is as long as the ZIP64 field that may take its place.
_GROWTH_HINT = struct.pack("<4H12x", 0xA220, 16, 0xA028, 0)


class LayoutError(ValueError):
    """Bytes are not those that Sichern writes; the text says which, for the log."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A member's place and sums in one volume.

    `offset` is that of its local header; `size` and `packed` are bytes before and after
    compression; `stamp` is the DOS time shared by all members.
    """

    name: str
    method: int
    stamp: int
    crc: int
    size: int
    packed: int
    offset: int

    @property
    def data_offset(self) -> int:
        """Where the compressed bytes begin."""
        return self.offset + local_length(self.name)

    @property
    def end(self) -> int:
        """Where the next member begins."""
        return self.data_offset + self.packed


@dataclass(frozen=True, kw_only=True)
class End:
    """Where the central directory lies: `count` members, `size` bytes from `offset`."""

    count: int
    size: int
    offset: int


def dos_stamp(when: datetime) -> int:
    """Give the DOS date and time of a moment, in UTC and to two seconds, not before 1980."""
    moment = max(when.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC))
    date = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return date << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2


def local_length(name: str) -> int:
    """Give the length of a local header in bytes: it depends on the name alone."""
    return _LOCAL.size + len(name.encode()) + len(_GROWTH_HINT)


def pack_local(entry: Entry) -> bytes:
    """Build the header that stands before a member's bytes."""
    name = entry.name.encode()
    large = entry.size >= _FULL32 or entry.packed >= _FULL32
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.packed) if large else _GROWTH_HINT
    return (
        _LOCAL.pack(
            b"PK\3\4", 45 if large else 20, _UTF8, entry.method,
            entry.stamp & _FULL16, entry.stamp >> 16, entry.crc,
            _FULL32 if large else entry.packed, _FULL32 if large else entry.size,
            len(name), len(extra),
        )
        + name
        + extra
    )


def pack_central(entry: Entry) -> bytes:
    """Build a member's record of the central directory."""
    name = entry.name.encode()
    needed = [v for v in (entry.size, entry.packed, entry.offset) if v >= _FULL32]
    extra = struct.pack(f"<2H{len(needed)}Q", 1, 8 * len(needed), *needed) if needed else b""
    version = 45 if needed else 20
    return (
        _CENTRAL.pack(
            b"PK\1\2", _MADE_ON_UNIX | version, version, _UTF8, entry.method,
            entry.stamp & _FULL16, entry.stamp >> 16, entry.crc,
            min(entry.packed, _FULL32), min(entry.size, _FULL32),
            len(name), len(extra), 0, 0, 0, _REGULAR_0600, min(entry.offset, _FULL32),
        )
        + name
        + extra
    )


def pack_end(end: End) -> bytes:
    """Build the end records; those of ZIP64 stand before the old one where they are needed."""
    large = end.count >= _FULL16 or end.size >= _FULL32 or end.offset >= _FULL32
    count, size, offset = (
        min(end.count, _FULL16), min(end.size, _FULL32), min(end.offset, _FULL32)
    )
    old = _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)
    if not large:
        return old
    new = _END64.pack(
        b"PK\6\6", _END64.size - 12, _MADE_ON_UNIX | 45, 45, 0, 0,
        end.count, end.count, end.size, end.offset,
    )
    return new + _LOCATOR.pack(b"PK\6\7", 0, end.offset + end.size, 1) + old


def parse_end(tail: bytes, length: int) -> End:
    """Read the end records from the last bytes of a file of `length` bytes.

    Raises LayoutError where they are not exactly those that the writer builds.
    """
    if len(tail) < _END.size:
        raise LayoutError("no end record")
    _, _, _, _, count, size, offset, _ = _END.unpack(tail[-_END.size :])
    if tail[-_END.size - _LOCATOR.size :][:4] == b"PK\6\7" and len(tail) >= END_LONGEST:
        fields = _END64.unpack(tail[-END_LONGEST : -END_LONGEST + _END64.size])
        count, size, offset = fields[7:]
    end = End(count=count, size=size, offset=offset)
    built = pack_end(end)
    if tail[-len(built) :] != built or end.offset + end.size + len(built) != length:
        raise LayoutError("the end records are not canonical")
    return end


def parse_central(data: bytes, position: int) -> tuple[Entry, int]:
    """Read one record of the central directory; give it and the position behind it.

    Raises LayoutError where the record is not exactly the one that the writer builds.
    """
    if position + CENTRAL_FIXED > len(data):
        raise LayoutError("the central directory ends too early")
    fields = _CENTRAL.unpack_from(data, position)
    method, time, date, crc, packed, size, name_length, extra_length = fields[4:12]
    offset = fields[16]
    start = position + CENTRAL_FIXED
    try:
        name = data[start : start + name_length].decode("ascii")
    except UnicodeDecodeError:
        raise LayoutError("a member's name is not ASCII") from None
    extra = data[start + name_length : start + name_length + extra_length]
    if len(extra) in (12, 20, 28):
        wide = list(struct.unpack(f"<{len(extra) // 8}Q", extra[4:]))
        size, packed, offset = (
            wide.pop(0) if value == _FULL32 and wide else value
            for value in (size, packed, offset)
        )
    entry = Entry(
        name=name, method=method, stamp=date << 16 | time, crc=crc, size=size, packed=packed,
        offset=offset,
    )
    end = start + name_length + extra_length
    if method not in (STORED, DEFLATED):
        raise LayoutError(f"compression method {method}")
    if data[position:end] != pack_central(entry):
        raise LayoutError("a record of the central directory is not canonical")
    return entry, end
