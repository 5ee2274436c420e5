"""Exact integer arithmetic that several operators share, and its width limit."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from fxp import NARROW_WIDTH, Format

__all__ = ["aligned", "floor_multiple", "int32", "int_steps", "int_steps_bits", "require_narrow"]


def require_narrow(format: Format, what: str) -> Format:
    """``format``, if int64 holds it with a bit to spare; else ValueError names ``what``."""
    if format.width > NARROW_WIDTH:
        raise ValueError(
            f"{what} must have at most {NARROW_WIDTH} bits, not {format.width} ({format});"
            " narrow the operands' Precision in the configuration,"
            ' or bound automatic types with Model: Precision: maximum: "fixed<32,16>"'
        )
    return format


def aligned(raw: Any, source: Format, target: Format) -> Any:
    """``raw * 2**(target.frac - source.frac)``: the exact move to a format with more fraction."""
    return np.asarray(raw) << (target.frac - source.frac)


def floor_multiple(raw: int, frac: int, target_frac: int) -> int:
    """``floor(raw * 2**(target_frac - frac))`` as a Python int."""
    shift = target_frac - frac
    return raw << shift if shift >= 0 else raw >> -shift


def int32(raw: Any) -> Any:
    """The low 32 bits of each value, as a C ``int``."""
    return np.asarray(raw).astype(np.int32).astype(np.int64)


def _reduced(frac: int, size: int, span: int) -> tuple[int, int]:
    """``size / span`` in lowest terms, the point move of ``frac > 0`` folded in."""
    span <<= max(frac, 0)
    common = gcd(size, span)
    return size // common, span // common


def int_steps(raw: Any, frac: int, size: int, span: int) -> Any:
    """``(int)(x * size / span)`` of ``ap_fixed`` x with ``frac`` fraction bits, span > 0.

    The division truncates toward zero at x's fraction and the conversion truncates toward zero
    again, keeping 32 bits (ap_fixed_base.h, ``operator/`` and ``to_ap_int_base``).
    """
    up, down = _reduced(frac, size, span)
    scaled = np.asarray(raw) * up
    quotient = np.where(scaled < 0, -(-scaled // down), scaled // down)
    return int32(quotient << max(-frac, 0))


def int_steps_bits(width: int, frac: int, size: int, span: int) -> int:
    """Bits that ``int_steps`` needs for values of ``width`` bits."""
    return width + max(_reduced(frac, size, span)[0].bit_length() - 1, 0) + max(-frac, 0)
