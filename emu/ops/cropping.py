"""Cropping: a block of a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Cropping"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Cropping(Op):
    """``y = cast(x)`` without what is cropped.

    cropping: ``(before, after)`` per axis without the batch, 1 to 3 axes. Source: nnet_cropping.h.
    """

    header: ClassVar[str] = "cropping"
    rearranges: ClassVar[bool] = True
    cropping: tuple[tuple[int, int], ...]

    def shape(self, *shapes: Shape) -> Shape:
        pairs = zip(shapes[0], self.cropping, strict=True)
        return tuple(length - before - after for length, (before, after) in pairs)

    def check(self, *inputs: Value) -> None:
        axes = len(inputs[0].shape)
        if len(self.cropping) != axes or axes > 3 or min(map(min, self.cropping)) < 0:
            raise ValueError(
                f"cropping must be two numbers from 0 for each of the 1 to 3 axes of"
                f" {inputs[0].shape}, not {self.cropping}"
            )
        if min(self.shape(inputs[0].shape)) < 1:
            raise ValueError(
                f"cropping must leave something of {inputs[0].shape}, not {self.cropping}"
            )

    def _block(self, shape: Shape) -> tuple[slice, ...]:
        pairs = zip(shape, self.cropping, strict=True)
        return (slice(None), *(slice(before, n - after) for n, (before, after) in pairs))

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        block = inputs[0][self._block(values[0].shape)]
        return cast(block, values[0].format, self.result)  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        return inputs[0][self._block(inputs[0].shape[1:])]

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        more = 3 - len(self.cropping)
        shape = (1,) * more + inputs[0].shape
        left = (1,) * more + self.shape(inputs[0].shape)
        before = (0,) * more + tuple(pair[0] for pair in self.cropping)
        fields: dict[str, Field] = {}
        for k in range(3):
            fields |= {f"length_{k}": shape[k], f"before_{k}": before[k], f"left_{k}": left[k]}
        return fields
