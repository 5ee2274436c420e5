"""Linear: the sums of products that dense layers, convolutions and their kin have in common.

An operator describes them once, as rows of a sparse matrix; the engine proves which loops give
its bits and takes the fastest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import NARROW_WIDTH, Format, Overflow, cast, growth
from fxp.casting import recipe

__all__ = ["Interval", "Linear"]

Interval = tuple[int, int]
"""Least and greatest raw value."""


@dataclass(frozen=True, eq=False)
class Linear:
    """``y[j] = result(acc), acc = start[j]; acc = accum(acc + accum(x[row[e]] * weight[e]))``

    for the entries e = pointer[j] ... pointer[j + 1] - 1, in this order.

    row, weight: one element of the flattened input and one raw weight an entry, int64 (weights
    above 62 bits Python integers). start: raw values of accum, one an output. product: the exact
    format of one product. An entry of weight 0 changes no bit in any mode, and may be left out.
    matrix: (n_in, n_out) raw weights where every input meets every output in ascending order, else
    None.
    """

    pointer: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    weight: npt.NDArray[Any]
    start: npt.NDArray[Any]
    product: Format
    accum: Format
    result: Format
    matrix: npt.NDArray[Any] | None = None
    memo: dict[str, Any] = field(default_factory=dict, repr=False)
    """What the engine derived from these sums."""

    @property
    def outputs(self) -> int:
        """Number of sums."""
        return len(self.pointer) - 1

    @property
    def shift(self) -> int:
        """Fraction bits that each product loses on its way to accum; negative: zeros appended."""
        return self.product.frac - self.accum.frac

    @property
    def wraps(self) -> bool:
        """Whether accum is plain WRAP, so that sums may be taken modulo 2**width in any order."""
        return self.accum.overflow is Overflow.WRAP and not self.accum.sat_bits

    @property
    def narrow(self) -> bool:
        """Whether products and accumulators fit int64."""
        return max(self.product.width, self.accum.width) <= NARROW_WIDTH

    @cached_property
    def norm(self) -> int:
        """``max_j sum_e |weight[e]|``: the greatest L1 norm of a row."""
        return max(self.sums(np.abs(self._weights)), default=0)

    @cached_property
    def largest_weight(self) -> int:
        """``max |weight|``."""
        return int(np.abs(self._weights).max()) if len(self.weight) else 0

    @cached_property
    def longest(self) -> int:
        """Most entries of one output."""
        return int(np.diff(self.pointer).max()) if self.outputs else 0

    @cached_property
    def single(self) -> bool:
        """Whether each output is one product."""
        return bool((np.diff(self.pointer) == 1).all())

    @cached_property
    def largest_start(self) -> int:
        """``max |start|``."""
        return int(np.abs(self.start).max()) if len(self.start) else 0

    # ---- the plain way -----------------------------------------------------------------------

    def evaluate(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """``y`` of shape (N, outputs) for raw ``x`` of shape (N, ...), step by step as declared.

        On int64 up to 62 bits and on Python integers above: what every faster path must equal.
        """
        rows = x.reshape(len(x), -1)
        if not self.narrow:
            return self._evaluate_wide(rows.astype(object))
        from .engine import loops

        out = np.empty((self.outputs, len(x)), dtype=np.int64)
        loops.ordered64(
            np.ascontiguousarray(rows.T, dtype=np.int64),
            self.pointer,
            self.row,
            self.weight.astype(np.int64),
            self.start.astype(np.int64),
            tuple(recipe(self.product.frac, self.accum)),
            False,
            out,
        )
        return cast(out.T, self.accum, self.result)  # type: ignore[no-any-return]

    def _evaluate_wide(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        wide = growth.add(self.accum, self.accum)
        out = np.empty((len(x), self.outputs), dtype=object)
        out[...] = self.start.astype(object)
        position = self.pointer[:-1].copy()
        # One entry of every output at a time: the columns do not depend on each other.
        while (left := position < self.pointer[1:]).any():
            columns, entries = np.flatnonzero(left), position[left]
            products = x[:, self.row[entries]] * self.weight[entries].astype(object)
            total = out[:, columns] + cast(products, self.product, self.accum)
            out[:, columns] = cast(total, wide, self.accum)
            position += left
        return cast(out, self.accum, self.result)  # type: ignore[no-any-return]

    @property
    def _weights(self) -> npt.NDArray[Any]:
        # Python integers where the sum of one row could leave int64
        count = max(int(np.diff(self.pointer).max()) if self.outputs else 1, 1)
        peak = (
            max((abs(int(v)) for v in (self.weight.min(), self.weight.max())), default=0)
            if len(self.weight)
            else 0
        )
        return self.weight.astype(object) if peak * count >= 1 << 62 else self.weight

    def sums(self, values: npt.NDArray[Any]) -> list[int]:
        """Sum of ``values`` over the entries of each output."""
        filled = np.diff(self.pointer) > 0
        sums = np.zeros(self.outputs, dtype=object)
        if filled.any():
            sums[filled] = np.add.reduceat(values, self.pointer[:-1][filled])
        return [int(value) for value in sums]
