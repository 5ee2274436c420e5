"""Exact integer arithmetic that several operators share, at any width.

Raw values are int64 up to 62 bits and Python integers above; ``roomy`` makes the step.
"""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from fxp import NARROW_WIDTH, Format

__all__ = ["aligned", "floor_multiple", "int32", "int_steps", "roomy"]


def roomy(raw: Any, *widths: int) -> Any:
    """``raw`` as Python integers where an intermediate of ``widths`` bits would not fit int64."""
    values = np.asarray(raw)
    return values.astype(object) if max(widths) > NARROW_WIDTH else values


def aligned(raw: Any, source: Format, target: Format) -> Any:
    """``raw * 2**(target.frac - source.frac)``: the exact move to a format with more fraction."""
    return roomy(raw, target.width) << (target.frac - source.frac)


def floor_multiple(raw: int, frac: int, target_frac: int) -> int:
    """``floor(raw * 2**(target_frac - frac))`` as a Python int."""
    shift = target_frac - frac
    return raw << shift if shift >= 0 else raw >> -shift


def int32(raw: Any) -> Any:
    """The low 32 bits of each value, as a C ``int``."""
    return (((np.asarray(raw) + 2**31) & 0xFFFFFFFF) - 2**31).astype(np.int64)


def _reduced(frac: int, size: int, span: int) -> tuple[int, int]:
    """``size / span`` in lowest terms, the point move of ``frac > 0`` folded in."""
    span <<= max(frac, 0)
    common = gcd(size, span)
    return size // common, span // common


def int_steps(raw: Any, format: Format, size: int, span: int) -> Any:
    """``(int)(x * size / span)`` of ``ap_fixed`` x, span > 0, as int64.

    The division truncates toward zero at x's fraction and the conversion truncates toward zero
    again, keeping 32 bits (ap_fixed_base.h, ``operator/`` and ``to_ap_int_base``).
    """
    up, down = _reduced(format.frac, size, span)
    scaled = roomy(raw, format.width + up.bit_length() + max(-format.frac, 0)) * up
    quotient = np.where(scaled < 0, -(-scaled // down), scaled // down)
    return int32(quotient << max(-format.frac, 0))
