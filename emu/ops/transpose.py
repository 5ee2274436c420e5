"""Transpose: the axes in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Transpose"]

_MOST_AXES = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Transpose(Op):
    """``y = cast(x)``, axis k of y being axis ``perm[k]`` of x, counted from 0 without the batch.

    At most 4 axes. Source: nnet_transpose.h.
    """

    header: ClassVar[str] = "transpose"
    rearranges: ClassVar[bool] = True
    perm: Shape

    def shape(self, *shapes: Shape) -> Shape:
        return tuple(shapes[0][axis] for axis in self.perm)

    def check(self, *inputs: Value) -> None:
        axes = len(inputs[0].shape)
        if sorted(self.perm) != list(range(axes)) or axes > _MOST_AXES:
            raise ValueError(
                f"perm must be an order of the 1 to {_MOST_AXES} axes of {inputs[0].shape},"
                f" not {self.perm}"
            )

    def _turned(self) -> tuple[int, ...]:
        return (0, *(1 + axis for axis in self.perm))

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        turned = np.ascontiguousarray(inputs[0].transpose(self._turned()))
        return cast(turned, values[0].format, self.result)  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        return inputs[0].transpose(self._turned())

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        shape = inputs[0].shape
        strides = [int(np.prod(shape[k + 1 :], dtype=int)) for k in range(len(shape))]
        lengths, steps = [shape[k] for k in self.perm], [strides[k] for k in self.perm]
        more = _MOST_AXES - len(shape)
        fields: dict[str, Field] = {"n_in": inputs[0].size}
        for k, (length, step) in enumerate(
            zip([1] * more + lengths, [0] * more + steps, strict=True)
        ):
            fields |= {f"length_{k}": length, f"stride_{k}": step}
        return fields
