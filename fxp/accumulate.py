"""``out[i, j] = acc after acc = cast(acc + a[i, k] * b[k, j]) for k = 0, 1, ...``; sums likewise.

Without an accumulator format the sum is exact. With one, every step is honoured in this order;
where wrapping alone is lost, or nothing can leave the range, the exact sum and one cast give the
same bits and are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import growth
from .casting import cast, overflow_raw, recipe
from .compiled import kernel
from .format import NARROW_WIDTH, Format
from .modes import Overflow
from .wide import overflow_wide, round_wide, to_objects, to_storage

__all__ = ["matmul", "running_sum"]


@kernel
def _multiply_int64(a, b, out):  # type: ignore[no-untyped-def]
    rows, inner = a.shape
    for i in range(rows):
        row = out[i]
        for k in range(inner):
            v = a[i, k]
            for j in range(b.shape[1]):
                row[j] += v * b[k, j]


@kernel
def _accumulate(  # type: ignore[no-untyped-def]
    a, b, out, up, shift, bias, sign_mask, odd_mask, flip, kind, low, high, width, signed, sat_bits
):
    # The running value is kept in units of the accumulator; each sum is formed in the finer of
    # its unit and the product's. The loop over columns is the inner one: it has no carried value.
    # A sum has at most 62 bits, so the rounding constants cannot carry it out of 64.
    rows, inner = a.shape
    down = shift
    lift = 64 - width
    index = width + shift
    # TRN, RND and RND_MIN_INF round a multiple of the accumulator's LSB plus a product as they
    # round the product; if the accumulator wraps as well, wrapping may wait until the end.
    simple = up == 0 and sign_mask == 0 and odd_mask == 0
    for i in range(rows):
        row = out[i]
        for k in range(inner):
            v = a[i, k]
            if simple and kind == 0:
                for j in range(b.shape[1]):
                    row[j] += (v * b[k, j] + bias) >> shift
            elif simple and kind == 1:
                for j in range(b.shape[1]):
                    row[j] = min(max(row[j] + ((v * b[k, j] + bias) >> shift), low), high)
            elif kind == 0 and signed != 0:
                for j in range(b.shape[1]):
                    s = (row[j] << down) + ((v * b[k, j]) << up)
                    r = s + bias + ((s >> 63) & sign_mask) + (((s >> shift) ^ flip) & odd_mask)
                    row[j] = ((r >> shift) << lift) >> lift
            elif kind == 1:
                for j in range(b.shape[1]):
                    s = (row[j] << down) + ((v * b[k, j]) << up)
                    r = s + bias + ((s >> 63) & sign_mask) + (((s >> shift) ^ flip) & odd_mask)
                    row[j] = min(max(r >> shift, low), high)
            else:
                for j in range(b.shape[1]):
                    s = (row[j] << down) + ((v * b[k, j]) << up)
                    r = s + bias + ((s >> 63) & sign_mask) + (((s >> shift) ^ flip) & odd_mask)
                    r = r >> shift
                    over = np.int64(r > high) - np.int64(r < low)
                    deleted = (s >> index) & 1 if index < 64 else np.int64(0)
                    row[j] = overflow_raw(
                        r, over, kind, low, high, width, signed, sat_bits, deleted
                    )

        if simple and kind == 0:
            for j in range(b.shape[1]):
                row[j] = row[j] & high if signed == 0 else (row[j] << lift) >> lift


def _largest(f: Format) -> int:
    return max(f.raw_max, -f.raw_min)


def _peak(raw: Any) -> int:
    return max(-int(raw.min()), int(raw.max())) if raw.size else 0


def _exact(a: Any, fa: Format, b: Any, fb: Format, result: Format) -> Any:
    """``a @ b`` of raw values, exactly, by the fastest way that is proved exact."""
    inner = a.shape[-1]
    if fa.width <= NARROW_WIDTH and fb.width <= NARROW_WIDTH:
        bound = inner * _largest(fa) * _largest(fb)
        if bound > 1 << 53:
            bound = inner * _peak(a) * _peak(b)
        # Every partial sum of a float product is an integer that the mantissa holds.
        for dtype, mantissa in ((np.float32, 24), (np.float64, 53)):
            if bound <= 1 << mantissa:
                product = np.matmul(a.astype(dtype), b.astype(dtype))
                return to_storage(product.astype(np.int64), result)
        if bound < 1 << 63:
            return to_storage(_loop(a, b, lambda x, y, o: _multiply_int64(x, y, o)), result)
    return to_storage(np.matmul(to_objects(a), to_objects(b)), result)


def _loop(a: Any, b: Any, function: Any) -> Any:
    """Run a two-dimensional kernel over the leading axes, which broadcast."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, inner, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    left = np.ascontiguousarray(np.broadcast_to(a, (*lead, rows, inner)), dtype=np.int64)
    right = np.ascontiguousarray(np.broadcast_to(b, (*lead, inner, columns)), dtype=np.int64)
    out = np.zeros((*lead, rows, columns), dtype=np.int64)
    for place in np.ndindex(*lead):
        function(left[place], right[place], out[place])
    return out


