"""Operators on raw integers: ``(raw, format)`` pairs in, the exact result and its format out.

Each function takes arrays that broadcast, aligns them, and picks int64 or Python integers by the
width of the result; ``growth`` has the formats. Division truncates toward zero as both vendors do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import growth
from .casting import cast
from .compiled import kernel
from .format import NARROW_WIDTH, Format
from .wide import to_objects, to_storage

__all__ = [
    "COMPARISONS",
    "absolute",
    "binary",
    "compare",
    "integer_part",
    "invert",
    "join",
    "negate",
    "select",
    "shift",
]

Pair = tuple[Any, Format]


def _lift(raw: Any, width: int) -> Any:
    """``raw`` in the dtype that holds ``width`` bits."""
    if width > NARROW_WIDTH:
        return to_objects(raw)
    return raw.astype(np.int64) if raw.dtype == object else raw


def _aligned(a: Any, fa: Format, b: Any, fb: Format, width: int) -> tuple[Any, Any]:
    """Both operands in units of the finer LSB, in a dtype of ``width`` bits."""
    frac = max(fa.frac, fb.frac)
    left, right = _lift(a, width), _lift(b, width)
    return (
        left << (frac - fa.frac) if frac > fa.frac else left,
        right << (frac - fb.frac) if frac > fb.frac else right,
    )


def _quotient(a: Any, b: Any) -> Any:
    """``a / b`` of integers, truncated toward zero."""
    size = abs(a) // abs(b)
    return np.where((a < 0) != (b < 0), -size, size)


def _refuse_zero(b: Any, what: str) -> None:
    zeros = np.argwhere(np.asarray(b == 0))
    if len(zeros):
        place = tuple(int(k) for k in zeros[0])
        raise ZeroDivisionError(f"{what} must not be zero, as at index {place}")


def _divide(a: Any, fa: Format, b: Any, fb: Format) -> Pair:
    """``a / b``: the quotient of ``raw_a << max(F2, 0)`` by ``raw_b``, toward zero."""
    result = growth.divide(fa, fb)
    _refuse_zero(b, "the divisor")
    up = max(fb.frac, 0)
    width = max(fa.width + up + 1, fb.width + 1, result.width)
    q = _quotient(_lift(a, width) << up, _lift(b, width))
    return to_storage(q, result), result


def _remainder(a: Any, fa: Format, b: Any, fb: Format) -> Pair:
    """``a % b`` of integers: the sign of a, as in C."""
    result = growth.remainder(fa, fb)
    _refuse_zero(b, "the divisor")
    width = max(fa.width, fb.width) + 1
    a, b = _lift(a, width), _lift(b, width)
    return to_storage(a - _quotient(a, b) * b, result), result


@kernel
def _sum_int64(a, up_a, b, up_b, sign, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = (a[k] << up_a) + sign * (b[k] << up_b)


_RULES: dict[str, tuple[Callable[[Format, Format], Format], Callable[[Any, Any], Any]]] = {
    "+": (growth.add, lambda a, b: a + b),
    "-": (growth.subtract, lambda a, b: a - b),
    "&": (growth.logic, lambda a, b: a & b),
    "|": (growth.logic, lambda a, b: a | b),
    "^": (growth.logic, lambda a, b: a ^ b),
}


def binary(op: str, a: Any, fa: Format, b: Any, fb: Format) -> Pair:
    """``a op b`` for + - * / % & | ^, with its format; exact but for / and %.

    Raises ZeroDivisionError with the index of the first zero divisor; FormatError where the
    vendors differ, or where the result exceeds 1024 bits.

    >>> f = Format.parse("fixed<8,4>")
    >>> raw, g = binary("/", np.array([100]), f, np.array([-7]), f)
    >>> raw, str(g)
    (array([-228]), 'ap_fixed<13,9>')
    """
    if op == "/":
        return _divide(a, fa, b, fb)
    if op == "%":
        return _remainder(a, fa, b, fb)
    if op == "*":
        result = growth.multiply(fa, fb)
        return _lift(a, result.width) * _lift(b, result.width), result
    rule, function = _RULES[op]
    result = rule(fa, fb)
    if op in "+-" and result.width <= NARROW_WIDTH and a.shape == b.shape and a.size > 1000:
        frac = result.frac  # one pass, where numpy would make a copy for each step
        out = np.empty(a.shape, dtype=np.int64)
        left, right = (np.ascontiguousarray(x).reshape(-1) for x in (a, b))
        sign = 1 if op == "+" else -1
        _sum_int64(left, frac - fa.frac, right, frac - fb.frac, sign, out.reshape(-1))
        return out, result
    # A signed raw beside an unsigned one needs no more bits than the sum's format has.
    left, right = _aligned(a, fa, b, fb, result.width)
    return function(left, right), result


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def compare(op: str, a: Any, fa: Format, b: Any, fb: Format) -> Any:
    """``a op b`` of the exact values for == != < <= > >=, as a bool array; vendors may mix.

    >>> f = Format.parse("fixed<40,20>"), Format.parse("ufixed<40,20>")
    >>> compare("<", np.array([-1]), f[0], np.array([1]), f[1])
    array([ True])
    """
    frac = max(fa.frac, fb.frac)
    width = max(fa.width + frac - fa.frac, fb.width + frac - fb.frac)
    left, right = _aligned(a, fa, b, fb, width)
    return np.asarray(COMPARISONS[op](left, right)).astype(np.bool_)


def negate(a: Any, fa: Format) -> Pair:
    """``-a``, exact.

    >>> negate(np.array([-128]), Format.parse("fixed<8,4>"))[0]
    array([128])
    """
    result = growth.negate(fa)
    return -_lift(a, result.width), result


def absolute(a: Any, fa: Format) -> Pair:
    """``abs(a)``, exact.

    >>> absolute(np.array([-128]), Format.parse("fixed<8,4>"))[0]
    array([128])
    """
    result = growth.absolute(fa)
    return abs(a), result


def invert(a: Any, fa: Format) -> Pair:
    """``~a``: the bits inverted in place (ap), or ``-a - lsb`` one bit wider if unsigned (ac).

    >>> invert(np.array([24]), Format.parse("ufixed<8,4>"))[0]
    array([231])
    """
    result = growth.invert(fa)
    raw = ~_lift(a, result.width)
    return (raw & result.raw_max if not result.signed else raw), result


def shift(a: Any, fa: Format, amount: Any) -> Pair:
    """``a << amount`` (``>>`` where negative) in the bits of a: no rounding, no saturation.

    amount: integers that broadcast with a.

    >>> shift(np.array([88]), Format.parse("fixed<8,4,RND,SAT>"), 1)[0]
    array([-80])
    """
    result = growth.shift(fa)
    plain = Format(fa.width, fa.integer, fa.signed)
    raw, amounts = np.broadcast_arrays(a, np.asarray(amount, dtype=np.int64))
    out = np.empty(raw.shape, dtype=raw.dtype)
    for n in np.unique(amounts):
        # Further than the width nothing but the sign is left; the bound keeps Format's I small.
        n = min(max(int(n), -fa.width), fa.width)
        chosen = np.clip(amounts, -fa.width, fa.width) == n
        out[chosen] = cast(raw[chosen], growth.scale2(plain, n), plain)
    return out, result


def select(a: Any, fa: Format, high: int, low: int) -> Pair:
    """Bits ``high`` to ``low`` of each raw value; ap with high < low gives them reversed.

    Raises ValueError where a bit lies outside the width.

    >>> select(np.array([0b0110]), Format.parse("uint<4>"), 3, 1)[0]
    array([3])
    """
    for name, place in (("high", high), ("low", low)):
        if not 0 <= place < fa.width:
            raise ValueError(
                f"{name} must be a bit from 0 to {fa.width - 1} of {fa}, not {place!r}"
            )
    result = growth.select(fa, high, low)
    if high < low and fa.family.startswith("ac"):
        raise ValueError(
            f"high must be at least low in {fa}, not {high} < {low}: ac has no reversal"
        )
    code = (a >> min(high, low)) & ((1 << result.width) - 1)
    if high < low:
        flipped = code * 0
        for k in range(result.width):
            flipped = flipped | ((code >> k) & 1) << (result.width - 1 - k)
        code = flipped
    if result.signed:
        sign = 1 << (result.width - 1)
        code = (code ^ sign) - sign
    return to_storage(code, result), result


def join(a: Any, fa: Format, b: Any, fb: Format) -> Pair:
    """The bits of a above those of b.

    >>> join(np.array([-1]), Format.parse("int<2>"), np.array([1]), Format.parse("fixed<3,1>"))[0]
    array([25])
    """
    result = growth.join(fa, fb)
    high = _lift(a, result.width) & ((1 << fa.width) - 1)
    low = _lift(b, result.width) & ((1 << fb.width) - 1)
    return high << fb.width | low, result


def integer_part(a: Any, fa: Format) -> Pair:
    """The integers of the vendor's conversion: toward zero (ap), floor (ac); any width.

    >>> raw, g = integer_part(np.array([-24, 24]), Format.parse("fixed<8,4>"))
    >>> raw, str(g)
    (array([-1,  1]), 'ap_int<4>')
    """
    width = max(fa.integer, 1)
    result = Format(width, width, fa.signed, family=f"{fa.family[:2]}_int")
    return cast(a, fa, result), result
