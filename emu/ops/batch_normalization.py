"""Batch normalisation as one scale and one offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, cast, growth

from ..exact import aligned, roomy
from ..linear import Linear
from ..op import Constant, Field, Op, Raw, Real, Shape, Value

__all__ = ["BatchNormalization"]


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNormalization(Op):
    """``y[i] = cast(x[i] * scale[i % n] + bias[i % n])``: exact product and sum, one cast.

    scale, bias: n values, n the size of the last axis or of the whole tensor. hls4ml has no
    accumulator here (nnet_batchnorm.h).
    """

    header: ClassVar[str] = "batch_normalization"
    scale: Constant
    bias: Constant

    def _exact(self, x: Format) -> Format:
        return growth.add(growth.multiply(x, self.scale.format), self.bias.format)

    def check(self, *inputs: Value) -> None:
        size = self.scale.raw.size
        if self.bias.raw.size != size or inputs[0].size % size:
            raise ValueError(
                f"scale and bias must have one length that divides {inputs[0].size},"
                f" not {size} and {self.bias.raw.size}"
            )
        self._exact(inputs[0].format)  # raises where it is wider than any format

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x = inputs[0]
        full = self._exact(values[0].format)
        product = growth.multiply(values[0].format, self.scale.format)
        flat = x.reshape(len(x), -1, self.scale.raw.size)
        total = aligned(roomy(flat, full.width) * self.scale.raw.reshape(-1), product, full)
        total = total + aligned(self.bias.raw.reshape(-1), self.bias.format, full)
        return cast(total, full, self.result).reshape(x.shape)  # type: ignore[no-any-return]

    def linear(self, *inputs: Value) -> Linear:
        x, size = inputs[0], self.scale.raw.size
        full = self._exact(x.format)
        each = np.arange(x.size, dtype=np.int64)
        start = aligned(self.bias.raw.reshape(-1), self.bias.format, full)
        return Linear(
            pointer=np.arange(x.size + 1, dtype=np.int64),
            row=each,
            weight=self.scale.raw.reshape(-1)[each % size],
            start=start[each % size],
            product=growth.multiply(x.format, self.scale.format),
            accum=full,
            result=self.result,
        )

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0]
        flat = x.reshape(len(x), -1, self.scale.raw.size)
        return (flat * self.scale.value.reshape(-1) + self.bias.value.reshape(-1)).reshape(x.shape)

    def multiplications(self, *shapes: Shape) -> int:
        size = 1
        for length in shapes[0]:
            size *= length
        return size

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {
            "n_in": inputs[0].size,
            "n_scale_bias": self.scale.raw.size,
            "scale": self.scale,
            "bias": self.bias,
        }
