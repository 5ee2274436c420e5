"""Reshape and flatten: the same bits in the same order under another shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..op import Op, Raw, Real, Shape, Value

__all__ = ["Reshape"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Op):
    """``y = x``, row-major. No cast: ``result`` is the input's format."""

    header: ClassVar[str] = "reshape"
    view: ClassVar[bool] = True
    target: Shape

    def shape(self, *shapes: Shape) -> Shape:
        return self.target

    def check(self, *inputs: Value) -> None:
        size = 1
        for length in self.target:
            size *= length
        if size != inputs[0].size:
            raise ValueError(
                f"target shape must have {inputs[0].size} elements as {inputs[0].name} has,"
                f" not {self.target!r}"
            )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        return inputs[0].reshape(-1, *self.target)

    def reference(self, *inputs: Real) -> Real:
        return inputs[0].reshape(-1, *self.target)
