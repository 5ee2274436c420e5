"""Dot product of two vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, cast, growth

from ..exact import roomy
from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Dot"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Dot(Op):
    """``y[0] = cast(sum_i accum(a[i] * b[i]))``, from 0, i ascending, each sum cast to accum.

    ternary: b is ``int<2>`` and its -2 multiplies as 1, hls4ml's ternary product.
    Source: nnet_merge.h, ``dot1d``. ``Numerics: corrected`` means ``ternary=0``.
    """

    header: ClassVar[str] = "dot"
    arity: ClassVar[int] = 2
    accum: Format
    ternary: bool = False

    def shape(self, *shapes: Shape) -> Shape:
        return (1,)

    def check(self, *inputs: Value) -> None:
        a, b = inputs
        if a.shape != b.shape or len(a.shape) != 1:
            raise ValueError(f"dot must be of two vectors of one length, not {a.shape}, {b.shape}")
        growth.add(growth.multiply(a.format, b.format), self.accum)  # raises where it is too wide

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        a, b = inputs
        product = growth.multiply(values[0].format, values[1].format)
        if self.ternary:
            b = np.where(b == -2, 1, b)
        terms = cast(roomy(a, product.width) * b, product, self.accum)
        wide = growth.add(self.accum.exact, self.accum.exact)
        total = np.zeros(len(a), dtype=np.int64)
        for i in range(terms.shape[1]):
            total = cast(roomy(total, wide.width) + terms[:, i], wide, self.accum)
        return cast(total, self.accum, self.result)[:, None]  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        found: Real = np.sum(inputs[0] * inputs[1], axis=1, keepdims=True)
        return found

    def multiplications(self, *shapes: Shape) -> int:
        return shapes[0][0]

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {"n_in": inputs[0].size, "accum": self.accum, "ternary": int(self.ternary)}
