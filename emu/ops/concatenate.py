"""Two tensors joined along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Concatenate"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenate(Op):
    """``y = cast(a) then cast(b)`` along ``axis``, counted from 0 without the batch.

    Source: nnet_merge.h, ``concatenate1d`` to ``concatenate3d``; any number of axes here.
    """

    header: ClassVar[str] = "concatenate"
    arity: ClassVar[int] = 2
    rearranges: ClassVar[bool] = True
    axis: int

    def shape(self, *shapes: Shape) -> Shape:
        a, b = shapes
        return (*a[: self.axis], a[self.axis] + b[self.axis], *a[self.axis + 1 :])

    def check(self, *inputs: Value) -> None:
        a, b = (value.shape for value in inputs)
        if not 0 <= self.axis < len(a):
            raise ValueError(f"axis must be one of 0 to {len(a) - 1}, not {self.axis}")
        others = [shape[: self.axis] + shape[self.axis + 1 :] for shape in (a, b)]
        if len(a) != len(b) or others[0] != others[1]:
            raise ValueError(f"shapes must be equal but for axis {self.axis}, not {a} and {b}")

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        parts = [cast(x, v.format, self.result) for x, v in zip(inputs, values, strict=True)]
        return np.concatenate(parts, axis=1 + self.axis)

    def reference(self, *inputs: Real) -> Real:
        return np.concatenate(inputs, axis=1 + self.axis)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        a, b = (value.shape for value in inputs)
        return {
            "n_outer": int(np.prod(a[: self.axis], dtype=int)),
            "n_a": int(np.prod(a[self.axis :])),
            "n_b": int(np.prod(b[self.axis :])),
        }