def _never_leaves(product: Format, count: int, accumulator: Format) -> bool:
    """Whether no partial sum can leave the accumulator's range or fall between its steps."""
    top = count * _largest(product)
    high = accumulator.raw_max
    low = high if accumulator.signed else 0
    return (top << (accumulator.frac - product.frac)) <= high and (not product.signed or low > 0)


def matmul(
    a: Any, fa: Format, b: Any, fb: Format, *, accumulator: Format | None = None
) -> tuple[Any, Format]:
    """``a @ b`` of raw arrays of two or more axes, exact or through ``accumulator``, k ascending.

    >>> f = Format.parse("fixed<4,4>")
    >>> raw, g = matmul(np.array([[7, 7, -7]]), f, np.array([[1], [1], [1]]), f,
    ...                 accumulator=Format.parse("fixed<4,4,TRN,SAT>"))
    >>> raw, str(g)
    (array([[0]]), 'ap_fixed<4,4,AP_TRN,AP_SAT>')
    """
    inner = a.shape[-1]
    product = growth.multiply(fa, fb)
    result = growth.total(product, inner)
    if accumulator is None:
        return _exact(a, fa, b, fb, result), result
    finer = accumulator.frac - product.frac
    wraps = accumulator.overflow is Overflow.WRAP and not accumulator.sat_bits
    narrow = max(fa.width, fb.width, accumulator.width) <= NARROW_WIDTH
    if finer >= 0 and (wraps or _never_leaves(product, inner, accumulator)):
        if not narrow or result.width <= NARROW_WIDTH:
            return cast(_exact(a, fa, b, fb, result), result, accumulator), accumulator
        if wraps:  # int64 wraps modulo 2**64, of which the accumulator keeps the low bits
            raw = _loop(a, b, lambda x, y, o: _multiply_int64(x, y, o))
            low = Format(NARROW_WIDTH, NARROW_WIDTH - product.frac)
            return cast(raw, low, accumulator), accumulator
    step = growth.add(product, accumulator.exact)
    if step.width <= NARROW_WIDTH:
        constants = recipe(max(product.frac, accumulator.frac), accumulator)
        up = max(finer, 0)
        return _loop(a, b, lambda x, y, o: _accumulate(x, y, o, up, *constants)), accumulator
    left, right = to_objects(a), to_objects(b)
    total = np.matmul(left[..., :0], right[..., :0, :]) * 0
    total = np.zeros(total.shape, dtype=object)
    for k in range(inner):
        term = left[..., :, k, None] * right[..., k, None, :]
        total = _step(total, term, product, accumulator)
    return to_storage(total, accumulator), accumulator


def _step(total: Any, term: Any, product: Format, accumulator: Format) -> Any:
    """``cast(total + term)`` on Python integers."""
    frac = max(product.frac, accumulator.frac)
    s = (total << (frac - accumulator.frac)) + (term << (frac - product.frac))
    shape, flat = np.shape(s), np.asarray(s, dtype=object).reshape(-1)
    shift = frac - accumulator.frac
    deleted = flat >> (accumulator.width + shift) & 1
    r = round_wide(flat, shift, accumulator.rounding)
    return overflow_wide(r, accumulator, deleted).reshape(shape)


def running_sum(
    raw: Any, source: Format, accumulator: Format, *, every: bool = False
) -> tuple[Any, Format]:
    """``acc = cast(acc + x)`` along the last axis, in order; with ``every`` all partial sums.

    >>> f = Format.parse("fixed<4,4,TRN,SAT>")
    >>> running_sum(np.array([7, 7, -7]), f, f)[0]
    array(0)
    """
    if not every:
        ones = np.ones((1, raw.shape[-1]), dtype=np.int64)
        columns = raw.reshape(-1, raw.shape[-1]).T
        one = Format(1, 1, False, family=f"{source.family[:2]}_int")
        total, _ = matmul(ones, one, columns, source, accumulator=accumulator)
        return total.reshape(raw.shape[:-1]), accumulator
    objects = to_objects(raw)
    total = np.zeros(objects.shape[:-1], dtype=object)
    steps = []
    for k in range(objects.shape[-1]):
        total = _step(total, objects[..., k], source, accumulator)
        steps.append(total)
    total = np.stack(steps, axis=-1) if steps else objects
    return to_storage(total, accumulator), accumulator
