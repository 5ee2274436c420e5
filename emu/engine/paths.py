"""Which loops give a Linear's bits, by proof, and what each costs; docs/engine.md has the proofs.

Nothing here looks at data: a proof uses the interval of the input, the actual weights and the
formats. ``admissible`` lists every path whose condition holds; the plan takes the cheapest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fxp import NARROW_WIDTH, Format
from fxp.casting import SAT, Recipe, recipe

from ..linear import Interval, Linear

__all__ = ["Path", "admissible", "halves", "largest", "partial_bound", "stays_inside"]


class Path(NamedTuple):
    """One exact way to compute a Linear: its name, its estimated cost and its proof.

    cost: nanoseconds a sample on one core, from the loops' measured cost a multiply-add.
    """

    name: str
    cost: float
    why: str


_NANOSECONDS = {
    "float32": 0.019,
    "float64": 0.038,
    "int16": 0.026,
    "int32": 0.040,
    "int64": 0.12,
    "ordered16": 0.06,
    "ordered32": 0.16,
    "ordered64": 0.6,
    "wide": 100.0,
}
"""A multiply-add of each path on one core; only their order matters."""

_FLOAT_EDGE = 0.2
"""A conversion of one element to float and back, which the BLAS paths pay at each end."""


def largest(x: Interval) -> int:
    """``max |x|``."""
    return max(x[1], -x[0])


def product_bound(linear: Linear, x: Interval) -> int:
    """Greatest |one product| in product units."""
    return largest(x) * linear.largest_weight


def partial_bound(linear: Linear, x: Interval) -> int:
    """Greatest |partial sum| in units of accum, each product rounded on its way, start included."""
    exact = largest(x) * linear.norm
    if linear.shift <= 0:
        return (exact << -linear.shift) + linear.largest_start
    # Rounding moves a product by less than one step.
    return (exact >> linear.shift) + linear.longest + linear.largest_start


def stays_inside(linear: Linear, x: Interval) -> bool:
    """Whether no product and no partial sum, in any order, can leave the accumulator's range.

    Compared with the smaller side of the range, and with SAT_SYM's symmetric one.
    """
    accum = linear.accum
    return accum.signed and partial_bound(linear, x) <= accum.raw_max


def admissible(linear: Linear, x: Interval, dtype: np.dtype) -> Iterator[Path]:
    """Every path that gives the bits of ``linear`` for raw inputs within ``x`` stored as dtype."""
    if not linear.narrow or dtype.kind == "O":
        yield _path("wide", len(linear.weight), "a product or the accumulator exceeds 62 bits")
        return
    inside = stays_inside(linear, x)
    if linear.wraps or inside:
        yield from _any_order(linear, x, dtype, inside)
    if not linear.wraps:
        yield from _in_order(linear, x, dtype)


def _path(name: str, work: float, why: str, extra: float = 0.0) -> Path:
    return Path(name, work * _NANOSECONDS[name] + extra, why)


def _any_order(
    linear: Linear,
    x: Interval,
    dtype: np.dtype,
    inside: bool,
) -> Iterator[Path]:
    """Paths that sum modulo a power of two or without leaving the range."""
    into = recipe(linear.product.frac, linear.accum)
    entries = len(linear.weight)
    bound = partial_bound(linear, x)
    range_ = f"|sum| <= 2**{bound.bit_length()} stays in {linear.accum}" if inside else "wraps"
    yield _path("int64", entries, f"modulo 2**64; {range_}")
    if -62 <= linear.shift <= 0 and linear.matrix is not None:
        exact = largest(x) * linear.norm
        ends = _FLOAT_EDGE * sum(linear.matrix.shape)
        for name, mantissa in (("float32", 24), ("float64", 53)):
            if exact <= 1 << mantissa:
                why = f"every |partial sum| <= {exact} <= 2**{mantissa}; {range_}"
                yield _path(name, linear.matrix.size, why, ends)
    if into.sign_mask or into.odd_mask:
        return
    if _fits(bound, linear, 32, inside) and dtype.itemsize <= 4:
        product = product_bound(linear, x) + into.bias
        if linear.shift <= 0 or (product < 1 << 31 and linear.shift < 32):
            why = "" if linear.shift <= 0 else f"|product| < 2**{product.bit_length()}; "
            yield _path("int32", entries, f"modulo 2**32; {why}{range_}")
    if _fits(bound, linear, 16, inside) and dtype.itemsize <= 2 and _halves(into):
        highs, lows = halves(linear.weight, linear.shift)
        work = np.count_nonzero(highs) * (2 if into.bias else 1) + np.count_nonzero(lows)
        yield _path("int16", float(work), f"modulo 2**16, products by halves; {range_}")


def _fits(bound: int, linear: Linear, bits: int, inside: bool) -> bool:
    """Whether sums modulo 2**bits are enough."""
    return linear.accum.width <= bits if not inside else bound < 1 << (bits - 1)


def _halves(into: Recipe) -> bool:
    """Whether the rounding of a product is one that 16-bit halves give: TRN or RND."""
    return into.shift <= 16 and into.bias in (0, (1 << into.shift) >> 1 if into.shift > 0 else 0)


def halves(weight: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """``(low << 16 - shift, high)`` with ``weight = high * 2**shift + low``, |low| <= 2**(shift-1).

    For shift <= 0 the first is zero and the second ``weight * 2**-shift``, modulo 2**16.
    """
    if shift <= 0:
        high = weight << min(-shift, 16)
        return np.zeros(len(weight), dtype=np.int16), high.astype(np.int16)
    half = 1 << (shift - 1)
    low = ((weight + half) & ((1 << shift) - 1)) - half
    return (low << (16 - shift)).astype(np.int16), ((weight - low) >> shift).astype(np.int16)


def _in_order(linear: Linear, x: Interval, dtype: np.dtype) -> Iterator[Path]:
    """Paths that honour the accumulator at every step."""
    accum: Format = linear.accum
    entries = len(linear.weight)
    into = recipe(linear.product.frac, accum)
    yield _path("ordered64", entries, f"{accum} honoured at every step")
    if into.kind != SAT or into.sign_mask or into.odd_mask:
        return
    product = product_bound(linear, x)
    limit = (product + into.bias) if linear.shift > 0 else product << -linear.shift
    small = limit < 1 << 31 and linear.shift < 32
    if small and dtype.itemsize <= 4 and accum.width <= 30:
        why = f"{accum} clamped at every step; |product| < 2**{limit.bit_length()}"
        yield _path("ordered32", entries, why)
    if small and dtype.itemsize <= 2 and accum.width <= 16 and accum.signed and _halves(into):
        yield _path("ordered16", entries, f"{accum} clamped at every step; products by halves")


assert NARROW_WIDTH < 63, "a sum of two accumulators must fit int64"
