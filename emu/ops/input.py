"""Input: the cast of the caller's numbers into the first format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..op import Op, Raw, Real, Shape, Value

__all__ = ["Input"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Input(Op):
    """``y = cast(x)``, x the exact binary value of each double.

    Source: hls4ml's bridge converts every element with the constructor of ``input_t``.
    """

    header: ClassVar[str] = "input"
    arity: ClassVar[int] = 0
    dimensions: Shape

    def shape(self, *shapes: Shape) -> Shape:
        return self.dimensions

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        raise TypeError("an input has no predecessor: the graph casts it")

    def reference(self, *inputs: Real) -> Real:
        raise TypeError("an input has no predecessor: the graph passes it on")
