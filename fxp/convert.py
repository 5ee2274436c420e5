"""Floats, exact rationals and text to and from raw integers; exact, then one cast."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .casting import cast, integers
from .errors import FormatError
from .format import NARROW_WIDTH, Format
from .modes import Rounding
from .wide import overflow_wide

__all__ = [
    "finite",
    "from_any",
    "from_decimal",
    "from_float",
    "from_fraction",
    "from_text",
    "to_float",
    "to_fraction",
]

Raw = npt.NDArray[Any]


def from_float(values: Any, target: Format) -> Raw:
    """``overflow(round(x * 2**frac))`` of each float's exact binary value.

    values: any real array; float32 widens exactly. The result is int64 (Python integers above 62
    bits), same shape. Raises ValueError at the first NaN or infinity, with its index, and for
    numbers that are not exact as float64. Source: ap_fixed_base.h, the constructor from double.

    >>> from_float([0.1, -0.1], Format.parse("fixed<8,4>"))
    array([ 1, -2])
    """
    given = np.asarray(values)
    if given.dtype.kind not in "fiubO":
        raise TypeError(f"values must be real numbers, not of dtype {given.dtype}")
    x = given.astype(np.float64)
    bad = ~np.isfinite(x)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"values must be finite, not {x[index]!r} at index {index}")
    if given.dtype.kind != "f" or given.dtype.itemsize > 8:
        _check_exact(given, x)
    out: Raw
    if target.width > NARROW_WIDTH:
        out = np.empty(x.shape, dtype=object)
        near = np.zeros(x.shape, dtype=bool)
    else:
        # Two bits below the LSB hold the half bit and, as a sticky bit, everything below it.
        with np.errstate(over="ignore", under="ignore"):
            scaled = np.ldexp(x, max(min(target.frac + 2, 1 << 20), -(1 << 20)))
        near = np.abs(scaled) < 2.0**60
        scaled = np.where(near, scaled, 0.0)
        floor = np.floor(scaled)
        vanished = near & (scaled == 0) & (x != 0)
        floor = np.where(vanished & (x < 0), -1.0, floor)
        raw = floor.astype(np.int64) | ((scaled != floor) | vanished)
        middle = Format(NARROW_WIDTH, NARROW_WIDTH - target.frac - 2)
        out = cast(raw, middle, target)
    for place in np.argwhere(~near):
        index = tuple(place)
        out[index] = from_fraction(Fraction(float(x[index])), target)
    return out


def _check_exact(given: Raw, x: Raw) -> None:
    """ValueError where a number is not the float64 that stands for it."""
    suspects = np.abs(x) >= 2.0**53 if given.dtype.kind in "iub" else np.ones(x.shape, dtype=bool)
    for place in np.argwhere(suspects):
        index = tuple(int(i) for i in place)
        number = given[index]
        if (int(number) if isinstance(number, np.integer) else number) != float(x[index]):
            raise ValueError(
                f"values must be exact as float64, not {number!r} at index {index}:"
                " FxArray(values, format) takes numbers of any kind"
            )


def from_fraction(value: Fraction | int, target: Format) -> int:
    """``overflow(round(value * 2**frac))`` of an exact rational, as a Python int.

    WRAP_SM without sat_bits reads the first deleted bit of the unrounded value, as elsewhere.
    Raises what ``Fraction(value)`` raises. Source: UG1399's tables of modes.

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
    r = np.array([floor + int(up)], dtype=object)
    deleted = np.array([floor >> target.width & 1], dtype=object)
    return int(overflow_wide(r, target, deleted)[0])


def from_decimal(text: str, target: Format) -> int:
    """``overflow(round(number * 2**frac))`` of a decimal literal such as ``"-0.625"``; exact.

    Raises FormatError where the text is not a decimal number. Source: ap_fixed_base.h, the
    constructor from text.

    >>> from_decimal("-0.03", Format.parse("fixed<8,4>"))
    -1
    """
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise FormatError(f"text must be a decimal number, not {text!r}") from None
    return from_fraction(value, target)


_BASES = {"0x": (16, 4), "0o": (8, 3), "0b": (2, 1)}
_BASED = re.compile(
    r"\s*(?P<sign>[+-]?)(?P<base>0[xXoObB])(?P<whole>[0-9a-fA-F_]*)"
    r"(?:\.(?P<part>[0-9a-fA-F_]*))?(?:[pP](?P<power>[+-]?[0-9]+))?\s*"
)


