"""``cast(raw, f, g) = overflow(round(raw * 2**(g.frac - f.frac)))``: the only lossy function.

Quantise first, overflow second, on the exact rounded integer (ap_fixed_base.h, ``operator=``).
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .compiled import kernel
from .format import NARROW_WIDTH, Format
from .modes import Overflow, Rounding
from .wide import cast_wide, round_wide, to_objects

__all__ = [
    "CastStats",
    "Recipe",
    "cast",
    "integers",
    "overflow_raw",
    "recipe",
    "round_raw",
]

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
        shift,
        bias,
        sign,
        odd,
        flip,
        kind,
        low,
        high,
        target.width,
        int(target.signed),
        target.sat_bits,
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


@kernel(inline=True)
def _round(m, shift, bias, sign_mask, odd_mask, flip):  # type: ignore[no-untyped-def]
    # round_raw in fewer steps, for a positive shift and |m| < 2**62, which nothing carries out.
    return (m + bias + ((m >> 63) & sign_mask) + (((m >> shift) ^ flip) & odd_mask)) >> shift


@kernel
def _cast_wrap(m, out, shift, bias, sign_mask, odd_mask, flip, high, width, signed):  # type: ignore[no-untyped-def]
    lift = 64 - width
    if shift <= 0:
        up = lift - shift  # the value moves to the top and comes back with its sign, or without
        for k in range(m.size):
            moved = (m[k] << up) >> lift if up < 64 else np.int64(0)
            out[k] = moved if signed != 0 else moved & high
    elif signed == 0:
        for k in range(m.size):
            out[k] = _round(m[k], shift, bias, sign_mask, odd_mask, flip) & high
    else:
        for k in range(m.size):
            out[k] = (_round(m[k], shift, bias, sign_mask, odd_mask, flip) << lift) >> lift


@kernel
def _cast_sat(m, out, shift, bias, sign_mask, odd_mask, flip, kind, low, high):  # type: ignore[no-untyped-def]
    # For a left shift the range is tested on the source side, where nothing can leave 64 bits.
    under, above = (low, high) if kind == 1 else (np.int64(0), np.int64(0))
    if shift <= 0:
        up = min(-shift, 63)
        low_in, high_in = -((-low) >> up), high >> up
        for k in range(m.size):
            value = m[k]
            r = value << up
            out[k] = above if value > high_in else (under if value < low_in else r)
    elif kind == 1:
        for k in range(m.size):
            out[k] = min(max(_round(m[k], shift, bias, sign_mask, odd_mask, flip), low), high)
    else:
        for k in range(m.size):
            r = _round(m[k], shift, bias, sign_mask, odd_mask, flip)
            out[k] = r if low <= r <= high else np.int64(0)


@kernel
def _cast_rare(  # type: ignore[no-untyped-def]
    m, out, shift, bias, sign_mask, odd_mask, flip, kind, low, high, width, signed, sat_bits
):
    index = width + shift
    if shift > 0 and signed == 0:
        top = high & ~((np.int64(1) << (width - sat_bits)) - 1)
        for k in range(m.size):
            r = _round(m[k], shift, bias, sign_mask, odd_mask, flip)
            out[k] = r if low <= r <= high else (r & high) | top
        return
    if shift > 0:
        # overflow_raw without branches: masks of all ones or none stand for its conditions.
        place = min(index, 63)  # beyond the source its bits are its sign: such values fit if < 0
        lift, kept_place = 64 - width, width - max(sat_bits, 1)
        by_sign = np.int64(-1 if sat_bits > 0 else 0)
        inverse = np.int64(-1 if sat_bits > 1 else 0)
        magnitude = np.int64(-1 if kind == 4 else 0)
        top = np.int64(1) << (width - 1)
        keep = (np.int64(1) << kept_place) - 1 if sat_bits > 0 else np.int64(-1)
        above, under = (top - 1) & ~keep, -top & by_sign
        for k in range(m.size):
            value = m[k]
            r = _round(value, shift, bias, sign_mask, odd_mask, flip)
            negative = r >> 63
            wrapped = (r << lift) >> lift
            kept = -((wrapped >> kept_place) & 1)
            deleted = -((value >> place) & 1)
            wanted = (negative & by_sign) ^ (deleted & ~by_sign) ^ inverse
            body = (wrapped ^ ((kept ^ wanted) & magnitude)) & keep
            over = body | (negative & under) | (~negative & above)
            out[k] = r if low <= r <= high else over
        return
    up = min(-shift, 63)
    low_in, high_in = -((-low) >> up), high >> up
    for k in range(m.size):
        value = m[k]
        r = value << -shift if shift > -64 else np.int64(0)
        over = np.int64(value > high_in) - np.int64(value < low_in)
        deleted = (value >> index) & 1 if index >= 0 else np.int64(0)
        out[k] = overflow_raw(r, over, kind, low, high, width, signed, sat_bits, deleted)


@dataclass(frozen=True, slots=True, eq=False)
class CastStats:
    """``rounded = raw * 2**(F2 - F1) % 1 != 0``; wrapped or saturated: ``round(...)`` out of range.

    rounded, wrapped, saturated: bool arrays of the raw array's shape; an element may be rounded
    and wrapped or saturated. Under SAT_SYM the least raw value counts as saturated. A cast between
    identical formats changes nothing. ``along`` raises ValueError for an axis that is not there.
    Source: UG1399's order, quantisation first and overflow second, of the rounded value.

    >>> f, g = Format.parse("fixed<8,4>"), Format.parse("fixed<4,2,RND,SAT>")
    >>> _, stats = cast([[127, 4], [-3, 0]], f, g, stats=True)
    >>> stats
    CastStats(wraps=0, saturations=1, roundings=2)
    >>> stats.along(0)["roundings"]
    array([1, 1])
    """

    rounded: npt.NDArray[np.bool_]
    wrapped: npt.NDArray[np.bool_]
    saturated: npt.NDArray[np.bool_]

    @property
    def wraps(self) -> int:
        """How many values left the range and wrapped."""
        return int(self.wrapped.sum())

    @property
    def saturations(self) -> int:
        """How many values left the range and became a bound, or zero."""
        return int(self.saturated.sum())

    @property
    def roundings(self) -> int:
        """How many values lay between two steps of the target."""
        return int(self.rounded.sum())

    def along(self, axis: int) -> dict[str, npt.NDArray[np.int64]]:
        """Counts for each index of ``axis``: arrays "wraps", "saturations" and "roundings"."""
        masks = {"wraps": self.wrapped, "saturations": self.saturated, "roundings": self.rounded}
        if not -self.rounded.ndim <= axis < self.rounded.ndim:
            raise ValueError(f"axis must be below {self.rounded.ndim} dimensions, not {axis!r}")
        others = tuple(k for k in range(self.rounded.ndim) if k != axis % self.rounded.ndim)
        return {name: mask.sum(axis=others, dtype=np.int64) for name, mask in masks.items()}

    def __repr__(self) -> str:
        counts = f"wraps={self.wraps}, saturations={self.saturations}, roundings={self.roundings}"
        return f"CastStats({counts})"


def _stats(values: Any, source: Format, target: Format) -> CastStats:
    shift = source.frac - target.frac
    no = np.zeros(values.shape, dtype=np.bool_)
    if source == target:
        return CastStats(no, no, no)
    limited = min(shift, source.width + 2) if shift > 0 else max(shift, -target.width - 1)
    low, high = target.raw_min, target.raw_max
    if target.overflow is Overflow.SAT_SYM and target.signed and target.width > 1:
        low = -high
    objects = to_objects(values)
    r = round_wide(objects.reshape(-1), limited, target.rounding).reshape(values.shape)
    rounded = np.asarray((objects & ((1 << limited) - 1)) != 0) if shift > 0 else no
    over = np.asarray((r < low) | (r > high))
    wraps = target.overflow in (Overflow.WRAP, Overflow.WRAP_SM)
    return CastStats(rounded, over if wraps else no, no if wraps else over)


def integers(raw: Any, format: Format) -> Any:
    """``raw`` as an array of the format's dtype; TypeError where it is not of integers."""
    values = np.asarray(raw)
    if values.size == 0 and values.dtype == np.float64:
        values = values.astype(np.int64)  # numpy's dtype of an empty list
    if values.dtype.kind not in "iub":
        bad = [v for v in values.reshape(-1) if not isinstance(v, Integral)]
        if bad or values.dtype != object:
            seen = bad[0] if values.dtype == object else values.dtype
            raise TypeError(f"raw must be integers, not {seen}; from_float takes real values")
    if format.width > NARROW_WIDTH:
        return to_objects(values)
    return values.astype(np.int64, copy=False)


