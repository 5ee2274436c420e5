"""Maximum and average pooling over one or two spatial axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from fxp import NARROW_WIDTH, Format, cast, growth
from fxp.compiled import kernel

from ..engine.loops import stage_row
from ..exact import roomy
from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["ORDERS", "POOLINGS", "Pooling"]

POOLINGS = ("max", "average")
ORDERS = ("cells", "casts", "tree")

_MANTISSA = 53


@dataclass(frozen=True, eq=False, kw_only=True)
class Pooling(Op):
    """``y = cast(accum(max of a window))`` or ``cast(accum(sum of a window) / cells)`` by channel.

    The sum is cast to accum at every addition, row by row; the quotient truncates toward zero at
    accum's fraction. Input (height, width, channels) or (width, channels).
    order: "cells" as above; "casts" casts each cell to accum before it is compared or added, as
    hls4ml's io_stream does (nnet_pooling_stream.h), "tree" also adds in a tree whose left part is
    the largest power of two below its count.
    window, strides: per spatial axis. padding: ``(before, after)`` per spatial axis.
    count_pad: an average divides by the whole window, else by its cells inside the image.
    top_bit: padded cells of a maximum hold only their most significant bit, the least value of a
    signed format but half the range of an unsigned one (hls4ml, nnet_pooling.h ``pad_val``);
    otherwise they hold the least value. ``Numerics: corrected`` means ``top_bit=False``.
    flat: the result has no spatial axes (global pooling).
    """

    header: ClassVar[str] = "pooling"
    name: str
    window: Shape
    strides: Shape
    padding: tuple[tuple[int, int], ...]
    accum: Format
    count_pad: bool = False
    top_bit: bool = False
    flat: bool = False
    order: str = "cells"

    @property
    def function(self) -> str:
        return f"{self.name}_pooling"

    def _places(self, shape: Shape) -> Shape:
        """How many windows there are along each spatial axis."""
        return tuple(
            (length + before + after - window) // stride + 1
            for length, (before, after), window, stride in zip(
                shape[:-1], self.padding, self.window, self.strides, strict=True
            )
        )

    def shape(self, *shapes: Shape) -> Shape:
        places = self._places(shapes[0])
        return shapes[0][-1:] if self.flat else (*places, shapes[0][-1])

    def check(self, *inputs: Value) -> None:
        shape = inputs[0].shape
        if self.name not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, not {self.name!r}")
        if self.order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(ORDERS)}, not {self.order!r}")
        axes = len(shape) - 1
        if axes not in (1, 2) or {axes} != {
            len(given) for given in (self.window, self.strides, self.padding)
        }:
            raise ValueError(
                f"window, strides and padding must have one entry for each of the 1 or 2 spatial"
                f" axes of {shape}, not {self.window}, {self.strides}, {self.padding}"
            )
        if min(*self.window, *self.strides) < 1:
            raise ValueError(
                f"window and strides must be positive, not {self.window} and {self.strides}"
            )
        for length, window, (before, after) in zip(shape, self.window, self.padding, strict=False):
            if not (0 <= before < window and 0 <= after < window):
                raise ValueError(
                    f"padding must be less than the window {self.window}, not {self.padding}"
                )
            if window > length + before + after:
                raise ValueError(f"window {self.window} must fit into the padded shape {shape}")
        if self.flat and int(np.prod(self._places(shape))) != 1:
            raise ValueError(f"window {self.window} must cover {shape} where no axis is left")
        growth.add(self.accum, self.accum)  # these raise
        growth.add(inputs[0].format, self.accum)  # raises where it is wider than any format

    def _padded(self, x: Any, value: Any) -> Any:
        return np.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=value)

    def _cells(self, x: Any, value: Any) -> Iterator[Any]:
        """Cell k of every window, k row-major: arrays (N, *places, channels)."""
        padded = self._padded(x, value) if any(map(any, self.padding)) else x
        places = self._places(x.shape[1:])
        for offset in product(*map(range, self.window)):
            spatial = (
                slice(start, start + stride * (count - 1) + 1, stride)
                for start, stride, count in zip(offset, self.strides, places, strict=True)
            )
            yield padded[(slice(None), *spatial)]

    def _inside(self, shape: Shape) -> Any:
        """Cells of each window that lie inside the image, (*places, 1)."""
        if self.count_pad:
            return int(np.prod(self.window))
        ones = np.ones((1, *shape[:-1], 1), dtype=np.int64)
        return sum(self._cells(ones, 0))[0]

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, source = inputs[0], values[0].format
        found = self._maximum(x, source) if self.name == "max" else self._average(x, source)
        return cast(found, self.accum, self.result).reshape(-1, *self.shape(x.shape[1:]))  # type: ignore[no-any-return]

    def block(self, *inputs: Value) -> Callable[..., None] | None:
        from ..engine.epilogue import Epilogue

        source, shape = inputs[0].format, inputs[0].shape
        exact = growth.total(source, int(np.prod(self.window)))
        maximum = self.name == "max"
        summed = source if maximum else exact
        first = Epilogue().cast(summed, self.accum)
        last = Epilogue().cast(self.accum, self.result)
        # int64 holds every sum; what the accumulator loses on the way only the plain loop knows
        plain = not maximum and not _keeps(self.accum, exact)
        widths = (summed.width, self.accum.width, self.result.width)
        known = first.common and last.common
        # a cast that loses something before the maximum is not one after it
        early = maximum and self.order != "cells" and not _keeps(self.accum, source)
        if (
            plain
            or early
            or not known
            or max(widths) > NARROW_WIDTH
            or self.accum.width > _MANTISSA
        ):
            return None
        places = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(1, *shape)
        rows = np.stack([cell.reshape(-1) for cell in self._cells(places, -1)], axis=1)
        inside = np.array(self._inside(shape), dtype=np.int64)
        divisors = np.broadcast_to(inside, self._places(shape) + shape[-1:]).reshape(-1)
        unsigned = (1 << (source.width - 1)) if self.top_bit else 0
        pad = source.raw_min if source.signed else unsigned
        divisors = np.zeros(0, dtype=np.int64) if maximum else np.ascontiguousarray(divisors)

        def run(x: Raw, out: Raw, rooms: Any) -> None:
            _pool_rows(x, rows, pad, divisors, first.numbers(), last.numbers(), out)

        return run

    def _maximum(self, x: Raw, source: Format) -> Any:
        unsigned = (1 << (source.width - 1)) if self.top_bit else 0
        cells = self._cells(x, source.raw_min if source.signed else unsigned)
        if self.order != "cells":
            cells = (cast(cell, source, self.accum) for cell in cells)
        most = next(cells)
        for cell in cells:
            most = np.maximum(most, cell)
        return most if self.order != "cells" else cast(most, source, self.accum)

    def _average(self, x: Raw, source: Format) -> Any:
        accum, exact = self.accum, growth.total(source, int(np.prod(self.window)))
        cells = self._cells(roomy(x, exact.width), 0)
        if _keeps(accum, exact):
            total = next(cells).copy()
            for cell in cells:
                total += cell
            total = cast(total, exact, accum)
        elif self.order != "cells":
            nodes = [cast(cell, source, accum) for cell in cells]
            total = _tree_sum(nodes, accum) if self.order == "tree" else _chain_sum(nodes, accum)
        else:
            wide = growth.add(accum.exact, source)
            up, lift = wide.frac - accum.frac, wide.frac - source.frac
            total = cast(next(cells), source, accum)
            for cell in cells:
                step = (roomy(total, wide.width) << up) + (roomy(cell, wide.width) << lift)
                total = cast(step, wide, accum)
        inside = self._inside(x.shape[1:])
        return np.where(total < 0, -(-total // inside), total // inside)

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0]
        if self.name == "max":
            cells = list(self._cells(x, -np.inf))
            found = np.max(cells, axis=0)
        else:
            found = sum(self._cells(x, 0.0)) / self._inside(x.shape[1:])
        return np.asarray(found).reshape(-1, *self.shape(x.shape[1:]))

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        # One spatial axis is a picture of one line.
        line = len(self.window) == 1
        shape = (1,) * line + inputs[0].shape
        window, strides = (1,) * line + self.window, (1,) * line + self.strides
        places = (1,) * line + self._places(inputs[0].shape)
        padding = ((0, 0),) * line + self.padding
        return {
            "in_height": shape[0],
            "in_width": shape[1],
            "n_channel": shape[2],
            "out_height": places[0],
            "out_width": places[1],
            "window_height": window[0],
            "window_width": window[1],
            "stride_height": strides[0],
            "stride_width": strides[1],
            "pad_top": padding[0][0],
            "pad_left": padding[1][0],
            "count_pad": int(self.count_pad),
            "top_bit": int(self.top_bit),
            "order": ORDERS.index(self.order),
            "accum": self.accum,
        }


@kernel
def _pool_rows(x, rows, pad, divisors, first, last, out):  # type: ignore[no-untyped-def]
    # maxima (no divisors) or quotients of sums, of the rows of samples in each window; -1: padding
    n = x.shape[1]
    wide = np.empty((2, n), dtype=np.int64)
    for j in range(rows.shape[0]):
        row, other, out_row = wide[0], wide[1], out[j]
        if divisors.size == 0:
            whole = rows[j].min() >= 0
            cell = x[max(rows[j, 0], 0)]
            for k in range(n):
                row[k] = cell[k] if whole else pad
            for place in rows[j]:
                if place >= 0:
                    cell = x[place]
                    for k in range(n):
                        row[k] = max(row[k], cell[k])
        else:
            row[:] = 0
            for place in rows[j]:
                if place >= 0:
                    cell = x[place]
                    for k in range(n):
                        row[k] += cell[k]
        for s in range(first.shape[0]):
            stage_row(row, other, first[s])
            row, other = other, row
        if divisors.size > 0:
            # Below 2**53 a float quotient truncates as the exact one: that is at least 1 / by,
            # so more than half a place, away from the integer above it.
            by = np.float64(divisors[j])
            for k in range(n):
                row[k] = np.int64(np.float64(row[k]) / by)
        for s in range(last.shape[0]):
            stage_row(row, other, last[s])
            row, other = other, row
        for k in range(n):
            out_row[k] = row[k]


def _chain_sum(nodes: list[Any], accum: Format) -> Any:
    """``A(A(x0 + x1) + x2) ...`` of values of accum."""
    wide = growth.add(accum.exact, accum.exact)
    total = nodes[0]
    for node in nodes[1:]:
        total = cast(roomy(total, wide.width) + node, wide, accum)
    return total


def _tree_sum(nodes: list[Any], accum: Format) -> Any:
    """``A(left + right)`` of values of accum, left the largest power of two below their count."""
    if len(nodes) == 1:
        return nodes[0]
    left = 1 << ((len(nodes) - 1).bit_length() - 1)
    parts = [_tree_sum(half, accum) for half in (nodes[:left], nodes[left:])]
    return _chain_sum(parts, accum)


def _keeps(accum: Format, exact: Format) -> bool:
    """Whether accum holds every value of ``exact``: then no cast to it on the way does anything."""
    low = -accum.raw_max if accum.signed else 0
    return accum.frac >= exact.frac and (
        accum.raw_max * accum.lsb >= exact.raw_max * exact.lsb
        and low * accum.lsb <= exact.raw_min * exact.lsb
    )
