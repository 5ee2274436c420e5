"""An operator applied to every time step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value

__all__ = ["TimeDistributed"]


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeDistributed(Op):
    """``y[t] = op(x[t])`` for every step t of the first axis; no cast but those of ``op``.

    op: an operator of one input, whose result this is. Source: hls4ml's nnet_time_distributed.h.
    """

    header: ClassVar[str] = "time_distributed"
    op: Op

    def one(self, x: Value) -> Value:
        """One time step of ``x``."""
        return Value(x.name, x.shape[1:], x.format)

    def shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], *self.op.shape(shapes[0][1:]))

    def check(self, *inputs: Value) -> None:
        if self.op.arity != 1:
            raise ValueError(f"op must have one input, not {self.op.arity}")
        if self.op.result != self.result:
            raise ValueError(f"result must be that of op, {self.op.result}, not {self.result}")
        if len(inputs[0].shape) < 2:
            raise ValueError(
                f"input must have a time axis and at least another, not {inputs[0].shape!r}"
            )
        self.op.check(self.one(inputs[0]))

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, step = inputs[0], self.one(values[0])
        found = self.op.evaluate(x.reshape(-1, *step.shape), values=(step,))
        return found.reshape(len(x), -1, *found.shape[1:])

    @property
    def pointwise(self) -> bool:
        return self.op.pointwise

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0]
        found = self.op.reference(x.reshape(-1, *x.shape[2:]))
        return found.reshape(len(x), -1, *found.shape[1:])

    def multiplications(self, *shapes: Shape) -> int:
        return shapes[0][0] * self.op.multiplications(shapes[0][1:])

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        return self.op.configuration(self.one(inputs[0]))

    def tables(self) -> dict[str, Table]:
        return self.op.tables()

    def constants(self) -> dict[str, Constant]:
        return self.op.constants()
