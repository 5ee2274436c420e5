"""The engine's loops on 32- and 64-bit integers; blocks are features x samples, samples innermost.

Every loop adds one row of samples at a time, so that the innermost one has no carried value and
vectorises whatever the layer's shape. Entries come in groups of ``GROUP``: padding has weight 0.
Formats are arguments: no loop is compiled anew for another precision.
"""

from __future__ import annotations

import numpy as np

from fxp.casting import overflow_raw, round_raw
from fxp.compiled import kernel

__all__ = [
    "GROUP",
    "finish_rows",
    "finish_rows32",
    "from_floats",
    "from_floats32",
    "linear32",
    "linear64",
    "ordered32",
    "ordered64",
    "read_block",
    "relu_row",
    "scaled32",
    "stage_row",
    "write_block",
]

GROUP = 4
"""Entries per pass over a row."""


@kernel(inline=True)
def stage_row(m, out, s):  # type: ignore[no-untyped-def]
    """One stage (the numbers of ``epilogue.Stage``) of one int64 row, into another to vectorise."""
    least, most, up, bias, sign_mask, odd_mask = s[0], s[1], s[2], s[3], s[4], s[5]
    flip, down, low, high, lift, mask = s[6], s[7], s[8], s[9], s[10], s[11]
    for b in range(m.size):
        v = min(max(m[b], least), most)
        odd = ((v >> down) ^ flip) & odd_mask
        r = ((v << up) + bias + ((v >> 63) & sign_mask) + odd) >> down
        out[b] = ((min(max(r, low), high) << lift) >> lift) & mask


@kernel(inline=True)
def _stage_row32(m, out, s):  # type: ignore[no-untyped-def]
    # stage_row on int32, where nothing is shifted left and nothing leaves 32 bits; masks of the
    # shift counts keep numba's shifts at 32 bits
    least, most, bias, sign_mask, odd_mask = s[0], s[1], s[3], s[4], s[5]
    flip, down, low, high, lift, mask = s[6], s[7] & 31, s[8], s[9], s[10] & 31, s[11]
    if sign_mask == 0 and odd_mask == 0:
        if least == low and most == high:  # both ends of int32: nothing is clamped
            for b in range(m.size):
                r = np.int32(np.int32(np.int32(m[b] + bias) >> down) << lift)
                out[b] = np.int32(np.int32(r >> lift) & mask)
            return
        for b in range(m.size):
            r = np.int32(np.int32(min(max(m[b], least), most) + bias) >> down)
            r = np.int32(min(max(r, low), high) << lift)
            out[b] = np.int32(np.int32(r >> lift) & mask)
    else:
        for b in range(m.size):
            v = min(max(m[b], least), most)
            sign = np.int32(np.int32(v >> 31) & sign_mask)
            odd = np.int32(np.int32(np.int32(v >> down) ^ flip) & odd_mask)
            r = np.int32(np.int32(np.int32(np.int32(v + bias) + sign) + odd) >> down)
            r = np.int32(min(max(r, low), high) << lift)
            out[b] = np.int32(np.int32(r >> lift) & mask)


@kernel(inline=True)
def relu_row(row):  # type: ignore[no-untyped-def]
    """``max(x, 0)`` in place."""
    for b in range(row.size):
        row[b] = max(row[b], 0)


@kernel
def finish_rows(x, out, wide, stages, table, base):  # type: ignore[no-untyped-def]
    """``out = table[stages(x) - base]`` row by row; an empty table: ``stages(x)``. wide: int64."""
    n = x.shape[1]
    for j in range(x.shape[0]):
        x_row, out_row, row, other = x[j], out[j], wide[:n], wide[n : 2 * n]
        if stages.shape[0] == 1 and table.size == 0:
            stage_row(x_row, out_row, stages[0])
            continue
        for b in range(row.size):
            row[b] = x_row[b]
        for k in range(stages.shape[0]):
            stage_row(row, other, stages[k])
            row, other = other, row
        if table.size > 0:
            for b in range(row.size):
                out_row[b] = table[row[b] - base]
        else:
            for b in range(row.size):
                out_row[b] = row[b]


@kernel(inline=True)
def _finish_row32(row, other, out_row, stages, table, base):  # type: ignore[no-untyped-def]
    # the stages and the table of one int32 row
    n = row.size
    if stages.shape[0] == 1 and table.size == 0:
        _stage_row32(row, out_row, stages[0])
        return
    for k in range(stages.shape[0]):
        _stage_row32(row, other, stages[k])
        row, other = other, row
    if table.size > 0:
        for b in range(n):
            out_row[b] = table[row[b] - base]
    else:
        for b in range(n):
            out_row[b] = row[b]


@kernel
def finish_rows32(x, out, wide, stages, table, base):  # type: ignore[no-untyped-def]
    """``finish_rows`` on int32 rows, for stages proved to stay within them."""
    n = x.shape[1]
    for j in range(x.shape[0]):
        x_row, row = x[j], wide[:n]
        for b in range(n):
            row[b] = x_row[b]
        _finish_row32(row, wide[n : 2 * n], out[j], stages, table, base)


