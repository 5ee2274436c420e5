"""Thresholds: a batch norm and a binary or ternary tanh in one comparison; and signs of bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fxp import from_fraction, growth

from ..exact import aligned
from ..op import Constant, Field, Op, Raw, Real, Value

__all__ = ["Sign", "Thresholds"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Thresholds(Op):
    """``y[i] = x[i] > high[i % n] ? 1 : x[i] <= low[i % n] ? -1 : 0``; binary ``x >= high``.

    low: None for binary. high, low: n values, n the size of the last axis or of the whole tensor.
    The numbers 1, 0 and -1 are cast to ``result``. Comparisons are exact.
    Source: nnet_batchnorm.h, ``normalize_binary_tanh`` and ``normalize_ternary_tanh``.
    """

    header: ClassVar[str] = "thresholds"
    high: Constant
    low: Constant | None = None

    @property
    def function(self) -> str:
        return "binary_threshold" if self.low is None else "ternary_threshold"

    def check(self, *inputs: Value) -> None:
        for name, constant in self.constants().items():
            size = constant.raw.size
            if inputs[0].size % size:
                raise ValueError(f"length of {name} must divide {inputs[0].size}, not {size}")
            growth.add(inputs[0].format, constant.format)  # raises where it is too wide

    def constants(self) -> dict[str, Constant]:
        return {"high": self.high} | ({"low": self.low} if self.low is not None else {})

    def _above(self, x: Raw, value: Value, limit: Constant, *, equal: bool) -> Any:
        wide = growth.add(value.format, limit.format)
        left = aligned(x.reshape(len(x), -1, limit.raw.size), value.format, wide)
        right = aligned(limit.raw.reshape(-1), limit.format, wide)
        return (left >= right if equal else left > right).reshape(x.shape)

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, one = inputs[0], from_fraction(1, self.result)
        if self.low is None:
            return np.where(self._above(x, values[0], self.high, equal=True), one, 0)
        below = np.where(
            self._above(x, values[0], self.low, equal=False), 0, from_fraction(-1, self.result)
        )
        return np.where(self._above(x, values[0], self.high, equal=False), one, below)

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0].reshape(len(inputs[0]), -1, self.high.raw.size)
        high = self.high.value.reshape(-1)
        if self.low is None:
            found = np.where(x >= high, 1.0, 0.0)
        else:
            low = self.low.value.reshape(-1)
            found = np.where(x > high, 1.0, np.where(x <= low, -1.0, 0.0))
        return found.reshape(inputs[0].shape)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {"n_in": inputs[0].size, **self.constants()}


@dataclass(frozen=True, eq=False, kw_only=True)
class Sign(Op):
    """``y = x > 0 ? cast(1) : cast(-1)``: the number that a bit stands for, 0 for -1.

    hls4ml multiplies such bits as signs inside its products (nnet_mult.h, ``data_binary``).
    """

    header: ClassVar[str] = "thresholds"

    @property
    def function(self) -> str:
        return "sign"

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        ones = (from_fraction(1, self.result), from_fraction(-1, self.result))
        return np.where(inputs[0] > 0, *ones)

    def reference(self, *inputs: Real) -> Real:
        return np.where(inputs[0] > 0, 1.0, -1.0)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {"n_in": inputs[0].size}
