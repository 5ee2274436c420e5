"""Dense: matrix-vector products with an accumulator that is honoured product by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fxp import NARROW_WIDTH, Format, Overflow, cast, growth
from fxp.casting import overflow_raw, recipe, round_raw
from fxp.compiled import kernel

from ..op import Constant, Field, Op, Raw, Real, Shape, Value

__all__ = ["Dense"]

_BLAS_LIMIT = 2**53


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Op):
    """``y[j] = cast(b[j] + sum_i accum(x[i] * w[i, j]))``, each product and each sum cast to accum.

    weight: (n_in, n_out); bias: (n_out,). The sum starts at ``accum(b[j])`` and visits the inputs
    ``s, s + interleave, s + 2 * interleave, ...`` for s = 0, 1, ... ; ``interleave = 1`` is
    ascending order. The order changes bits only where the accumulator can saturate.
    Source: hls4ml's nnet_dense_latency.h (ascending) and nnet_dense_resource.h (interleaved).
    """

    header: ClassVar[str] = "dense"
    weight: Constant
    bias: Constant
    accum: Format
    interleave: int = 1

    @property
    def order_matters(self) -> bool:
        """Whether another order of additions could give other bits: all modes but plain WRAP."""
        return self.accum.overflow is not Overflow.WRAP or self.accum.sat_bits > 0

    @property
    def order(self) -> tuple[int, ...]:
        """Input indices in the order in which they are accumulated."""
        n_in = self.weight.shape[0]
        return tuple(
            i for start in range(self.interleave) for i in range(start, n_in, self.interleave)
        )

    def shape(self, *shapes: Shape) -> Shape:
        return (self.weight.shape[1],)

    def check(self, *inputs: Value) -> None:
        n_in, n_out = self.weight.shape
        if inputs[0].shape != (n_in,):
            raise ValueError(
                f"input of a dense layer must have shape ({n_in},), not {inputs[0].shape!r}"
            )
        if self.bias.shape != (n_out,):
            raise ValueError(f"bias must have shape ({n_out},), not {self.bias.shape!r}")
        if not 1 <= self.interleave <= n_in or n_in % self.interleave:
            raise ValueError(f"interleave must divide n_in = {n_in}, not {self.interleave!r}")
        growth.multiply(inputs[0].format, self.weight.format)  # raises where no format is so wide

    def _bound(self, x: Format) -> int:
        """Greatest |partial sum| in product units, bias apart: the L1 norm of the worst column."""
        largest = max(x.raw_max, -x.raw_min)
        norms = np.abs(self.weight.raw).astype(object).sum(axis=0)
        return largest * int(max(norms, default=0))

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        product = growth.multiply(values[0].format, self.weight.format)
        start = cast(self.bias.raw, self.bias.format, self.accum)
        if max(product.width, self.accum.width) > NARROW_WIDTH:
            return self._evaluate_wide(inputs[0].astype(object), product, start)  # type: ignore[no-any-return]
        x = np.ascontiguousarray(inputs[0])
        out = np.empty((len(x), self.weight.shape[1]), dtype=np.int64)
        into = recipe(product.frac, self.accum)
        bound = self._bound(values[0].format)
        lost = max(into.shift, 0)
        # Steps round each product by at most one unit of the accumulator.
        worst = (bound >> lost) + self.weight.shape[0] if lost else bound << -into.shift
        worst += int(max(np.abs(start), default=0))
        inside = worst <= min(into.high, -into.low if self.accum.signed else 0)
        if self.order_matters and not inside:
            order = np.array(self.order, dtype=np.int64)
            _accumulate(x, self.weight.raw, start, out, order, tuple(into))
        elif lost == 0 and bound < _BLAS_LIMIT:
            exact = x.astype(np.float64) @ self.weight.raw.astype(np.float64)
            np.left_shift(exact.astype(np.int64), min(-into.shift, 63), out=out)
            out += start
        elif lost and into[1:5] == (0, 0, 0, 0):
            _sum_truncated(x, self.weight.raw, start, out, into.shift)
        else:
            _sum_rounded(x, self.weight.raw, start, out, *into[:5])
        if not self.order_matters:
            # The sums are right modulo 2**64, hence modulo 2**accum.width.
            _wrap_in_place(out, self.accum)
        return out if self.accum == self.result else cast(out, self.accum, self.result)

    def _evaluate_wide(self, x: Any, product: Format, start: Any) -> Any:
        """The same sums on Python integers, for products or accumulators above 62 bits."""
        weight, accum = self.weight.raw.astype(object), self.accum
        lift = accum.frac - product.frac
        if not self.order_matters and lift >= 0:
            total = _wrapped((x @ weight) * (1 << lift) + start, accum)
            return cast(total, accum, self.result)
        total = np.broadcast_to(start.astype(object), (len(x), len(start)))
        wide = growth.add(accum, accum)
        for i in self.order:
            total = total + cast(x[:, i : i + 1] * weight[i], product, accum)
            if self.order_matters:
                total = cast(total, wide, accum)
        if not self.order_matters:
            total = _wrapped(total, accum)
        return cast(total, accum, self.result)

    def reference(self, *inputs: Real) -> Real:
        return inputs[0] @ self.weight.value + self.bias.value

    def multiplications(self, *shapes: Shape) -> int:
        return int(self.weight.raw.size)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        n_in, n_out = self.weight.shape
        return {
            "n_in": n_in,
            "n_out": n_out,
            "interleave": self.interleave,
            "accum": self.accum,
            "weight": self.weight,
            "bias": self.bias,
        }


def _wrapped(raw: Any, target: Format) -> Any:
    """``raw mod 2**width`` in the range of ``target``, Python integers of any size."""
    code = raw & ((1 << target.width) - 1)
    return np.where(code > target.raw_max, code - (1 << target.width), code)


def _wrap_in_place(raw: Raw, target: Format) -> None:
    """``raw mod 2**width`` in the range of ``target``."""
    if target.signed:
        raw <<= 64 - target.width
        raw >>= 64 - target.width
    else:
        raw &= target.raw_max


@kernel
def _sum_truncated(x, w, start, out, shift):  # type: ignore[no-untyped-def]
    # out[k, j] = start[j] + sum_i floor(x[k, i] * w[i, j] / 2**shift), modulo 2**64
    for k in range(x.shape[0]):
        row = out[k]
        row[:] = start
        for i in range(x.shape[1]):
            v = x[k, i]
            if v != 0:
                for j in range(w.shape[1]):
                    row[j] += (v * w[i, j]) >> shift


@kernel
def _sum_rounded(x, w, start, out, shift, bias, sign_mask, odd_mask, flip):  # type: ignore[no-untyped-def]
    # out[k, j] = start[j] + sum_i round(x[k, i] * w[i, j]), modulo 2**64
    for k in range(x.shape[0]):
        row = out[k]
        row[:] = start
        for i in range(x.shape[1]):
            v = x[k, i]
            if v != 0:
                for j in range(w.shape[1]):
                    row[j] += round_raw(v * w[i, j], shift, bias, sign_mask, odd_mask, flip)


@kernel
def _accumulate(x, w, start, out, order, into):  # type: ignore[no-untyped-def]
    # row[j] = accum(row[j] + accum(x[k, i] * w[i, j])) for i in order, every overflow rule obeyed
    shift, bias, sign_mask, odd_mask, flip, kind, low, high, width, signed, sat_bits = into
    low_in = high_in = np.int64(0)
    if shift <= 0:
        up = min(-shift, 63)
        low_in, high_in = -((-low) >> up), high >> up
    index = width + shift
    for k in range(x.shape[0]):
        row = out[k]
        row[:] = start
        for i in order:
            v = x[k, i]
            for j in range(w.shape[1]):
                p = v * w[i, j]
                m = round_raw(p, shift, bias, sign_mask, odd_mask, flip)
                if shift <= 0:
                    over = np.int64(p > high_in) - np.int64(p < low_in)
                else:
                    over = np.int64(m > high) - np.int64(m < low)
                if kind == 1:
                    m = low if over < 0 else (high if over > 0 else m)
                    row[j] = min(max(row[j] + m, low), high)
                else:
                    deleted = (p >> index) & 1 if 0 <= index < 64 else np.int64(0)
                    m = overflow_raw(m, over, kind, low, high, width, signed, sat_bits, deleted)
                    s = row[j] + m
                    over = np.int64(s > high) - np.int64(s < low)
                    deleted = (s >> width) & 1
                    row[j] = overflow_raw(
                        s, over, kind, low, high, width, signed, sat_bits, deleted
                    )
