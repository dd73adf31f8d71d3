"""The text of floating point numbers as PostgreSQL writes them: the shortest that is read back.

PostgreSQL (Ryu, `src/common/d2s.c` and `f2s.c`) differs from Python's `repr` in two ways: it
never takes a decimal that lies exactly between two floats (1e23 is 9.999999999999999e+22), and
it turns to exponents from 1e15 on (float4: 1e6).
"""

import math
import struct
from collections.abc import Iterator
from fractions import Fraction

PLAIN = 1e15
"""From here on a double is written with an exponent."""
EXACT = 2.0**53
"""From here on a double is an integer, and a short decimal can lie between two of them."""


def float8_text(number: float) -> str:
    """Write a double."""
    size = abs(number)
    if 1e-4 <= size < PLAIN or not size:
        return repr(number).removesuffix(".0")
    if not math.isfinite(number):
        return _special(number)
    if size < PLAIN:
        return repr(number)
    digits, exponent = _decompose(repr(size))
    if size >= EXACT:
        below, above = size - math.nextafter(size, 0), math.ulp(size)
        digits, exponent = _inside(size, Fraction(below) / 2, Fraction(above) / 2, len(digits))
    return _layout(number, digits, exponent, 15)


def float4_text(number: float) -> str:
    """Write a double as the real that is nearest to it.

    Raises OverflowError where none is.
    """
    if not math.isfinite(number):
        return _special(number)
    (bits,) = struct.unpack("<I", struct.pack("<f", abs(number)))
    if not bits:
        return repr(math.copysign(0.0, number)).removesuffix(".0")
    size, next_bits = _real(bits), bits + 1
    below = Fraction(size) - Fraction(_real(bits - 1))
    above = Fraction(_real(next_bits)) - Fraction(size) if bits < 0x7F7FFFFF else below
    digits, exponent = _inside(size, below / 2, above / 2, 1)
    return _layout(number, digits, exponent, 6)


def _real(bits: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def _special(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _decompose(text: str) -> tuple[str, int]:
    """Digits without zeros at either end, and the power of ten of the first one."""
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + len(whole) - 1 - (len(whole + fraction) - len(digits))
    return digits.rstrip("0"), power


def _inside(size: float, below: Fraction, above: Fraction, fewest: int) -> tuple[str, int]:
    """The fewest digits strictly between the neighbours' midpoints, the nearest of those.

    Of two that are as near, the even one.
    """
    exact = Fraction(size)
    for count in range(fewest, 18):
        inside = [
            (abs(found - exact), number % 2, f"{number}e{power}")
            for number, power, found in _neighbours(size, count)
            if -below < found - exact < above
        ]
        if inside:
            return _decompose(min(inside)[2])
    raise AssertionError(size)


def _neighbours(size: float, count: int) -> Iterator[tuple[int, int, Fraction]]:
    """The decimals with so many digits next to a number, on both sides."""
    mantissa, _, exponent = f"{size:.{count - 1}e}".partition("e")
    number = int(mantissa.replace(".", ""))
    power = int(exponent) - count + 1
    for near in (number - 1, number, number + 1):
        yield near, power, near * Fraction(10) ** power


def _layout(number: float, digits: str, exponent: int, limit: int) -> str:
    sign = "-" if math.copysign(1, number) < 0 else ""
    if exponent < -4 or exponent >= limit:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return sign + whole + ("." + fraction if fraction else "")
