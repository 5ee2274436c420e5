"""Up-sampling: every element repeated along its axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Resize"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Resize(Op):
    """``y[i, j, k] = cast(x[i // f0, j // f1, k // f2])``: the nearest neighbour.

    factors: ``f`` per axis without the batch, 1 to 3 axes. Source: nnet_image.h, whose positions
    ``(j * ((n << 16) / m + 1)) >> 16`` are these as long as ``f * m < 65536``.
    """

    header: ClassVar[str] = "resize"
    rearranges: ClassVar[bool] = True
    factors: Shape

    def shape(self, *shapes: Shape) -> Shape:
        return tuple(n * f for n, f in zip(shapes[0], self.factors, strict=True))

    def check(self, *inputs: Value) -> None:
        axes = len(inputs[0].shape)
        if len(self.factors) != axes or axes > 3 or min(self.factors) < 1:
            raise ValueError(
                f"factors must be a positive number for each of the 1 to 3 axes of"
                f" {inputs[0].shape}, not {self.factors}"
            )

    def _repeated(self, x: Any) -> Any:
        return reduce(
            lambda y, axis: np.repeat(y, self.factors[axis], 1 + axis), range(len(self.factors)), x
        )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        return self._repeated(cast(inputs[0], values[0].format, self.result))  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        return self._repeated(inputs[0])  # type: ignore[no-any-return]

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        more = 3 - len(self.factors)
        shape, factors = (1,) * more + inputs[0].shape, (1,) * more + self.factors
        return {f"length_{k}": n for k, n in enumerate(shape)} | {
            f"factor_{k}": f for k, f in enumerate(factors)
        }
