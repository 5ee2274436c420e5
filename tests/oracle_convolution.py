"""Convolutions in exact rationals, one output at a time: see ``tests/oracle.py``.

Written from the definition of a discrete convolution (for every output, which input lies under which
cell of the kernel) and hls4ml 1.3.0's nnet_conv2d_latency.h, nnet_conv2d_resource.h and
nnet_sepconv2d_latency.h; a transposed convolution, which hls4ml has not, is what every input adds to
the outputs it reaches. Nothing of fxp or emu is imported.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.oracle import Type, cast, cast_raw

Position = tuple[int, ...]
Image = Mapping[Position, Fraction]
"""Value by (*position, channel)."""


class Geometry(NamedTuple):
    """Spatial tuples; padding as (before, after) along each axis."""

    image: Position
    kernel: Position
    strides: Position
    padding: tuple[tuple[int, int], ...]
    dilation: Position
    transposed: bool = False

    def places(self) -> Position:
        found = []
        for axis, cells in enumerate(self.kernel):
            reach = (cells - 1) * self.dilation[axis] + 1
            if self.transposed:
                whole = (self.image[axis] - 1) * self.strides[axis] + reach
                found.append(whole - sum(self.padding[axis]))
            else:
                room = self.image[axis] + sum(self.padding[axis]) - reach
                found.append(len(range(0, room + 1, self.strides[axis])))
        return tuple(found)

    def meets(self, place: Position, cell: Position, at: Position) -> bool:
        """Whether the input ``at`` lies under ``cell`` of the kernel for the output ``place``."""
        for p, k, i, s, d, (before, _) in zip(
            place, cell, at, self.strides, self.dilation, self.padding, strict=True
        ):
            whole, part = (p + before, i) if self.transposed else (i + before, p)
            if part * s + k * d != whole:
                return False
        return True

    def under(self, place: Position, cell: Position) -> Position | None:
        inputs = itertools.product(*map(range, self.image))
        return next((at for at in inputs if self.meets(place, cell, at)), None)


def order(n_in: int, reuse: int) -> Iterator[int]:
    """Positions in a window in the order of the kernels: ``reuse`` passes, or ascending for 0."""
    for start in range(reuse or 1):
        yield from range(start, n_in, reuse or 1)


def convolution(
    x: Image,
    geometry: Geometry,
    weight: Mapping[Position, Fraction],
    bias: Sequence[Fraction],
    types: tuple[Type, Type],
    *,
    channels: int,
    groups: int = 1,
    reuse: int = 0,
) -> list[int]:
    """Raw outputs, row-major, filters last; ``weight[(*cell, c, f)]``; types: accum, result."""
    accum, result = types
    each, filters = channels // groups, len(bias)
    cells = list(itertools.product(*map(range, geometry.kernel)))
    window = list(itertools.product(cells, range(each)))
    found = []
    for place in itertools.product(*map(range, geometry.places())):
        inputs = {cell: geometry.under(place, cell) for cell in cells}
        for f in range(filters):
            first = f // (filters // groups) * each
            total = cast(bias[f], accum)
            for i in order(len(window), reuse):
                cell, c = window[i]
                at = inputs[cell]
                value = Fraction(0) if at is None else x[(*at, first + c)]
                total = cast(total + cast(value * weight[(*cell, c, f)], accum), accum)
            found.append(cast_raw(total, result))
    return found
