"""What may stand beside an FxArray: C integers, with their widths; exact reals in comparisons."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from . import growth
from .arithmetic import COMPARISONS
from .casting import integers
from .convert import finite, to_fraction
from .format import Format

__all__ = ["operand", "real", "real_compare"]


def operand(other: Any, *, like: Format, wanted: str) -> tuple[Any, Format]:
    """``(raw, format)`` of a C integer beside ``like``: bool is 1 bit, int 32 or else 64 bits.

    numpy integers have their own width. ``wanted`` names the operation in errors. Raises TypeError
    for an int beyond 64 bits and for every other kind: a float has no format of its own.

    >>> raw, f = operand(7, like=Format.parse("fixed<8,4>"), wanted="+")
    >>> raw, str(f)
    (array(7), 'ap_int<32>')
    """
    if isinstance(other, bool | np.bool_):
        return np.asarray(int(other)), growth.c_integer(1, signed=False, like=like)
    if isinstance(other, int):
        for bits in (32, 64):
            if -(1 << (bits - 1)) <= other < 1 << (bits - 1):
                format = growth.c_integer(bits, signed=True, like=like)
                return integers(other, format), format
        raise TypeError(
            f"an int operand of {wanted} must fit 64 bits, not {other}: FxArray(x, format)"
        )
    values = np.asarray(other) if isinstance(other, np.generic | np.ndarray) else None
    if values is not None and values.dtype.kind in "iub":
        bits = 1 if values.dtype.kind == "b" else 8 * values.dtype.itemsize
        format = growth.c_integer(bits, signed=values.dtype.kind == "i", like=like)
        return integers(values.astype(np.uint8) if bits == 1 else values, format), format
    raise TypeError(
        f"an operand of {wanted} must be an FxArray or integers, not {type(other).__name__}:"
        " give it a format with FxArray(x, format)"
    )


def real(value: Any) -> bool:
    """Whether ``value`` is real but no C integer: comparisons with it are exact.

    Raises ValueError for NaN and infinity, which no format holds.

    >>> real(0.1), real(Fraction(1, 3)), real(3), real(1 << 80)
    (True, True, False, True)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return not -(1 << 63) <= value < 1 << 63
    floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    if floats or isinstance(value, float | np.floating | Decimal):
        if not np.all(np.isfinite(value) if floats else finite(value)):
            raise ValueError(f"a number to compare with must be finite, not {value!r}")
        return True
    return isinstance(value, Fraction)


def real_compare(op: str, raw: Any, source: Format, other: Any) -> Any:
    """``raw * 2**-frac op other`` of exact rationals, as a bool array.

    >>> real_compare("<", np.array([1]), Format.parse("fixed<8,4>"), 0.0625000001)
    array([ True])
    """
    exact = np.frompyfunc(Fraction, 1, 1)(np.asarray(other, dtype=object))
    mine = np.frompyfunc(lambda one: to_fraction(one, source), 1, 1)(raw)
    return np.asarray(COMPARISONS[op](mine, exact)).astype(np.bool_)
