"""Floats, exact rationals and decimal text to and from raw integers; exact, then one cast."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .casting import cast
from .errors import FormatError
from .format import NARROW_WIDTH, Format
from .modes import Overflow, Rounding

__all__ = ["from_decimal", "from_float", "from_fraction", "to_float"]

Raw = npt.NDArray[np.int64]
_DOUBLE_BITS = 53


def from_float(values: Any, target: Format) -> Raw:
    """``overflow(round(x * 2**frac))`` of each float's exact binary value.

    values: any real array; float32 widens exactly. The result is int64, same shape.
    Raises ValueError at the first NaN or infinity, with its index.

    >>> from_float([0.1, -0.1], Format.parse("fixed<8,4>"))
    array([ 1, -2])
    """
    x = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(x)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"values must be finite, not {x[index]!r} at index {index}")
    # Fast path: x * 2**k holds every bit of x in a double, and fits a cast of at most 62 bits.
    k = target.frac + 2
    with np.errstate(over="ignore"):
        scaled = np.ldexp(x, k)
    near = np.abs(scaled) < 2.0**60
    kept = k >= 0 or (np.ldexp(scaled, -k) == x).all()  # else a subnormal lost bits
    if target.width <= NARROW_WIDTH and near.all() and kept:
        # Two extra bits hold the half bit and, as a sticky bit, everything below it.
        floor = np.floor(scaled)
        raw = floor.astype(np.int64) | (scaled != floor)
        middle = Format(NARROW_WIDTH, NARROW_WIDTH - target.frac - 2)
        return cast(raw, middle, target)  # type: ignore[no-any-return]
    out = np.empty(x.shape, dtype=np.int64 if target.width <= NARROW_WIDTH else object)
    for index, value in np.ndenumerate(x):
        out[index] = from_fraction(Fraction(float(value)), target)
    return out


def from_fraction(value: Fraction | int, target: Format) -> int:
    """``overflow(round(value * 2**frac))`` of an exact rational, as a Python int.

    >>> from_fraction(Fraction(1, 3), Format.parse("fixed<8,4,RND>"))
    5
    """
    scaled = Fraction(value) * Fraction(2) ** target.frac
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    half = Fraction(1, 2)
    up = {
        Rounding.TRN: False,
        Rounding.TRN_ZERO: value < 0 and rest > 0,
        Rounding.RND: rest >= half,
        Rounding.RND_MIN_INF: rest > half,
        Rounding.RND_ZERO: rest > half or (rest == half and value < 0),
        Rounding.RND_INF: rest > half or (rest == half and value > 0),
        Rounding.RND_CONV: rest > half or (rest == half and floor % 2 == 1),
        Rounding.RND_CONV_ODD: rest > half or (rest == half and floor % 2 == 0),
    }[target.rounding]
    r = floor + int(up)
    low, high, size = target.raw_min, target.raw_max, 1 << target.width
    if target.overflow is Overflow.SAT_SYM and target.signed and target.width > 1:
        low = -high
    if low <= r <= high:
        return r
    if target.overflow in (Overflow.SAT, Overflow.SAT_SYM):
        return low if r < low else high
    if target.overflow is Overflow.SAT_ZERO:
        return 0
    if target.sat_bits or target.overflow is Overflow.WRAP_SM:
        return _wrap_bits(r, floor, target)
    return (r - low) % size + low if target.signed else r % size


def _wrap_bits(r: int, floor: int, target: Format) -> int:
    """WRAP with sat_bits, and WRAP_SM, of an ``r`` out of range; ``floor`` is ``r`` unrounded."""
    width, count = target.width, target.sat_bits
    ones = (1 << width) - 1
    kept = (1 << (width - max(count, 1))) - 1
    if not target.signed:
        return (r & kept) | (ones & ~kept)
    bits = r & ones
    if target.overflow is Overflow.WRAP_SM and count == 0:
        # The header looks at the first deleted bit as it was before rounding.
        if (floor >> width ^ bits >> (width - 1)) & 1:
            bits ^= ones
        return bits - (bits >> (width - 1) << width)
    if target.overflow is Overflow.WRAP_SM:
        wanted = int((r < 0) == (count == 1))
        if bits >> (width - count) & 1 != wanted:
            bits ^= ones
    body = bits & kept
    return body + target.raw_min if r < 0 else body | (target.raw_max & ~kept)


def from_decimal(text: str, target: Format) -> int:
    """``overflow(round(number * 2**frac))`` of a decimal literal such as ``"-0.625"``; exact.

    Raises FormatError where the text is not a decimal number.

    >>> from_decimal("-0.03", Format.parse("fixed<8,4>"))
    -1
    """
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise FormatError(f"text must be a decimal number, not {text!r}") from None
    return from_fraction(value, target)


def to_float(raw: Any, source: Format) -> npt.NDArray[np.float64]:
    """``raw * 2**-frac`` as float64: exact up to 53 bits, beyond that rounded to nearest even.

    >>> to_float([5, -1], Format.parse("fixed<8,4>"))
    array([ 0.3125, -0.0625])
    """
    values = np.asarray(raw)
    return np.ldexp(values.astype(np.float64), -source.frac)
