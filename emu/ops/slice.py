"""Slice: every so many elements along each axis, from a first one on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fxp import cast

from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["Slice"]

_MOST_AXES = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Op):
    """``y[k0, k1, ...] = cast(x[start0 + k0 * step0, start1 + k1 * step1, ...])``, as ``target``.

    slices: ``(start, count, step)`` per axis without the batch, 1 to 4 axes; a step may be
    negative. target: the shape of y, whose elements are the counts' row by row: axes of one element
    may be left out or put in. Source: NumPy's basic indexing; hls4ml has none.
    """

    header: ClassVar[str] = "slice"
    rearranges: ClassVar[bool] = True
    slices: tuple[tuple[int, int, int], ...]
    target: Shape

    @property
    def counts(self) -> Shape:
        """Elements that are taken along each axis."""
        return tuple(count for _, count, _ in self.slices)

    def shape(self, *shapes: Shape) -> Shape:
        return self.target

    def check(self, *inputs: Value) -> None:
        shape = inputs[0].shape
        if len(self.slices) != len(shape) or len(shape) > _MOST_AXES:
            raise ValueError(
                f"slices must be (start, count, step) for each of the 1 to {_MOST_AXES} axes of"
                f" {shape}, not {self.slices}"
            )
        for n, (start, count, step) in zip(shape, self.slices, strict=True):
            if count < 1 or not 0 <= start < n or not 0 <= start + (count - 1) * step < n:
                raise ValueError(f"slices must lie within {shape}, not {self.slices}")
        if not self.target or math.prod(self.target) != math.prod(self.counts):
            raise ValueError(
                f"target must have the {math.prod(self.counts)} elements of the slices,"
                f" not shape {self.target}"
            )

    def _taken(self, x: Real | Raw) -> Real | Raw:
        def along(start: int, count: int, step: int) -> slice:
            end = start + count * step
            return slice(start, end if end >= 0 else None, step)

        taken = x[(slice(None), *(along(*item) for item in self.slices))]
        return taken.reshape(len(x), *self.target)

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        return cast(self._taken(inputs[0]), values[0].format, self.result)  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        return self._taken(inputs[0])

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        shape = inputs[0].shape
        strides = [math.prod(shape[k + 1 :]) for k in range(len(shape))]
        steps = [step * n for (_, _, step), n in zip(self.slices, strides, strict=True)]
        first = sum(start * n for (start, _, _), n in zip(self.slices, strides, strict=True))
        more = _MOST_AXES - len(shape)
        fields: dict[str, Field] = {
            "n_in": inputs[0].size,
            "n_out": math.prod(self.counts),
            "first": first,
        }
        for k, (count, step) in enumerate(
            zip([1] * more + list(self.counts), [0] * more + steps, strict=True)
        ):
            fields |= {f"count_{k}": count, f"stride_{k}": step}
        return fields
