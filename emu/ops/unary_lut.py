"""A function of one value as a table over all of its codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fxp import cast

from ..op import Constant, Field, Op, Raw, Real, Value

__all__ = ["UnaryLUT"]


@dataclass(frozen=True, eq=False, kw_only=True)
class UnaryLUT(Op):
    """``y = cast(table[bits of x])``, the bits read as an unsigned number.

    table: ``2**width`` values; those of negative x lie in its upper half.
    Source: nnet_activation.h, ``unary_lut``.
    """

    header: ClassVar[str] = "unary_lut"
    table: Constant

    def check(self, *inputs: Value) -> None:
        width = inputs[0].format.width
        if width > 20 or self.table.raw.size != 1 << width:
            raise ValueError(
                f"table must have one value for each code of {inputs[0].format}, at most 2**20,"
                f" not {self.table.raw.size}"
            )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        entries = cast(self.table.raw.reshape(-1), self.table.format, self.result)
        return entries[inputs[0] & (entries.size - 1)]  # type: ignore[no-any-return]

    @property
    def pointwise(self) -> bool:
        return True

    def reference(self, *inputs: Real) -> Real:
        raise NotImplementedError("a table over codes has no meaning between them")

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return {"n_in": inputs[0].size, "table_size": self.table.raw.size, "table": self.table}