@kernel
def from_floats(y, start, lift, relu, out):  # type: ignore[no-untyped-def]
    """``y * 2**lift + start`` of floats that hold integers exactly, as int64."""
    for j in range(y.shape[0]):
        row, out_row, first = y[j], out[j], start[j]
        for b in range(row.size):
            out_row[b] = (np.int64(row[b]) << lift) + first
        if relu:
            relu_row(out_row)


@kernel
def from_floats32(y, start, lift, relu, out):  # type: ignore[no-untyped-def]
    """``from_floats`` where the sums fit int32."""
    lift = lift & 31  # as in _stage_row32
    for j in range(y.shape[0]):
        row, out_row, first = y[j], out[j], start[j]
        for b in range(row.size):
            out_row[b] = np.int32(np.int32(np.int32(row[b]) << lift) + first)
        if relu:
            relu_row(out_row)


@kernel
def scaled32(x, places, weight, start, relu, out, wide, stages, table, base):  # type: ignore[no-untyped-def]
    """``finish_rows32`` of ``x[places[j]] * weight[j] + start[j]``: sums of one product each."""
    n = x.shape[1]
    for j in range(out.shape[0]):
        x_row, out_row, row, other = x[places[j]], out[j], wide[:n], wide[n : 2 * n]
        w, first = weight[j], start[j]
        for b in range(n):
            row[b] = np.int32(np.int32(np.int32(x_row[b]) * w) + first)
        if relu:
            relu_row(row)
        _finish_row32(row, other, out_row, stages, table, base)


@kernel
def linear32(  # type: ignore[no-untyped-def]
    x, pointer, row, weight, start, bias, shift, relu, out, wide, stages, table, base
):
    """``finish_rows32`` of ``start[j] + sum((x * w + bias) >> shift)`` modulo 2**32.

    bias, shift: int32. wide: two int32 rows.
    """
    n = x.shape[1]
    shift = shift & 31  # known to be below 32, the shift stays one of 32 bits
    for j in range(out.shape[0]):
        a = wide[:n]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1], 4):
            x0, x1, x2, x3 = x[row[e]], x[row[e + 1]], x[row[e + 2]], x[row[e + 3]]
            w0, w1, w2, w3 = weight[e], weight[e + 1], weight[e + 2], weight[e + 3]
            if shift == 0:
                for b in range(n):
                    p = np.int32(np.int32(x0[b]) * w0)
                    q = np.int32(np.int32(x1[b]) * w1)
                    r = np.int32(np.int32(x2[b]) * w2)
                    s = np.int32(np.int32(x3[b]) * w3)
                    a[b] = np.int32(np.int32(np.int32(a[b] + p) + q) + np.int32(r + s))
            elif bias == 0:
                for b in range(n):
                    p = np.int32(np.int32(np.int32(x0[b]) * w0) >> shift)
                    q = np.int32(np.int32(np.int32(x1[b]) * w1) >> shift)
                    r = np.int32(np.int32(np.int32(x2[b]) * w2) >> shift)
                    s = np.int32(np.int32(np.int32(x3[b]) * w3) >> shift)
                    a[b] = np.int32(np.int32(np.int32(a[b] + p) + q) + np.int32(r + s))
            else:
                for b in range(n):
                    p = np.int32(np.int32(np.int32(np.int32(x0[b]) * w0) + bias) >> shift)
                    q = np.int32(np.int32(np.int32(np.int32(x1[b]) * w1) + bias) >> shift)
                    r = np.int32(np.int32(np.int32(np.int32(x2[b]) * w2) + bias) >> shift)
                    s = np.int32(np.int32(np.int32(np.int32(x3[b]) * w3) + bias) >> shift)
                    a[b] = np.int32(np.int32(np.int32(a[b] + p) + q) + np.int32(r + s))
        if relu:
            relu_row(a)
        _finish_row32(a, wide[n : 2 * n], out[j], stages, table, base)


@kernel
def linear64(  # type: ignore[no-untyped-def]
    x, pointer, row, weight, start, rounding, relu, out
):
    """``start[j] + sum(round(x * w))`` modulo 2**64; rounding: five numbers of a recipe."""
    shift, bias, sign_mask, odd_mask, flip = rounding
    n = x.shape[1]
    for j in range(out.shape[0]):
        a = out[j]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1]):
            xe, w = x[row[e]], weight[e]
            if shift <= 0:
                for b in range(n):
                    a[b] += xe[b] * w
            elif sign_mask == 0 and odd_mask == 0:
                for b in range(n):
                    a[b] += (xe[b] * w + bias) >> shift
            else:
                for b in range(n):
                    a[b] += round_raw(xe[b] * w, shift, bias, sign_mask, odd_mask, flip)
        if relu:
            relu_row(a)


