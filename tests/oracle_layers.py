"""The oracle, continued: layers that move, combine, pool and look up; exact rationals as before."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from fractions import Fraction

from tests.oracle import (
    _F,
    _LIBM,
    Type,
    cast,
    cast_raw,
    float_raw,
    int32,
    toward_zero,
    tree_sum,
    value,
)

_LIBM.sqrtf.argtypes = [ctypes.c_float]
_LIBM.sqrtf.restype = ctypes.c_float

# ---- merges -----------------------------------------------------------------------------------


def merge(name: str, a: Fraction, b: Fraction, result: Type, count: int = 2) -> int:
    """Raw output of one pair; an average is of ``count`` numbers, a the sum of all but the last."""
    exact = {
        "add": lambda: a + b,
        "subtract": lambda: a - b,
        "multiply": lambda: a * b,
        "average": lambda: Fraction(a + b) / count,
        "maximum": lambda: a if a > b else b,
        "minimum": lambda: a if a < b else b,
    }
    return cast_raw(exact[name](), result)


def dot(
    a: Sequence[Fraction], b: Sequence[Fraction], accum: Type, result: Type, ternary: bool
) -> int:
    """Raw output of two vectors; ``ternary``: hls4ml's product with an int<2>."""
    total = Fraction(0)
    for x, w in zip(a, b, strict=True):
        product = (x if w not in (0, -1) else x * w) if ternary else x * w
        total = cast(total + cast(product, accum), accum)
    return cast_raw(total, result)


# ---- pooling ----------------------------------------------------------------------------------


def pool(
    name: str,
    cells: Sequence[Fraction | None],
    types: tuple[Type, Type, Type],
    *,
    count_pad: bool = False,
    top_bit: bool = False,
    order: str = "cells",
) -> int:
    """Raw output of one window; None is a padded cell. types: data, accum, result."""
    data, accum, result = types
    if name == "max":
        outside = value(2 ** (data.width - 1) if top_bit and not data.signed else data.low, data)
        if order != "cells":
            most = max(cast(outside if c is None else c, accum) for c in cells)
            return cast_raw(most, result)
        return cast_raw(cast(max(outside if c is None else c for c in cells), accum), result)
    total = Fraction(0)
    if order == "tree":
        total = tree_sum([cast(cell or 0, accum) for cell in cells], accum)
    else:
        for cell in cells:
            seen = cast(cell or 0, accum) if order == "casts" else cell or 0
            total = cast(total + seen, accum)
    length = len(cells) if count_pad else sum(cell is not None for cell in cells)
    quotient = toward_zero(total * Fraction(2) ** accum.frac / length)
    return cast_raw(quotient / Fraction(2) ** accum.frac, result)


# ---- moves ------------------------------------------------------------------------------------


def source_of(kind: str, at: Sequence[int], shape: Sequence[int], given: Sequence) -> tuple | None:
    """Where in the input of ``shape`` the output element ``at`` comes from; None is a zero.

    given: per axis the ``(before, after)`` of a padding or cropping, the factor of an up-sampling,
    or the input's axis of a transpose; of a slice ``(start, count, step)`` per axis, and the shape.
    """
    if kind == "slice":
        slices, target = given
        number = 0
        for i, n in zip(at, target, strict=True):
            number = number * n + i
        found = []
        for start, count, step in reversed(slices):
            number, k = divmod(number, count)
            found.append(start + k * step)
        return tuple(reversed(found))
    if kind == "transpose":
        found = [0] * len(shape)
        for i, axis in zip(at, given, strict=True):
            found[axis] = i
        return tuple(found)
    if kind == "resize":
        # Nearest: the largest source whose first copy is not behind the element.
        return tuple(
            max(s for s in range(n) if s * factor <= i)
            for i, n, factor in zip(at, shape, given, strict=True)
        )
    sign = {"zero_padding": -1, "cropping": 1}[kind]
    found = [i + sign * before for i, (before, _) in zip(at, given, strict=True)]
    inside = all(0 <= i < n for i, n in zip(found, shape, strict=True))
    return tuple(found) if inside else None


# ---- bilinear up-sampling -----------------------------------------------------------------------


def share_of_second(i: int, factor: int) -> Fraction:
    """How far the centre of pixel i lies from one of the original centres to the next, exactly."""
    place = (i + Fraction(1, 2)) / factor - Fraction(1, 2)
    return place - math.floor(place)


def bilinear(
    picture: Sequence[Sequence[Fraction]],
    at: tuple[int, int],
    shares: tuple[Sequence[Fraction], Sequence[Fraction]],
    result: Type,
) -> int:
    """Raw output pixel ``at`` of one channel; shares: of the second line, by phase, per axis."""
    total = Fraction(0)
    height, width = len(picture), len(picture[0])
    near = []
    for i, own in zip(at, shares, strict=True):
        place = (i + Fraction(1, 2)) / len(own) - Fraction(1, 2)
        second = own[i % len(own)]
        line = math.floor(place)
        near.append(((line, 1 - second), (line + 1, second)))
    for row, weight in near[0]:
        for column, other in near[1]:
            pixel = picture[min(max(row, 0), height - 1)][min(max(column, 0), width - 1)]
            total += weight * other * pixel
    return cast_raw(total, result)


# ---- tables, thresholds, quantisers ------------------------------------------------------------


def embedding(x: Fraction, i: int, table: Sequence[Fraction], n_out: int, result: Type) -> int:
    """Raw element ``i`` of the row that ``x`` names; the nearest end beyond the table."""
    place = (x * n_out + i).__floor__()
    return cast_raw(table[min(max(place, 0), len(table) - 1)], result)


def threshold(x: Fraction, high: Fraction, low: Fraction | None, result: Type) -> int:
    """Raw output; binary without ``low``."""
    if low is None:
        return cast_raw(int(x >= high), result)
    return cast_raw(1 if x > high else -1 if x <= low else 0, result)


def unary(x: Fraction, data: Type, table: Sequence[Fraction], result: Type) -> int:
    """Raw output of a table over all codes, two's complement read as unsigned."""
    return cast_raw(table[int(x * Fraction(2) ** data.frac) % 2**data.width], result)


# ---- layer normalisation ----------------------------------------------------------------------


def inverse_root_table(size: int, power_of_10: int, power_of_2: int, t: Type) -> list[int]:
    """Raw entries; every step has the C++ type of the original."""
    low, most = _F(math.pow(10.0, -power_of_10)), _F(math.pow(2.0, -power_of_2))
    step = most / _F(size)
    rows = []
    for i in range(size):
        x = low + step * _F(i)
        root = _LIBM.sqrtf(float(x))
        rows.append(float_raw(1.0 / root, t))
    return rows


def layer_normalization(
    x: Sequence[Fraction],
    scale: Sequence[Fraction],
    bias: Sequence[Fraction],
    table: Sequence[Fraction],
    span: int,
    accum: Type,
    result: Type,
) -> list[int]:
    """Raw outputs of one slice."""
    k = cast(Fraction(1.0 / len(x)), accum)
    total = Fraction(0)
    for element in x:
        total = cast(total + cast(element, accum), accum)
    mean = cast(total * k, accum)
    apart, squares = [], Fraction(0)
    for element in x:
        apart.append(cast(cast(element, accum) - mean, accum))
        squares = cast(squares + cast(apart[-1] * apart[-1], accum), accum)
    variance = cast(squares * k, accum)
    index = int32(toward_zero(variance * len(table) * span))
    entry = table[min(max(index, 0), len(table) - 1)]
    return [cast_raw(d * entry * s + b, result) for d, s, b in zip(apart, scale, bias, strict=True)]
