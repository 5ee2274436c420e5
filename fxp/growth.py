"""Result formats of exact operations: the only place with width rules (ap_fixed_base.h, RType)."""

from __future__ import annotations

from .format import Format

__all__ = ["add", "multiply", "negate", "subtract"]


def _aligned(a: Format, b: Format) -> tuple[int, int]:
    """Integer bits that hold both operands, and the finer fraction."""
    left = a.integer + (b.signed and not a.signed)
    right = b.integer + (a.signed and not b.signed)
    return max(left, right), max(a.frac, b.frac)


def add(a: Format, b: Format) -> Format:
    """``a + b``: I = max(I1 + (S2 and not S1), I2 + (S1 and not S2)) + 1, F = max(F1, F2).

    >>> print(add(Format.parse("fixed<8,4>"), Format.parse("ufixed<8,2>")))
    ap_fixed<11,5>
    """
    integer, frac = _aligned(a, b)
    return Format(integer + 1 + frac, integer + 1, a.signed or b.signed)


def subtract(a: Format, b: Format) -> Format:
    """``a - b``: the bits of ``a + b``, always signed."""
    integer, frac = _aligned(a, b)
    return Format(integer + 1 + frac, integer + 1, True)


def multiply(a: Format, b: Format) -> Format:
    """``a * b``: W = W1 + W2, I = I1 + I2, S = S1 or S2."""
    return Format(a.width + b.width, a.integer + b.integer, a.signed or b.signed)


def negate(a: Format) -> Format:
    """``-a``: one more integer bit, signed."""
    return Format(a.width + 1, a.integer + 1, True)
