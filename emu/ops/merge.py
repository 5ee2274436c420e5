"""Elementwise operators of two tensors: one row each of ``MERGES``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

import numpy as np

from fxp import NARROW_WIDTH, Format, cast, growth
from fxp.compiled import kernel

from ..engine.loops import stage_row
from ..exact import aligned, roomy
from ..op import Field, Op, Raw, Real, Shape, Value

__all__ = ["MERGES", "Merge", "MergeRow"]

_MOST_GROUPS = 4


@dataclass(frozen=True)
class MergeRow:
    """One operator: formula, the exact format of what is cast, its meaning on integers and reals.

    ``raw`` takes both inputs in the units of ``wide``, or, where ``aligns`` is false, in their own.
    """

    formula: str
    wide: Callable[[Format, Format], Format]
    raw: Callable[[Any, Any], Any]
    reference: Callable[[Real, Real], Real]
    aligns: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Merge(Op):
    """``y[i] = cast(f(a[i], b[i]))``, f a row of ``MERGES``, exact; one cast.

    The inputs broadcast as numpy's do. cyclic: hls4ml's rule instead (nnet_merge.h), which reads
    element ``i % size`` of each input, row-major; the sizes must divide the larger one, whose shape
    the result has. Both rules agree where the smaller tensor lies along the last axes.
    count: how many tensors an average is of (its sum may have been formed by additions before).
    ``Numerics: corrected`` means ``cyclic=False``.
    """

    header: ClassVar[str] = "merge"
    arity: ClassVar[int] = 2
    name: str
    cyclic: bool = False
    count: int = 2

    @property
    def row(self) -> MergeRow:
        """The row of MERGES."""
        return MERGES[self.name]

    @property
    def function(self) -> str:
        return self.name

    def shape(self, *shapes: Shape) -> Shape:
        if self.cyclic:
            return max(shapes, key=lambda shape: int(np.prod(shape)))
        return np.broadcast_shapes(*shapes)

    def check(self, *inputs: Value) -> None:
        if self.name not in MERGES:
            raise ValueError(f"merge must be one of {', '.join(MERGES)}, not {self.name!r}")
        if self.count < 2 or (self.name != "average" and self.count != 2):
            raise ValueError(f"count of {self.name} must be 2, or more of an average: {self.count}")
        shapes = tuple(value.shape for value in inputs)
        if self.cyclic:
            small, large = sorted(value.size for value in inputs)
            if large % small:
                raise ValueError(f"sizes must divide one another, not shapes {_listed(shapes)}")
        else:
            try:
                np.broadcast_shapes(*shapes)
            except ValueError:
                raise ValueError(f"shapes must broadcast, not {_listed(shapes)}") from None
        if len(self._groups(*shapes)) > _MOST_GROUPS:
            raise ValueError(
                f"axes along which inputs broadcast must form at most {_MOST_GROUPS} groups,"
                f" not those of {_listed(shapes)}; merge in two steps"
            )
        self._wide(*(value.format for value in inputs))  # raises where it is wider than any format

    def _wide(self, a: Format, b: Format) -> Format:
        """The exact format of the value that is cast."""
        wide = self.row.wide(a, b)
        if self.name != "average":
            return wide
        # Two bits below the result's last one, the lower one sticky, round as the exact quotient.
        frac = max(wide.frac, self.result.frac) + 2
        return Format(wide.integer + frac, wide.integer, wide.signed)

    def _groups(self, *shapes: Shape) -> list[tuple[int, bool, bool]]:
        """Runs of axes, ``(length, read by a, read by b)``: the loop nest that walks the output."""
        if self.cyclic:
            a, b = (int(np.prod(shape)) for shape in shapes)
            small, large = min(a, b), max(a, b)
            axes = [(large // small, a == large, b == large), (small, True, True)]
        else:
            target = np.broadcast_shapes(*shapes)
            lengths = [(1,) * (len(target) - len(shape)) + shape for shape in shapes]
            axes = [(length, x > 1, y > 1) for length, x, y in zip(target, *lengths, strict=True)]
        runs = groupby((axis for axis in axes if axis[0] > 1), key=lambda axis: axis[1:])
        return [(int(np.prod([axis[0] for axis in run])), *read) for read, run in runs] or [
            (1, True, True)
        ]

    def _views(self, inputs: tuple[Any, ...], shapes: tuple[Shape, ...]) -> list[Any]:
        """The inputs with one axis per group, of length 1 where they do not extend along it."""
        groups = self._groups(*shapes)
        return [
            x.reshape(len(x), *(group[0] if group[1 + k] else 1 for group in groups))
            for k, x in enumerate(inputs)
        ]

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        formats = [value.format for value in values]
        shapes = tuple(value.shape for value in values)
        wide, exact = self._wide(*formats), self.row.wide(*formats)
        views = [roomy(view, wide.width) for view in self._views(inputs, shapes)]
        if self.row.aligns:
            views = [aligned(view, f, exact) for view, f in zip(views, formats, strict=True)]
        total = self.row.raw(*views)
        if self.name == "average":
            scaled = total << (wide.frac - exact.frac - 1)
            quotient = scaled // self.count
            total = 2 * quotient + (quotient * self.count != scaled)
        return cast(total, wide, self.result).reshape(-1, *self.shape(*shapes))  # type: ignore[no-any-return]

    def block(self, *inputs: Value) -> Callable[..., None] | None:
        from ..engine.epilogue import Epilogue

        formats = [value.format for value in inputs]
        exact = self.row.wide(*formats)
        # The quotient of an average of two has one more fraction bit, and no remainder.
        halved = Format(exact.width + 1, exact.integer, exact.signed)
        wide = halved if self.name == "average" else exact
        finished = Epilogue().cast(wide, self.result)
        widths = (wide.width, self.result.width, *(format.width for format in formats))
        if max(widths) > NARROW_WIDTH or self.count > 2 or not finished.common:
            return None
        lifts = [exact.frac - format.frac if self.row.aligns else 0 for format in formats]
        shapes = tuple(value.shape for value in inputs)
        numbers = [np.arange(value.size, dtype=np.int64)[None] for value in inputs]
        rows = np.broadcast_arrays(*self._views(tuple(numbers), shapes))
        places = [np.ascontiguousarray(row).reshape(-1) for row in rows]
        kind, stages = _KINDS[self.name], finished.numbers()

        def run(a: Raw, b: Raw, out: Raw, rooms: Any) -> None:
            _merge_rows(a, b, *places, *lifts, kind, stages, out)

        return run

    def reference(self, *inputs: Real) -> Real:
        shapes = tuple(x.shape[1:] for x in inputs)
        found = self.row.reference(*self._views(inputs, shapes))
        found = found / self.count if self.name == "average" else found
        return found.reshape(-1, *self.shape(*shapes))

    def multiplications(self, *shapes: Shape) -> int:
        return int(np.prod(self.shape(*shapes))) if self.name == "multiply" else 0

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        shapes = tuple(value.shape for value in inputs)
        groups = self._groups(*shapes)
        groups = [(1, True, True)] * (_MOST_GROUPS - len(groups)) + groups
        fields: dict[str, Field] = {
            "n_a": inputs[0].size,
            "n_b": inputs[1].size,
            "n_out": int(np.prod(self.shape(*shapes))),
        }
        for k, (length, _, _) in enumerate(groups):
            fields[f"length_{k}"] = length
        for which, name in ((1, "a"), (2, "b")):
            stride = 1
            for k in reversed(range(_MOST_GROUPS)):
                read = bool(groups[k][which])
                fields[f"stride_{name}_{k}"] = stride if read else 0
                stride *= groups[k][0] if read else 1
        if self.name == "average":
            fields["count"] = self.count
        return fields


_KINDS = {"add": 0, "average": 0, "subtract": 1, "multiply": 2, "maximum": 3, "minimum": 4}


@kernel
def _merge_rows(x, y, x_rows, y_rows, x_lift, y_lift, kind, stages, out):  # type: ignore[no-untyped-def]
    # out[j] = stages(x[x_rows[j]] << x_lift op y[y_rows[j]] << y_lift), rows of samples
    n = x.shape[1]
    wide = np.empty((2, n), dtype=np.int64)
    for j in range(x_rows.size):
        a, b = x[x_rows[j]], y[y_rows[j]]
        row, other, out_row = wide[0], wide[1], out[j]
        if kind == 0:
            for k in range(n):
                row[k] = (np.int64(a[k]) << x_lift) + (np.int64(b[k]) << y_lift)
        elif kind == 1:
            for k in range(n):
                row[k] = (np.int64(a[k]) << x_lift) - (np.int64(b[k]) << y_lift)
        elif kind == 2:
            for k in range(n):
                row[k] = np.int64(a[k]) * np.int64(b[k])
        elif kind == 3:
            for k in range(n):
                row[k] = max(np.int64(a[k]) << x_lift, np.int64(b[k]) << y_lift)
        else:
            for k in range(n):
                row[k] = min(np.int64(a[k]) << x_lift, np.int64(b[k]) << y_lift)
        for s in range(stages.shape[0]):
            stage_row(row, other, stages[s])
            row, other = other, row
        for k in range(n):
            out_row[k] = row[k]


def _listed(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(map(str, shapes))


MERGES: dict[str, MergeRow] = {
    "add": MergeRow("cast(a + b)", growth.add, np.add, np.add),
    "subtract": MergeRow("cast(a - b)", growth.subtract, np.subtract, np.subtract),
    "multiply": MergeRow("cast(a * b)", growth.multiply, np.multiply, np.multiply, aligns=False),
    "average": MergeRow("cast((a + b) / count), the exact quotient", growth.add, np.add, np.add),
    "maximum": MergeRow("cast(a > b ? a : b)", growth.add, np.maximum, np.maximum),
    "minimum": MergeRow("cast(a < b ? a : b)", growth.add, np.minimum, np.minimum),
}
"""Every operator, by its hls4ml name."""