def cast(raw: Any, source: Format, target: Format, *, stats: bool = False, out: Any = None) -> Any:
    """``overflow(round(raw * 2**(target.frac - source.frac)))`` with the modes of ``target``.

    raw: integers of ``source``, which is not checked; any shape, which the result has. Arrays are
    int64 to 62 bits and hold Python integers above. ``out``, a contiguous int64 array of that
    shape, receives a narrow result. With ``stats=True`` the answer is ``(raw, CastStats)``.
    A cast between identical formats copies the bits (so a SAT_SYM minimum survives), as the
    vendor's copy does. Exact. Raises TypeError for a raw array that is not integers.
    Source: ap_fixed_base.h; the branch-free rounding is UG1399's table, one tie rule per mode.

    >>> f, g = Format.parse("fixed<8,4>"), Format.parse("fixed<6,4,RND,SAT>")
    >>> cast(np.array([127, -3, 2]), f, g)
    array([31, -1,  1])
    >>> cast(-1 << 99, Format(100, 50), Format.parse("fixed<70,40,TRN,SAT>"))
    array(-590295810358705651712, dtype=object)
    """
    values = integers(raw, source)
    narrow = source.width <= NARROW_WIDTH and target.width <= NARROW_WIDTH
    result: Any
    if not narrow:
        if out is not None:
            raise ValueError(f"out must be left out above {NARROW_WIDTH} bits ({source}, {target})")
        result = values.copy() if source == target else cast_wide(values, source, target)
    else:
        result = np.empty(values.shape, dtype=np.int64) if out is None else out
        if (
            result.shape != values.shape
            or result.dtype != np.int64
            or not result.flags.c_contiguous
        ):
            raise ValueError(
                f"out must be a contiguous int64 array of shape {values.shape},"
                f" not {result.dtype} {result.shape}"
            )
        if source == target:
            result[...] = values
        else:
            _cast(
                np.ascontiguousarray(values).reshape(-1),
                result.reshape(-1),
                recipe(source.frac, target),
            )
    return (result, _stats(values, source, target)) if stats else result


def _cast(values: Raw, out: Raw, r: Recipe) -> None:
    """The loop that the overflow kind calls for."""
    rounding = (r.shift, r.bias, r.sign_mask, r.odd_mask, r.flip)
    if r.kind == WRAP:
        _cast_wrap(values, out, *rounding, r.high, r.width, r.signed)
    elif r.kind in (SAT, SAT_ZERO):
        _cast_sat(values, out, *rounding, r.kind, r.low, r.high)
    else:
        _cast_rare(values, out, *r)
