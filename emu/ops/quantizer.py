"""Quantisation with a format of its own for every element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fxp import Format, cast

from ..op import Constant, Field, Op, Raw, Real, Value

__all__ = ["Quantizer"]

_NUMBER = Format(16, 16, family="ap_int")


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantizer(Op):
    """``y[i] = cast(formats[which[i]](x[i]))``, two casts; 0 where ``which[i]`` is -1.

    formats: those that occur. which: a number for each element, row-major.
    Source: HGQ's FixedPointQuantizer, in hls4ml ``generate_mask_fn``.
    """

    header: ClassVar[str] = "quantizer"
    formats: tuple[Format, ...]
    which: tuple[int, ...]

    def check(self, *inputs: Value) -> None:
        if len(self.which) != inputs[0].size:
            raise ValueError(
                f"which must have {inputs[0].size} numbers, one an element, not {len(self.which)}"
            )
        wrong = [k for k in self.which if not -1 <= k < len(self.formats)]
        if wrong:
            raise ValueError(
                f"which must name one of {len(self.formats)} formats, or -1, not {wrong[0]}"
            )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, which = inputs[0].reshape(len(inputs[0]), -1), np.array(self.which)
        zeros = np.zeros(x.shape, dtype=np.int64)
        found = cast(zeros, self.result, self.result)
        for k, format in enumerate(self.formats):
            columns = np.flatnonzero(which == k)
            found[:, columns] = cast(
                cast(x[:, columns], values[0].format, format), format, self.result
            )
        return found.reshape(inputs[0].shape)  # type: ignore[no-any-return]

    def reference(self, *inputs: Real) -> Real:
        kept = np.array(self.which).reshape(inputs[0].shape[1:]) >= 0
        return np.where(kept, inputs[0], 0.0)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        which = np.array(self.which, dtype=np.int64)
        return {
            "n_in": inputs[0].size,
            "formats": self.formats,
            "which": Constant(which, _NUMBER, which.astype(np.float64)),
        }
