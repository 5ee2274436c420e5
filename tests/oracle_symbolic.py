"""The oracle, continued: numbers as C++ computes with them in an expression, exact rationals.

``Number`` stands in an expression where a variable stands in C++; Python's own parser and
operators do the rest.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from tests.oracle import _LIBM, Type, cast, cast_raw, float_raw, int32, toward_zero, value


class Number:
    """A value and how many fraction bits the type of its C++ expression has."""

    def __init__(self, x: Fraction, frac: int) -> None:
        self.x, self.frac = Fraction(x), frac

    def __add__(self, other: Number) -> Number:
        return Number(self.x + other.x, max(self.frac, other.frac))

    def __sub__(self, other: Number) -> Number:
        return Number(self.x - other.x, max(self.frac, other.frac))

    def __mul__(self, other: Number) -> Number:
        return Number(self.x * other.x, self.frac + other.frac)

    def __neg__(self) -> Number:
        return Number(-self.x, self.frac)

    def __truediv__(self, other: Number) -> Number:
        """The quotient of the integers, the first with the second's fraction bits appended."""
        frac = self.frac + max(other.frac, 0) - other.frac
        if other.x == 0:
            return Number(Fraction(0), frac)
        up = self.x * Fraction(2) ** self.frac * 2 ** max(other.frac, 0)
        down = other.x * Fraction(2) ** other.frac
        assert up.denominator == down.denominator == 1
        return Number(toward_zero(up / down) / Fraction(2) ** frac, frac)


def variable(raw: int, t: Type) -> Number:
    """A variable of type ``t`` with these bits."""
    return Number(value(raw, t), t.frac)


def expression(text: str, names: dict[str, object]) -> Fraction:
    """The exact value of an expression of the names, before it is cast."""
    return eval(_code(text), {"__builtins__": {}}, names).x


@functools.cache
def _code(text: str) -> object:
    return compile(text, "expression", "eval")


# ---- look-ups ----------------------------------------------------------------------------------

SCALE = Type(20, 16)


def look_up(table: Sequence[int], start: int, scale: int, t: Type) -> Callable[[Number], Number]:
    """The function that reads ``table``; table, start of type t and scale as raw integers."""

    def read(argument: Number) -> Number:
        apart = cast(argument.x, t) - value(start, t)
        index = int32(toward_zero(apart * value(scale, SCALE)))
        return Number(value(table[min(max(index, 0), len(table) - 1)], t), t.frac)

    return read


def lookup_table(
    function: str, low: float, high: float, size: int, t: Type
) -> tuple[list[int], int, int]:
    """Raw samples, start and scale of hls4ml's ``lookup_table`` with libm's function of doubles."""
    start, end = cast(Fraction(low), t), cast(Fraction(high), t)
    count = Number(Fraction(size), 0)
    span = Number(cast(end - start, t), t.frac)
    scale = cast_raw((count / span).x, SCALE)
    step = cast((Number(end - start, t.frac) / count).x, t)
    libm = getattr(_LIBM, function)
    libm.argtypes, libm.restype = [ctypes.c_double], ctypes.c_double
    samples = []
    for i in range(size):
        y = libm(float(cast(start + i * step, t)))
        infinite = Fraction(int(math.copysign(1, y)) * 2**1024) if math.isinf(y) else None
        samples.append(cast_raw(infinite, t) if infinite is not None else float_raw(y, t))
    return samples, cast_raw(start, t), scale
