"""The engine's loops on 16-bit integers: two instructions a multiply-add on 16 or 32 samples.

A product of 16-bit numbers that drops ``s`` bits is the high half of one 16-bit multiplication and
the low half of another: with ``w = high * 2**s + low``, ``-2**(s-1) <= low < 2**(s-1)``,

    floor(x * w / 2**s) = floor(x * (low << 16 - s) / 2**16) + x * high

exactly, and modulo 2**16 nothing else of it is needed. docs/engine.md has the proofs.
numba's integers grow to 64 bits in every expression; the four functions at the top do not.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from fxp.compiled import kernel

from .loops import relu_row

__all__ = ["linear16", "linear16_pairs", "ordered16"]

_extending: Any = importlib.import_module("numba.extending")
_types: Any = importlib.import_module("numba.core.types")
_ir: Any = importlib.import_module("llvmlite.ir")


def _int16(build: Callable[[Any, Any, Any], Any]) -> Any:
    """``build(builder, a, b)`` as a function of two int16 for use in kernels."""

    def typed(context: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return build(builder, *arguments)

        return _types.int16(_types.int16, _types.int16), generate

    typed.__name__ = build.__name__
    return _extending.intrinsic(typed)


@_int16
def _high(builder: Any, a: Any, b: Any) -> Any:
    # floor(a * b / 2**16)
    wide = _ir.IntType(32)
    product = builder.mul(builder.sext(a, wide), builder.sext(b, wide))
    return builder.trunc(builder.ashr(product, _ir.Constant(wide, 16)), _ir.IntType(16))


@_int16
def _low(builder: Any, a: Any, b: Any) -> Any:
    # a * b modulo 2**16
    return builder.mul(a, b)


@_int16
def _half(builder: Any, a: Any, b: Any) -> Any:
    # bit 15 of a * b: what adding 2**15 before dropping 16 bits carries
    return builder.lshr(builder.mul(a, b), _ir.Constant(_ir.IntType(16), 15))


@_int16
def _add(builder: Any, a: Any, b: Any) -> Any:
    # a + b modulo 2**16
    return builder.add(a, b)


@_int16
def _add_saturated(builder: Any, a: Any, b: Any) -> Any:
    # min(max(a + b, -2**15), 2**15 - 1)
    short = _ir.IntType(16)
    function = builder.module.declare_intrinsic(
        "llvm.sadd.sat.i16", fnty=_ir.FunctionType(short, [short, short])
    )
    return builder.call(function, [a, b])


@kernel
def linear16(  # type: ignore[no-untyped-def]
    x, highs, lows, start, rounds, relu, out
):
    """``start[j] + sum(floor(x * w / 2**16)) + sum(x * w)`` modulo 2**16 over two entry lists.

    highs, lows: (pointer, row, int16 weight) of the two sums; rounds: ``+ 2**15`` before the floor.
    """
    pointer, row, weight = highs
    pointer_low, row_low, weight_low = lows
    n = x.shape[1]
    for j in range(out.shape[0]):
        a = out[j]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1], 4):
            x0, x1, x2, x3 = x[row[e]], x[row[e + 1]], x[row[e + 2]], x[row[e + 3]]
            w0, w1, w2, w3 = weight[e], weight[e + 1], weight[e + 2], weight[e + 3]
            for b in range(n):
                p = _add(_high(x0[b], w0), _high(x1[b], w1))
                q = _add(_high(x2[b], w2), _high(x3[b], w3))
                a[b] = _add(a[b], _add(p, q))
            if rounds:
                for b in range(n):
                    p = _add(_half(x0[b], w0), _half(x1[b], w1))
                    q = _add(_half(x2[b], w2), _half(x3[b], w3))
                    a[b] = _add(a[b], _add(p, q))
        for e in range(pointer_low[j], pointer_low[j + 1], 4):
            x0, x1 = x[row_low[e]], x[row_low[e + 1]]
            x2, x3 = x[row_low[e + 2]], x[row_low[e + 3]]
            w0, w1, w2, w3 = weight_low[e], weight_low[e + 1], weight_low[e + 2], weight_low[e + 3]
            for b in range(n):
                p = _add(_low(x0[b], w0), _low(x1[b], w1))
                q = _add(_low(x2[b], w2), _low(x3[b], w3))
                a[b] = _add(a[b], _add(p, q))
        if relu:
            relu_row(a)


@kernel
def linear16_pairs(  # type: ignore[no-untyped-def]
    x, highs, lows, start, rounds, relu, out
):
    """``linear16`` of two outputs at a time, which read the same rows: weights (entries, 2)."""
    pointer, row, weight = highs
    pointer_low, row_low, weight_low = lows
    n, count = x.shape[1], out.shape[0]
    spare = np.empty(n, dtype=np.int16)
    for j in range(0, count, 2):
        a, c = out[j], out[j + 1] if j + 1 < count else spare
        a[:] = start[j]
        c[:] = start[min(j + 1, count - 1)]
        for e in range(pointer[j // 2], pointer[j // 2 + 1], 4):
            x0, x1, x2, x3 = x[row[e]], x[row[e + 1]], x[row[e + 2]], x[row[e + 3]]
            w0, w1, w2, w3 = weight[e, 0], weight[e + 1, 0], weight[e + 2, 0], weight[e + 3, 0]
            v0, v1, v2, v3 = weight[e, 1], weight[e + 1, 1], weight[e + 2, 1], weight[e + 3, 1]
            for b in range(n):
                p = _add(_high(x0[b], w0), _high(x1[b], w1))
                q = _add(_high(x2[b], w2), _high(x3[b], w3))
                a[b] = _add(a[b], _add(p, q))
                p = _add(_high(x0[b], v0), _high(x1[b], v1))
                q = _add(_high(x2[b], v2), _high(x3[b], v3))
                c[b] = _add(c[b], _add(p, q))
            if rounds:
                for b in range(n):
                    p = _add(_half(x0[b], w0), _half(x1[b], w1))
                    q = _add(_half(x2[b], w2), _half(x3[b], w3))
                    a[b] = _add(a[b], _add(p, q))
                    p = _add(_half(x0[b], v0), _half(x1[b], v1))
                    q = _add(_half(x2[b], v2), _half(x3[b], v3))
                    c[b] = _add(c[b], _add(p, q))
        for e in range(pointer_low[j // 2], pointer_low[j // 2 + 1], 4):
            x0, x1 = x[row_low[e]], x[row_low[e + 1]]
            x2, x3 = x[row_low[e + 2]], x[row_low[e + 3]]
            w0, w1 = weight_low[e, 0], weight_low[e + 1, 0]
            w2, w3 = weight_low[e + 2, 0], weight_low[e + 3, 0]
            v0, v1 = weight_low[e, 1], weight_low[e + 1, 1]
            v2, v3 = weight_low[e + 2, 1], weight_low[e + 3, 1]
            for b in range(n):
                p = _add(_low(x0[b], w0), _low(x1[b], w1))
                q = _add(_low(x2[b], w2), _low(x3[b], w3))
                a[b] = _add(a[b], _add(p, q))
                p = _add(_low(x0[b], v0), _low(x1[b], v1))
                q = _add(_low(x2[b], v2), _low(x3[b], v3))
                c[b] = _add(c[b], _add(p, q))
        if relu:
            relu_row(a)
            relu_row(c)


@kernel
def ordered16(  # type: ignore[no-untyped-def]
    x, entries, start, shift, bounds, relu, out
):
    """Every product rounded (TRN, RND) and clamped, every sum clamped, entry by entry, on int16.

    entries: pointer, row, low << 16 - shift, high, whole weight, and whether the rounded product
    may leave int16 or the bounds; then it is formed on 32 bits. bounds: (bias, low, high) int32.
    """
    pointer, row, low_part, high_part, weight, leaves = entries
    bias, lowest, highest = bounds
    rounds = bias != 0
    bottom, top = np.int16(lowest), np.int16(highest)
    n = x.shape[1]
    for j in range(out.shape[0]):
        a = out[j]
        a[:] = start[j]
        for e in range(pointer[j], pointer[j + 1]):
            xe, low, high, w = x[row[e]], low_part[e], high_part[e], weight[e]
            if leaves[e]:
                for b in range(n):
                    p = np.int32(np.int32(np.int32(xe[b]) * w) + bias)
                    m = np.int16(min(max(np.int32(p >> shift), lowest), highest))
                    a[b] = min(max(_add_saturated(a[b], m), bottom), top)
            elif rounds:
                for b in range(n):
                    m = _add(_add(_high(xe[b], low), _half(xe[b], low)), _low(xe[b], high))
                    a[b] = min(max(_add_saturated(a[b], m), bottom), top)
            else:
                for b in range(n):
                    m = _add(_high(xe[b], low), _low(xe[b], high))
                    a[b] = min(max(_add_saturated(a[b], m), bottom), top)
        if relu:
            relu_row(a)
