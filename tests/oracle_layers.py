"""The oracle, continued: layers that move, combine, pool and look up; exact rationals as before."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tests.oracle import Type, cast, cast_raw

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
