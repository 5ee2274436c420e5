"""Dense: matrix-vector products with an accumulator that is honoured product by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, Overflow, cast, growth

from ..linear import Linear
from ..op import Constant, Field, Op, Raw, Real, Shape, Value

__all__ = ["Dense"]


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

    def linear(self, *inputs: Value) -> Linear:
        n_in, n_out = self.weight.shape
        order = np.array(self.order, dtype=np.int64)
        return Linear(
            pointer=np.arange(n_out + 1, dtype=np.int64) * n_in,
            row=np.tile(order, n_out),
            weight=np.ascontiguousarray(self.weight.raw[order].T).reshape(-1),
            start=cast(self.bias.raw, self.bias.format, self.accum),
            product=growth.multiply(inputs[0].format, self.weight.format),
            accum=self.accum,
            result=self.result,
            matrix=self.weight.raw,
        )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        return self.linear(*values).evaluate(inputs[0])

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
