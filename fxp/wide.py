"""``overflow(round(raw * 2**(target.frac - source.frac)))`` on Python integers: any width to 1024.

The contract of ``casting`` where int64 does not hold the bits; which one runs is decided by the
widths of the formats. Arrays are one-dimensional, of dtype object.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .format import NARROW_WIDTH, Format
from .modes import Overflow, Rounding

__all__ = ["cast_wide", "overflow_wide", "round_wide", "to_objects", "to_storage"]

Objects = Any  # npt.NDArray[np.object_]; numpy's types say Any of its elements


def to_objects(raw: Any) -> Objects:
    """The raw values as Python integers, same shape."""
    values = np.asarray(raw)
    if values.dtype != object:
        return values.astype(object)
    out = np.empty(values.shape, dtype=object)
    flat = out.reshape(-1)
    for k, value in enumerate(values.reshape(-1)):
        flat[k] = int(value)
    return out


def to_storage(raw: Any, format: Format) -> Any:
    """The raw values in the dtype of ``format``: int64 to 62 bits, above that Python integers."""
    values = np.asarray(raw)
    if format.width <= NARROW_WIDTH:
        return values.astype(np.int64, copy=False)
    return to_objects(values)


def round_wide(m: Objects, shift: int, rounding: Rounding) -> Objects:
    """``m / 2**shift`` rounded to integers by the mode; exact where shift <= 0."""
    if shift <= 0:
        return m << -shift
    floor = m >> shift
    rest = m - (floor << shift)
    half = 1 << (shift - 1)
    tie = rest == half
    up = rest > half
    if rounding is Rounding.TRN:
        up = np.zeros(m.shape, dtype=bool)
    elif rounding is Rounding.TRN_ZERO:
        up = (m < 0) & (rest != 0)
    elif rounding is Rounding.RND:
        up |= tie
    elif rounding is Rounding.RND_ZERO:
        up |= tie & (m < 0)
    elif rounding is Rounding.RND_INF:
        up |= tie & (m > 0)
    elif rounding is Rounding.RND_CONV:
        up |= tie & ((floor & 1) == 1)
    elif rounding is Rounding.RND_CONV_ODD:
        up |= tie & ((floor & 1) == 0)
    return floor + up.astype(np.int64).astype(object)


def overflow_wide(r: Objects, target: Format, deleted: Objects | None = None) -> Objects:
    """Bring rounded integers into the target's bits; ``deleted`` is WRAP_SM's first deleted bit."""
    low, high, width = target.raw_min, target.raw_max, target.width
    if target.overflow is Overflow.SAT_SYM and target.signed and width > 1:
        low = -high
    below, above = r < low, r > high
    over = below | above
    if not over.any():
        return r
    if target.overflow in (Overflow.SAT, Overflow.SAT_SYM):
        return np.where(below, low, np.where(above, high, r))
    if target.overflow is Overflow.SAT_ZERO:
        return np.where(over, 0, r)
    code = r & ((1 << width) - 1)
    bits = target.sat_bits
    if not target.signed:
        top = ((1 << bits) - 1) << (width - bits)
        return np.where(over, code | top, code) if bits else code
    if target.overflow is Overflow.WRAP_SM or bits:
        mended = _signed_wrap(code, below, target, deleted)
        code = np.where(over, mended, code)
    return (code ^ (1 << (width - 1))) - (1 << (width - 1))


def _signed_wrap(code: Objects, below: Any, target: Format, deleted: Objects | None) -> Objects:
    """The codes of overflowed values under WRAP with sat_bits, and under WRAP_SM."""
    width, bits = target.width, target.sat_bits
    negative = below.astype(np.int64).astype(object)
    everything = (1 << width) - 1
    if target.overflow is Overflow.WRAP_SM:
        kept = code >> (width - max(bits, 1)) & 1
        if bits == 0:
            wanted = deleted if deleted is not None else negative * 0
        else:
            wanted = negative if bits == 1 else 1 - negative
        code = np.where(kept != wanted, code ^ everything, code)
    if bits == 0:
        return code
    sign = 1 << (width - 1)
    inner = sign - (1 << (width - bits))
    return np.where(below, code & ~inner | sign, (code | inner) & ~sign)


def cast_wide(raw: Any, source: Format, target: Format) -> Any:
    """The cast of ``casting.cast`` where a width exceeds 62 bits; same shape, storage by width."""
    m = to_objects(raw)
    flat = m.reshape(-1)
    shift = source.frac - target.frac
    # Beyond these limits more shift changes nothing: no bit is left, or nothing but the sign.
    limited = min(shift, source.width + 2) if shift > 0 else max(shift, -target.width - 1)
    r = round_wide(flat, limited, target.rounding)
    deleted = None
    place = target.width + shift
    if 0 <= place < source.width:
        deleted = flat >> place & 1
    return to_storage(overflow_wide(r, target, deleted), target).reshape(m.shape)