def from_text(text: str, target: Format) -> int:
    """``overflow(round(number * 2**frac))`` of decimal, ``0x``, ``0o`` or ``0b`` text; exact.

    The text is a value, not a bit pattern, as in the vendor's constructor: ``"0b1.1p1"`` is 3, and
    ``"0xFF"`` into ``int<8>`` wraps to -1. Raises FormatError where it is not a number.
    Source: ap_fixed_base.h, the constructor from text.

    >>> from_text("0xF.8", Format.parse("fixed<8,6>")), from_text("0b1.1p1", Format.parse("int<8>"))
    (62, 3)
    """
    match = _BASED.fullmatch(text)
    if match is None:
        return from_decimal(text, target)
    base, bits = _BASES[match["base"].lower()]
    digits, part = match["whole"], match["part"] or ""
    try:
        number = int(digits + part, base)
    except ValueError:
        raise FormatError(f"text must be a number in base {base}, not {text!r}") from None
    power = int(match["power"] or 0) - bits * len(part.replace("_", ""))
    value = number * Fraction(2) ** power
    return from_fraction(-value if match["sign"] == "-" else value, target)


def from_any(values: Any, target: Format) -> Raw:
    """Raw integers of numbers of any kind: floats, ints, Fraction, Decimal or text, in any nesting.

    Integers are exact at any size. Raises TypeError for another kind of number.

    >>> from_any([0.5, 3, "0x1.8", Fraction(1, 4)], Format.parse("fixed<8,4>"))
    array([ 8, 48, 24,  4])
    """
    array: Any = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
    elif array.dtype.kind == "f" and not isinstance(values, (np.ndarray, float)):
        array = np.asarray(values, dtype=object)  # [0.5, 2**60 + 1] would round the integer
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return from_float(array, target)
    if array.dtype.kind not in "iubOU":
        raise TypeError(f"values must be real numbers or text, not of dtype {array.dtype}")
    if array.dtype.kind == "O" and all(type(v) is float for v in array.reshape(-1)):
        return from_float(array.astype(np.float64), target)
    if array.dtype.kind in "iub":
        signed = array.dtype.kind == "i"
        bits = 64 if array.dtype.itemsize == 8 else 32
        return cast(array, Format(bits + 1, bits + 1, signed or bits == 32), target)  # type: ignore[no-any-return]
    out: Raw = np.empty(array.shape, dtype=np.int64 if target.width <= NARROW_WIDTH else object)
    for index, value in np.ndenumerate(array):
        out[index] = _from_one(value, target, index)
    return out


def finite(value: Any) -> bool:
    """Whether a float or Decimal is a number, neither NaN nor infinite.

    >>> finite(1e300), finite(Decimal("1e400")), finite(float("nan"))
    (True, True, False)
    """
    return bool(value.is_finite() if isinstance(value, Decimal) else np.isfinite(value))


def _from_one(value: Any, target: Format, index: tuple[int, ...]) -> int:
    if isinstance(value, str):
        return from_text(value, target)
    if isinstance(value, (float, np.floating, Decimal)) and not finite(value):
        raise ValueError(f"values must be finite, not {value!r} at index {index}")
    if isinstance(value, np.floating):
        return from_fraction(Fraction(*value.as_integer_ratio()), target)
    if isinstance(value, (int, np.integer, np.bool_)):
        return from_fraction(int(value), target)
    if isinstance(value, (float, Fraction, Decimal)):
        return from_fraction(Fraction(value), target)
    raise TypeError(f"values must be real numbers or text, not {value!r} at index {index}")


def to_fraction(raw: int, source: Format) -> Fraction:
    """``raw * 2**-frac`` of one raw integer, exactly.

    Raises ValueError or TypeError where ``int(raw)`` does. Source: UG1399, the value of a type.

    >>> to_fraction(-3, Format.parse("fixed<8,4>"))
    Fraction(-3, 16)
    """
    return Fraction(int(raw)) * source.lsb


def to_float(raw: Any, source: Format, *, flag: bool = False) -> Any:
    """``raw * 2**-frac`` as float64: exact up to 53 bits, beyond that rounded to nearest even.

    With ``flag=True`` the answer is ``(values, inexact)``, a bool array. Values beyond float64 are
    infinite (and inexact). Any shape, which the result has. Raises TypeError for raw values that
    are no integers. Source: ap_fixed_base.h, ``to_double``.

    >>> to_float([5, -1], Format.parse("fixed<8,4>"))
    array([ 0.3125, -0.0625])
    >>> to_float([2**53 + 1], Format.parse("fixed<60,60>"), flag=True)[1]
    array([ True])
    """
    values = integers(raw, source)
    if source.width <= NARROW_WIDTH and -900 < source.frac < 960:
        floats: Any = np.ldexp(values.astype(np.float64), -source.frac)
        return (floats, values.astype(np.float64).astype(np.int64) != values) if flag else floats
    floats = np.empty(values.shape)
    inexact = np.zeros(values.shape, dtype=bool)
    for index, value in np.ndenumerate(values):
        exact = to_fraction(value, source)
        try:
            floats[index] = exact.numerator / exact.denominator  # correctly rounded
            inexact[index] = Fraction(float(floats[index])) != exact
        except OverflowError:
            floats[index] = np.inf if exact > 0 else -np.inf
            inexact[index] = True
    return (floats, inexact) if flag else floats
