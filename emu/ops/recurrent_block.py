"""Recurrent layers on blocks of features x samples: the same cells, the engine's loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from fxp import NARROW_WIDTH, Format, growth
from fxp.compiled import kernel

from ..engine.loops import stage_row
from ..op import Raw, Value
from .activation import Activation
from .merge import Merge

if TYPE_CHECKING:
    from .recurrent import Recurrent

__all__ = ["block"]


class _TooWide(Exception):
    """Something exceeds 62 bits, or a mode that the loops do not know: ``evaluate`` does it."""


def block(op: Recurrent, inputs: tuple[Value, ...]) -> Callable[..., None] | None:
    """``Recurrent.block``: None where an intermediate exceeds 62 bits."""
    from ..engine.epilogue import Epilogue

    steps, n_in = inputs[0].shape
    formats = (op.accum, op.result, *(value.format for value in inputs))
    if max(format.width for format in formats) > NARROW_WIDTH:
        return None
    states = [Epilogue().cast(value.format, op.result) for value in inputs[1:]]
    try:
        _Blocks(op, inputs[0].format).rehearse()
    except _TooWide:
        return None
    units = op.units

    def run(x: Raw, *rest: Any) -> None:
        *given, out, rooms = rest
        machine: Any = _Blocks(op, inputs[0].format, rooms)
        state = []
        for k in range(op.row.states):
            start = np.zeros((units, x.shape[1]), dtype=machine.dtype(op.result))
            if given:
                states[k].run(given[k], start, rooms)
            state.append(start)
        now: tuple[Raw, ...] = tuple(state)
        for step in range(steps):
            position = steps - 1 - step if op.go_backwards else step
            p = machine.project(np.ascontiguousarray(x[position * n_in : (position + 1) * n_in]))
            now = op.row.step(machine, p, now)
            if op.return_sequences:
                place = position if op.aligned else step
                out[place * units : (place + 1) * units] = now[0]
        if not op.return_sequences:
            out[...] = now[0]

    return run


class _Blocks:
    """What a cell asks of its machine (see ``recurrent._Machine``), on blocks."""

    def __init__(self, op: Recurrent, x: Format, rooms: Any = None) -> None:
        self.op, self.rooms = op, rooms
        self._of = _parts(op, x)

    def rehearse(self) -> None:
        """Run the cell once on two samples: raises _TooWide where it cannot."""
        from ..engine.epilogue import Rooms

        self.rooms = Rooms()
        zeros = np.zeros((self.op.units, 2), dtype=self.dtype(self.op.result))
        p = np.zeros((self.op.weight.shape[1], 2), dtype=self.dtype(self.op.accum))
        machine: Any = self
        self.op.row.step(machine, p, (zeros,) * self.op.row.states)

    @staticmethod
    def dtype(format: Format) -> Any:
        from ..engine.plan import block_dtype

        return block_dtype(format)

    def _run(self, step: Any, rows: int, format: Format, *blocks: Raw) -> Raw:
        out = np.empty((rows, blocks[0].shape[1]), dtype=self.dtype(format))
        step.run(*blocks, out=out, rooms=self.rooms)
        return out

    def project(self, x: Raw) -> Raw:
        """``x @ weight + bias`` in A."""
        return self._run(self._of.input, self.op.weight.shape[1], self.op.accum, x)

    def product(self, h: Raw, part: int = 0) -> Raw:
        """``h @ recurrent_weight + recurrent_bias`` in A."""
        step, columns = self._of.state[part]
        return self._run(step, columns, self.op.accum, h)

    def total(self, p: Raw, q: Raw) -> Raw:
        """``A(p + q)``."""
        return self._run(self._of.merge(len(p)), len(p), self.op.accum, p, q)

    def gate(self, x: Raw) -> Raw:
        """``s(x)`` from A to A."""
        a = self.op.accum
        return self._run(self._of.gate(len(x)), len(x), a, x)

    def activate(self, x: Raw, source: Format, result: Format) -> Raw:
        """``a(x)``."""
        return self._run(self._of.activate(len(x), source, result), len(x), result, x)

    @staticmethod
    def part(x: Raw, first: int, last: int) -> Raw:
        """Elements ``first`` to ``last - 1`` of each vector."""
        return x[first:last]

    @staticmethod
    def moved(x: Raw, source: Format, target: Format) -> Raw:
        """The same values in the finer units of ``target``."""
        if target.width > NARROW_WIDTH:
            raise _TooWide
        return x.astype(np.int64) << (target.frac - source.frac)

    def mixed(self, result: Format, *terms: tuple[Raw, Format, Raw, Format]) -> Raw:
        """``result(x * y + ...)``: exact products and sum, one cast."""
        lifts, stages = self._of.mixed(result, *((x, y) for _, x, _, y in terms))
        (x, _, y, _), (v, _, w, _) = terms[0], terms[-1]
        out = np.empty(x.shape, dtype=self.dtype(result))
        _mix_rows(x, y, lifts[0], v, w, lifts[-1], len(terms) == 2, stages, out)
        return out


class _Parts:
    """The steps of a layer's products, sums and activations, made once."""

    def __init__(self, op: Recurrent, x: Format) -> None:
        from ..engine.plan import step_of

        self.op, self._step_of = op, step_of
        of_input, of_state = op.matrices()
        self.input = step_of(of_input, Value("x", (op.weight.shape[0],), x))
        self.state = [
            (step_of(dense, Value("h", (op.units,), op.result)), dense.weight.shape[1])
            for dense in of_state
        ]
        self.merge = cache(self._merge)
        self.gate = cache(self._gate)
        self.activate = cache(self._activate)
        self.mixed = cache(self._mixed)

    def _merge(self, rows: int) -> Any:
        a = self.op.accum
        merge = Merge(name="add", result=a)
        return self._step_of(merge, Value("p", (rows,), a), Value("q", (rows,), a))

    def _gate(self, rows: int) -> Any:
        op = self.op
        gate = Activation(result=op.accum, name=op.recurrent_activation, table=op.recurrent_table)
        return self._step_of(gate, Value("x", (rows,), op.accum))

    def _activate(self, rows: int, source: Format, result: Format) -> Any:
        activation = Activation(result=result, name=self.op.activation, table=self.op.table)
        return self._step_of(activation, Value("x", (rows,), source))

    def _mixed(self, result: Format, *pairs: tuple[Format, Format]) -> tuple[list[int], Any]:
        from ..engine.epilogue import Epilogue

        products = [growth.multiply(x, y) for x, y in pairs]
        whole = products[0]
        for product in products[1:]:
            whole = growth.add(whole, product)
        cast = Epilogue().cast(whole, result)
        if whole.width > NARROW_WIDTH or not cast.common:
            raise _TooWide
        return [whole.frac - product.frac for product in products], cast.numbers()


@lru_cache(maxsize=64)
def _parts(op: Recurrent, x: Format) -> _Parts:
    return _Parts(op, x)


@kernel
def _mix_rows(x, y, x_lift, v, w, v_lift, two, stages, out):  # type: ignore[no-untyped-def]
    # stages((x * y << x_lift) + (v * w << v_lift)), the second product where there are two
    n = x.shape[1]
    wide = np.empty((2, n), dtype=np.int64)
    for j in range(x.shape[0]):
        a, b, out_row = x[j], y[j], out[j]
        row, other = wide[0], wide[1]
        for k in range(n):
            row[k] = (np.int64(a[k]) * np.int64(b[k])) << x_lift
        if two:
            c, d = v[j], w[j]
            for k in range(n):
                row[k] += (np.int64(c[k]) * np.int64(d[k])) << v_lift
        for s in range(stages.shape[0]):
            stage_row(row, other, stages[s])
            row, other = other, row
        for k in range(n):
            out_row[k] = row[k]