@kernel
def ordered32(  # type: ignore[no-untyped-def]
    x, pointer, row, weight, start, bias, shift, low, high, relu, out
):
    """Every product and every sum clamped to low ... high, entry by entry, on int32."""
    n = x.shape[1]
    shift = shift & 31  # as in linear32
    for j in range(out.shape[0]):
        a = out[j]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1]):
            xe, w = x[row[e]], weight[e]
            for b in range(n):
                m = np.int32(np.int32(np.int32(np.int32(xe[b]) * w) + bias) >> shift)
                m = min(max(m, low), high)
                a[b] = min(max(np.int32(a[b] + m), low), high)
        if relu:
            relu_row(a)


@kernel
def ordered64(  # type: ignore[no-untyped-def]
    x, pointer, row, weight, start, into, relu, out
):
    """Every product and every sum cast to the accumulator, entry by entry, in any mode."""
    shift, bias, sign_mask, odd_mask, flip, kind, low, high, width, signed, sat_bits = into
    low_in = high_in = np.int64(0)
    if shift <= 0:
        up = min(-shift, 63)
        low_in, high_in = -((-low) >> up), high >> up
    index = width + shift
    n = x.shape[1]
    for j in range(out.shape[0]):
        a = out[j]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1]):
            xe, w = x[row[e]], weight[e]
            for b in range(n):
                p = xe[b] * w
                m = round_raw(p, shift, bias, sign_mask, odd_mask, flip)
                if shift <= 0:
                    over = np.int64(p > high_in) - np.int64(p < low_in)
                else:
                    over = np.int64(m > high) - np.int64(m < low)
                if kind == 1:
                    m = low if over < 0 else (high if over > 0 else m)
                    a[b] = min(max(a[b] + m, low), high)
                else:
                    deleted = (p >> index) & 1 if 0 <= index < 64 else np.int64(0)
                    m = overflow_raw(m, over, kind, low, high, width, signed, sat_bits, deleted)
                    s = a[b] + m
                    over = np.int64(s > high) - np.int64(s < low)
                    deleted = (s >> width) & 1
                    a[b] = overflow_raw(s, over, kind, low, high, width, signed, sat_bits, deleted)
        if relu:
            relu_row(a)


@kernel
def read_block(x, scale, stage, wide, out):  # type: ignore[no-untyped-def]
    """Cast samples x features of float64 into features x samples; how many it could not.

    scale: 2**(frac + 2), at least 1, so that no product vanishes. Two bits below the LSB hold the
    half bit and, as a sticky bit, all that lies below it; ``stage`` casts that. NaN, infinities and
    |x * scale| >= 2**60 are left to the caller.
    """
    samples, features = x.shape
    near = 0
    least, bias, down, low, lift, mask = (
        stage[0],
        stage[3],
        stage[7],
        stage[8],
        stage[10],
        stage[11],
    )
    # Truncation and a wrap need neither the sticky bit nor a second pass.
    wraps = bias == 0 and stage[4] == 0 and stage[5] == 0 and least == low and stage[2] == 0
    # Tiles of 2048 elements stay in the first cache.
    most = max(16, 2048 // features)
    for first in range(0, samples, most):
        height = min(most, samples - first)
        for left in range(0, features, 128):
            width = min(128, features - left)
            size = height * width
            whole = width == features
            length = size if whole else width
            for b in range(1 if whole else height):
                row = x[first : first + height].reshape(-1) if whole else x[first + b, left:]
                tile = wide[b * length : (b + 1) * length]
                if wraps:
                    for f in range(length):
                        y = row[f] * scale
                        near += int(abs(y) < 2.0**60)
                        tile[f] = (((np.int64(np.floor(y)) >> down) << lift) >> lift) & mask
                else:
                    for f in range(length):
                        y = row[f] * scale
                        near += int(abs(y) < 2.0**60)
                        floor = np.floor(y)
                        tile[f] = np.int64(floor) | np.int64(y != floor)
            cast = wide[:size]
            if not wraps:
                cast = wide[size : 2 * size]
                stage_row(wide[:size], cast, stage)
            for f in range(width):
                target = out[left + f, first : first + height]
                for b in range(height):
                    target[b] = cast[b * width + f]
    return x.size - near


@kernel
def write_block(x, scale, out):  # type: ignore[no-untyped-def]
    """Features x samples into samples x features, times ``scale``."""
    features, samples = x.shape
    # Through a tile in the first cache: whole rows are read, whole rows are written.
    tile = np.empty(32 * 65, dtype=out.dtype)
    for first in range(0, samples, 64):
        height = min(64, samples - first)
        for left in range(0, features, 32):
            width = min(32, features - left)
            for f in range(width):
                row, part = x[left + f, first : first + height], tile[f * 65 : f * 65 + height]
                for b in range(height):
                    part[b] = row[b] * scale
            for b in range(height):
                target = out[first + b, left : left + width]
                for f in range(width):
                    target[f] = tile[f * 65 + b]
