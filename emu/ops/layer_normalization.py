"""Layer normalisation over the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from fxp import Format, cast, from_float, growth

from ..exact import aligned, int_steps, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value

__all__ = ["LayerNormalization"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerNormalization(Op):
    """``y[i] = cast(d[i] * table[clamp(int(var * N * span / reach))] * scale[i] + bias[i])``.

    One cast. With A = accum, everything cast to A at every step, n the last axis, k = A(1.0 / n):
    ``mean = A(sum_i A(x[i])) * k``, ``d[i] = A(x[i]) - mean``, ``var = A(sum_i d[i] * d[i]) * k``;
    sums ascend from 0. table: 1 / sqrt(epsilon + i * reach / (N * span)), so that variances from
    reach / span take its last entry. span: 2**table_range_power2. reach: a power of two, for tables
    of variances above 1, which hls4ml does not have.
    Source: nnet_layernorm.h. ``epsilon`` only serves the float reference.
    """

    header: ClassVar[str] = "layer_normalization"
    accum: Format
    scale: Constant
    bias: Constant
    table: Table
    span: int = 1
    reach: int = 1
    epsilon: float = 1e-3

    @property
    def _inverse(self) -> Constant:
        """``A(1.0 / n)``: the double, cast."""
        value = np.array(1.0 / self.scale.raw.size)
        return Constant(np.asarray(from_float(value, self.accum)), self.accum, value)

    def constants(self) -> dict[str, Constant]:
        return {"inverse": self._inverse, "scale": self.scale, "bias": self.bias}

    def _exact(self) -> tuple[Format, Format]:
        """Formats of ``d * table * scale`` and of that plus bias."""
        normal = growth.multiply(self.accum, self.table.format)
        product = growth.multiply(normal, self.scale.format)
        return product, growth.add(product, self.bias.format)

    def check(self, *inputs: Value) -> None:
        n = inputs[0].shape[-1]
        if (self.scale.raw.size, self.bias.raw.size) != (n, n):
            raise ValueError(
                f"scale and bias must have the length {n} of the last axis,"
                f" not {self.scale.raw.size} and {self.bias.raw.size}"
            )
        self._exact()  # raises where it is wider than any format
        growth.multiply(self.accum, self.accum)

    def _product(self, x: Any, y: Any) -> Any:
        """``A(x * y)`` of two values of A."""
        square = growth.multiply(self.accum, self.accum)
        return cast(roomy(x, square.width) * y, square, self.accum)

    def _sum(self, x: Any) -> Any:
        """``A(... A(A(0 + x[0]) + x[1]) ...)`` along the last axis."""
        wide = growth.add(self.accum.exact, self.accum.exact)
        total = x[..., 0]
        for i in range(1, x.shape[-1]):
            total = cast(roomy(total, wide.width) + x[..., i], wide, self.accum)
        return total

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        accum, inverse = self.accum, self._inverse.raw
        x = cast(inputs[0], values[0].format, accum)
        mean = self._product(self._sum(x), inverse)
        apart = growth.subtract(accum.exact, accum.exact)
        d = cast(roomy(x, apart.width) - mean[..., None], apart, accum)
        variance = self._product(self._sum(self._product(d, d)), inverse)
        index = int_steps(variance, accum, self.table.size * self.span, self.reach)
        entry = self.table.raw[np.clip(index, 0, self.table.size - 1)]
        product, full = self._exact()
        scaled = roomy(d, full.width) * entry[..., None] * self.scale.raw
        total = aligned(scaled, product, full) + aligned(self.bias.raw, self.bias.format, full)
        return cast(total, full, self.result)  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0]
        d = x - x.mean(axis=-1, keepdims=True)
        variance = (d * d).mean(axis=-1, keepdims=True)
        found: Real = d / np.sqrt(variance + self.epsilon) * self.scale.value + self.bias.value
        return found

    def multiplications(self, *shapes: Shape) -> int:
        return 3 * prod(shapes[0])

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        n = inputs[0].shape[-1]
        return {
            "n_slice": n,
            "n_outer": inputs[0].size // n,
            "span": self.span,
            "reach": self.reach,
            "table_size": self.table.size,
            "accum": self.accum,
            **self.constants(),
            "table": self.table,
        }
