"""Embedding: rows of a table, by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import cast

from ..exact import roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Value

__all__ = ["Embedding"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Embedding(Op):
    """``y[j, i] = cast(table[floor(x[j] * n_out + i)])``, table (rows, n_out) read row-major.

    A position beyond the table takes its nearest end; hls4ml reads outside its array there. x with
    a fraction reads between two rows, as in hls4ml (nnet_embed.h).
    """

    header: ClassVar[str] = "embedding"
    table: Constant

    def shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0], self.table.shape[1])

    def check(self, *inputs: Value) -> None:
        if len(inputs[0].shape) != 1:
            raise ValueError(f"input of an embedding must be a vector, not {inputs[0].shape}")
        if len(self.table.shape) != 2:
            raise ValueError(f"table must have two axes, not {self.table.shape}")

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        n_out, f = self.table.shape[1], values[0].format
        width = f.width + n_out.bit_length() + max(-f.frac, 0)
        start = (roomy(inputs[0], width) * n_out) << max(-f.frac, 0)
        # The numbers of the elements are whole: they pass the floor unchanged.
        places = (start >> max(f.frac, 0))[..., None] + np.arange(n_out)
        places = np.clip(places, 0, self.table.raw.size - 1).astype(np.int64)
        entries = cast(self.table.raw.reshape(-1), self.table.format, self.result)
        return entries[places]  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        rows = np.clip(np.floor(inputs[0]), 0, self.table.shape[0] - 1).astype(np.int64)
        return self.table.value[rows]

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {
            "n_in": inputs[0].size,
            "n_out": self.table.shape[1],
            "table_size": self.table.raw.size,
            "table": self.table,
        }
