"""``cast(raw, source, target) = overflow(round(raw * 2**(target.frac - source.frac)))``: the only lossy function.

Quantise first, overflow second, on the exact rounded integer (ap_fixed_base.h, ``operator=``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .compiled import kernel
from .errors import RawRangeError
from .format import NARROW_WIDTH, Format
from .modes import Overflow, Rounding

__all__ = ["Recipe", "cast", "overflow_raw", "recipe", "round_raw"]

Raw = npt.NDArray[np.int64]

WRAP, SAT, SAT_ZERO, WRAP_BITS, WRAP_SM = range(5)
"""How a recipe treats overflow; SAT_SYM is SAT with a symmetric lower bound."""


class Recipe(NamedTuple):
    """The constants of one cast, for kernels: see ``round_raw`` and ``overflow_raw``."""

    shift: int  # bits dropped (positive) or appended (negative)
    bias: int  # B: added before the shift
    sign_mask: int  # Ms: added where the value is negative
    odd_mask: int  # Ml: added where the floor is odd (after ^ flip)
    flip: int  # X
    kind: int  # WRAP ... WRAP_SM
    low: int  # least and greatest raw value that stays as it is
    high: int
    width: int
    signed: int
    sat_bits: int


def recipe(source_frac: int, target: Format) -> Recipe:
    """Constants that cast a raw value with ``source_frac`` fraction bits into ``target``."""
    shift = source_frac - target.frac
    bias = sign = odd = flip = 0
    if shift > 0:
        # Beyond 63 bits the value is far below half an LSB for any narrow source: the rounding
        # depends on its sign alone, and 63 gives the same result.
        shift = min(shift, 63)
        half, mask = 1 << (shift - 1), (1 << shift) - 1
        bias, sign, odd, flip = {
            Rounding.TRN: (0, 0, 0, 0),
            Rounding.TRN_ZERO: (0, mask, 0, 0),
            Rounding.RND: (half, 0, 0, 0),
            Rounding.RND_MIN_INF: (half - 1, 0, 0, 0),
            Rounding.RND_ZERO: (half - 1, 1, 0, 0),
            Rounding.RND_INF: (half, -1, 0, 0),
            Rounding.RND_CONV: (half - 1, 0, 1, 0),
            Rounding.RND_CONV_ODD: (half - 1, 0, 1, 1),
        }[target.rounding]
    low, high, kind = target.raw_min, target.raw_max, WRAP
    if target.overflow is Overflow.SAT:
        kind = SAT
    elif target.overflow is Overflow.SAT_ZERO:
        kind = SAT_ZERO
    elif target.overflow is Overflow.SAT_SYM:
        kind = SAT
        if target.signed and target.width > 1:
            low = -high
    elif target.overflow is Overflow.WRAP_SM:
        kind = WRAP_SM
    elif target.sat_bits:
        kind = WRAP_BITS
    return Recipe(
        shift, bias, sign, odd, flip, kind, low, high, target.width, int(target.signed), target.sat_bits
    )


@kernel(inline=True)
def round_raw(m, shift, bias, sign_mask, odd_mask, flip):  # type: ignore[no-untyped-def]
    """``floor(m / 2**shift)`` corrected by the mode; for shift <= 0 ``m * 2**-shift`` mod 2**64."""
    if shift <= 0:
        return m << -shift if shift > -64 else np.int64(0)
    floor = m >> shift
    rest = (m & ((np.int64(1) << shift) - 1)) + bias + ((m >> 63) & sign_mask)
    # Below 2**64, but at shift 63 not below 2**63: shifted as unsigned.
    carry = np.uint64(rest + ((floor ^ flip) & odd_mask)) >> np.uint64(shift)
    return floor + np.int64(carry)


@kernel(inline=True)
def overflow_raw(r, over, kind, low, high, width, signed, sat_bits, deleted):  # type: ignore[no-untyped-def]
    """Bring ``r`` into ``width`` bits; ``over`` is -1, 0 or 1: below, inside or above the range.

    ``deleted`` is the first deleted bit, which WRAP_SM without sat_bits looks at.
    """
    if kind == 1:  # SAT, SAT_SYM
        return low if over < 0 else (high if over > 0 else r)
    if kind == 2:  # SAT_ZERO
        return np.int64(0) if over != 0 else r
    lift = 64 - width
    wrapped = (r << lift) >> lift
    if signed == 0:
        wrapped = r & high
    if kind == 0 or over == 0:
        return wrapped
    negative = np.int64(over < 0)
    if signed == 0:  # WRAP with sat_bits: the top bits are all one
        return wrapped | (high & ~((np.int64(1) << (width - sat_bits)) - 1))
    top = np.int64(1) << (width - 1)
    if kind == 4:  # WRAP_SM
        if sat_bits == 0:
            sign = (wrapped >> (width - 1)) & 1
            return ~wrapped if deleted != sign else wrapped
        if sat_bits == 1:
            if ((wrapped >> (width - 1)) & 1) != negative:
                wrapped = ~wrapped
        elif ((wrapped >> (width - sat_bits)) & 1) == negative:
            wrapped = ~wrapped
    keep = (np.int64(1) << (width - max(sat_bits, 1))) - 1
    body = wrapped & keep
    if negative == 0:
        return body | ((top - 1) & ~keep)
    return body - top


@kernel
def _cast(m, out, shift, bias, sign_mask, odd_mask, flip, kind, low, high, width, signed, sat_bits):  # type: ignore[no-untyped-def]
    # For a left shift the range is tested on the source side, where nothing can leave 64 bits.
    up = low_in = high_in = np.int64(0)
    if shift <= 0:
        up = min(-shift, 63)
        low_in, high_in = -((-low) >> up), high >> up
    for k in range(m.size):
        value = m[k]
        r = round_raw(value, shift, bias, sign_mask, odd_mask, flip)
        if shift <= 0:
            over = np.int64(value > high_in) - np.int64(value < low_in)
        else:
            over = np.int64(r > high) - np.int64(r < low)
        index = width + shift
        deleted = (value >> index) & 1 if 0 <= index < 64 else np.int64(0)
        out[k] = overflow_raw(r, over, kind, low, high, width, signed, sat_bits, deleted)


def cast(raw: Any, source: Format, target: Format) -> Any:
    """``overflow(round(raw * 2**(target.frac - source.frac)))`` with the modes of ``target``.

    raw: int64 array or scalar of ``source``; the result has its shape. A cast between identical
    formats copies the bits (so a SAT_SYM minimum survives), as the vendor's copy does. Exact.
    Raises RawRangeError above 62 bits.
    Source: ap_fixed_base.h; the branch-free rounding is UG1399's table, one tie rule per mode.

    >>> f, g = Format.parse("fixed<8,4>"), Format.parse("fixed<6,4,RND,SAT>")
    >>> cast(np.array([127, -3, 2]), f, g)
    array([31, -1,  1])
    """
    values = np.asarray(raw, dtype=np.int64)
    if source == target:
        return values.copy()
    for which in (source, target):
        if which.width > NARROW_WIDTH:
            raise RawRangeError(f"width must be at most {NARROW_WIDTH} bits here, not {which.width} ({which})")
    out = np.empty(values.shape, dtype=np.int64)
    _cast(np.ascontiguousarray(values).reshape(-1), out.reshape(-1), *recipe(source.frac, target))
    return out
