"""Zero padding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["ZeroPadding"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ZeroPadding(Op):
    """``y = cast(x)`` inside, 0 around it.

    padding: ``(before, after)`` per axis without the batch, 1 to 3 axes. Source: nnet_padding.h.
    """

    header: ClassVar[str] = "zero_padding"
    rearranges: ClassVar[bool] = True
    padding: tuple[tuple[int, int], ...]

    def shape(self, *shapes: Shape) -> Shape:
        pairs = zip(shapes[0], self.padding, strict=True)
        return tuple(before + length + after for length, (before, after) in pairs)

    def check(self, *inputs: Value) -> None:
        axes = len(inputs[0].shape)
        if len(self.padding) != axes or axes > 3 or min(map(min, self.padding)) < 0:
            raise ValueError(
                f"padding must be two numbers from 0 for each of the 1 to 3 axes of"
                f" {inputs[0].shape}, not {self.padding}"
            )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        inside = cast(inputs[0], values[0].format, self.result)
        return np.pad(inside, ((0, 0), *self.padding))

    def reference(self, *inputs: Real) -> Real:
        return np.pad(inputs[0], ((0, 0), *self.padding))

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        rank = len(self.padding)
        shape = (1,) * (3 - rank) + inputs[0].shape
        padding = ((0, 0),) * (3 - rank) + self.padding
        fields: dict[str, Field] = {}
        for k, (length, (before, after)) in enumerate(zip(shape, padding, strict=True)):
            fields |= {f"length_{k}": length, f"before_{k}": before, f"after_{k}": after}
        return fields
