"""Recurrent layers: one row of ``CELLS`` each, with its formula and both meanings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from fxp import Format, cast, growth

from ..exact import aligned, floor_multiple, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value, storage
from .activation import Activation
from .dense import Dense

__all__ = ["CELLS", "SPANS", "Cell", "Recurrent"]

SPANS = {"relu": 0, "tanh": 8, "sigmoid": 16}
"""The activations a cell may have, and the input range that each table covers; relu has none."""

State = tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """One kind of cell: formula, numbers of gates and states, its meanings on raw and real."""

    formula: str
    gates: int
    states: int
    step: Callable[[_Machine, Raw, State], State]
    reference: Callable[[Recurrent, Real, tuple[Real, ...]], tuple[Real, ...]]
    products: int = 0
    """Multiplications of a unit beside the two matrix products."""
    recurrent_activation: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Recurrent(Op):
    """``h[t] = cell(x[t], h[t-1])`` for every time step; ``CELLS[cell].formula`` states the cell.

    Inputs: x (steps, n_in); with ``initial_state`` also h[-1] and, for lstm, c[-1], each (units,)
    and cast to ``result`` once; otherwise they are 0. Output: the last h (units,), or with
    ``return_sequences`` all of them (steps, units). States are kept in ``result``.
    p = x[t] @ weight + bias and q = h[t-1] @ recurrent_weight + recurrent_bias are summed as by
    ``Dense`` with result ``accum`` (A below), in the order that ``interleave`` and
    ``recurrent_interleave`` say. a is ``activation``, s is ``recurrent_activation``; both give A.
    weight: (n_in, gates * units), gates in Keras's order; other orders are a permutation of
    columns, which changes no bit. go_backwards: the last x first. aligned: y[t] stands where x[t]
    stood, not where it was computed.
    Source: hls4ml's nnet_recurrent.h, ``lstm_static`` and ``gru_static``; whether a state is static
    changes no bit.
    """

    header: ClassVar[str] = "recurrent"
    cell: str
    weight: Constant
    recurrent_weight: Constant
    bias: Constant
    recurrent_bias: Constant
    accum: Format
    activation: str
    recurrent_activation: str = "sigmoid"
    table: Table | None = None
    recurrent_table: Table | None = None
    interleave: int = 1
    recurrent_interleave: int = 1
    return_sequences: bool = False
    go_backwards: bool = False
    aligned: bool = False
    initial_state: bool = False

    @property
    def row(self) -> Cell:
        """The row of CELLS."""
        return CELLS[self.cell]

    @property
    def arity(self) -> int:  # type: ignore[override]
        """x, and the states where they are given."""
        return 1 + self.row.states * self.initial_state

    @property
    def function(self) -> str:
        return self.cell + "_from_state" * self.initial_state

    @property
    def units(self) -> int:
        """Elements of a state."""
        return self.recurrent_weight.shape[0]

    def shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], self.units) if self.return_sequences else (self.units,)

    def check(self, *inputs: Value) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {self.cell!r}")
        if len(inputs[0].shape) != 2 or inputs[0].shape[1] != self.weight.shape[0]:
            raise ValueError(
                f"input of a recurrent layer must have shape (steps, {self.weight.shape[0]}),"
                f" not {inputs[0].shape!r}"
            )
        columns = self.row.gates * self.units
        wanted = {
            "weight": (inputs[0].shape[1], columns),
            "recurrent_weight": (self.units, columns),
            "bias": (columns,),
            "recurrent_bias": (columns,),
        }
        for name, shape in wanted.items():
            if (seen := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} of {self.cell} must have shape {shape!r}, not {seen!r}")
        for state in inputs[1:]:
            if state.shape != (self.units,):
                raise ValueError(f"state must have shape ({self.units},), not {state.shape!r}")
        self._check_activation("activation", self.activation, self.table)
        if self.row.recurrent_activation:
            self._check_activation(
                "recurrent_activation", self.recurrent_activation, self.recurrent_table
            )
        of_input, of_state = self.matrices()
        of_input.check(Value("x", inputs[0].shape[1:], inputs[0].format))
        for dense in of_state:
            dense.check(Value("state", (self.units,), self.result))

    def _check_activation(self, what: str, name: str, table: Table | None) -> None:
        if name not in SPANS:
            raise ValueError(f"{what} must be one of {', '.join(SPANS)}, not {name!r}")
        if (table is not None) != (SPANS[name] > 0):
            raise ValueError(f"{what} {name} must have {'a' if SPANS[name] else 'no'} table")

    def matrices(self) -> tuple[Dense, tuple[Dense, ...]]:
        """The matrix product of the input, and those of the state, as operators."""
        of_input = Dense(
            result=self.accum,
            weight=self.weight,
            bias=self.bias,
            accum=self.accum,
            interleave=self.interleave,
        )
        # A gru that resets before the product needs the candidate's columns apart.
        columns = self.row.gates * self.units
        cuts = (0, 2 * self.units, columns) if self.cell == "gru_reset_before" else (0, columns)
        of_state = tuple(
            Dense(
                result=self.accum,
                weight=_columns(self.recurrent_weight, first, last),
                bias=_columns(self.recurrent_bias, first, last),
                accum=self.accum,
                interleave=self.recurrent_interleave,
            )
            for first, last in pairwise(cuts)
        )
        return of_input, of_state

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, steps = inputs[0], values[0].shape[0]
        dtype = storage(self.result)
        zero = np.zeros((len(x), self.units), dtype=dtype)
        state: State = (zero,) * self.row.states
        if self.initial_state:
            state = tuple(
                cast(raw, value.format, self.result)
                for raw, value in zip(inputs[1:], values[1:], strict=True)
            )
        out = np.empty((len(x), *self.shape(values[0].shape)), dtype=dtype)
        machine = _Machine(self)
        for step in range(steps):
            position = steps - 1 - step if self.go_backwards else step
            now = np.ascontiguousarray(x[:, position])
            p = _dense(machine.input, now, values[0].format)
            state = self.row.step(machine, p, state)
            if self.return_sequences:
                out[:, position if self.aligned else step] = state[0]
        if not self.return_sequences:
            out[...] = state[0]
        return out

    def block(self, *inputs: Value) -> Callable[..., None] | None:
        from .recurrent_block import block

        return block(self, inputs)

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0][:, ::-1] if self.go_backwards else inputs[0]
        zero = np.zeros((len(x), self.units))
        state = tuple(inputs[1:]) if self.initial_state else (zero,) * self.row.states
        found = []
        for step in range(x.shape[1]):
            p = x[:, step] @ self.weight.value + self.bias.value
            state = self.row.reference(self, p, state)
            found.append(state[0])
        if not self.return_sequences:
            return found[-1]
        return np.stack(found[::-1] if self.go_backwards and self.aligned else found, axis=1)

    def multiplications(self, *shapes: Shape) -> int:
        matrices = self.weight.raw.size + self.recurrent_weight.raw.size
        return shapes[0][0] * (matrices + self.row.products * self.units)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        fields: dict[str, Field] = {
            "n_steps": inputs[0].shape[0],
            "n_in": inputs[0].shape[1],
            "n_units": self.units,
            "interleave": self.interleave,
            "recurrent_interleave": self.recurrent_interleave,
            "return_sequences": int(self.return_sequences),
            "go_backwards": int(self.go_backwards),
            "aligned": int(self.aligned),
            "activation_span": SPANS[self.activation],
            "recurrent_activation_span": SPANS[self.recurrent_activation],
            "accum": self.accum,
        }
        for name in ("weight", "recurrent_weight", "bias", "recurrent_bias"):
            fields[name] = getattr(self, name)
        for name in ("table", "recurrent_table"):
            if (table := getattr(self, name)) is not None:
                fields |= {f"{name}_size": table.size, name: table}
        return fields


# ---- the operators that a cell is made of ------------------------------------------------------


class _Machine:
    """The matrix products and activations of a layer, as operators."""

    def __init__(self, op: Recurrent) -> None:
        self.op = op
        self.input, self.state = op.matrices()

    def product(self, h: Raw, part: int = 0) -> Raw:
        """``h @ recurrent_weight + recurrent_bias`` in A."""
        return _dense(self.state[part], h, self.op.result)

    def total(self, p: Raw, q: Raw) -> Raw:
        """``A(p + q)``."""
        wide = growth.add(self.op.accum, self.op.accum)
        return cast(roomy(p, wide.width) + q, wide, self.op.accum)  # type: ignore[no-any-return]

    def gate(self, x: Raw) -> Raw:
        """``s(x)`` from A to A."""
        op = self.op
        return _activate(op.recurrent_activation, op.recurrent_table, x, op.accum, op.accum)

    def activate(self, x: Raw, source: Format, result: Format) -> Raw:
        """``a(x)``."""
        return _activate(self.op.activation, self.op.table, x, source, result)

    def part(self, x: Raw, first: int, last: int) -> Raw:
        """Elements ``first`` to ``last - 1`` of each vector."""
        return x[:, first:last]

    def moved(self, x: Raw, source: Format, target: Format) -> Raw:
        """The same values in the finer units of ``target``."""
        return aligned(x, source, target)  # type: ignore[no-any-return]

    def mixed(self, result: Format, *terms: tuple[Raw, Format, Raw, Format]) -> Raw:
        """``result(x * y + ...)``: exact products and sum, one cast."""
        whole, formats = _sum_format(terms)
        total: Any = 0
        for (x, _, y, _), format in zip(terms, formats, strict=True):
            total = total + aligned(roomy(x, whole.width) * y, format, whole)
        return cast(total, whole, result)  # type: ignore[no-any-return]


def _columns(constant: Constant, first: int, last: int) -> Constant:
    part = (..., slice(first, last))
    return Constant(constant.raw[part], constant.format, constant.value[part])


def _dense(op: Dense, x: Raw, format: Format) -> Raw:
    return op.evaluate(x, values=(Value("x", x.shape[1:], format),))


def _activate(name: str, table: Table | None, x: Raw, source: Format, result: Format) -> Raw:
    op = Activation(result=result, name=name, table=table)
    x = np.ascontiguousarray(x)
    return op.evaluate(x, values=(Value("x", x.shape[1:], source),))


def _sum_format(terms: Sequence[tuple[Raw, Format, Raw, Format]]) -> tuple[Format, list[Format]]:
    """The exact format of ``x * y + ...``, and those of its products."""
    formats = [growth.multiply(x, y) for _, x, _, y in terms]
    return reduce(growth.add, formats), formats


# ---- meanings on raw integers ------------------------------------------------------------------


def _lstm(machine: _Machine, p: Raw, state: State) -> State:
    h, c = state
    n, a, r, part = machine.op.units, machine.op.accum, machine.op.result, machine.part
    total = machine.total(p, machine.product(h))
    i_f, o = machine.gate(part(total, 0, 2 * n)), machine.gate(part(total, 3 * n, 4 * n))
    g = machine.activate(part(total, 2 * n, 3 * n), a, a)
    c = machine.mixed(r, (g, a, part(i_f, 0, n), a), (c, r, part(i_f, n, 2 * n), a))
    return machine.mixed(r, (o, a, machine.activate(c, r, a), a)), c


def _blend(machine: _Machine, g: Raw, z: Raw, h: Raw) -> Raw:
    """``R(g * (1 - z) + h * z)``, exact but for the cast."""
    a, r = machine.op.accum, machine.op.result
    one = Format(2, 2)
    rest = growth.subtract(one, a)
    left = floor_multiple(1, 0, rest.frac) - machine.moved(z, a, rest)
    return machine.mixed(r, (g, a, left, rest), (h, r, z, a))


def _gru(machine: _Machine, p: Raw, state: State) -> State:
    (h,) = state
    n, a, part = machine.op.units, machine.op.accum, machine.part
    q = machine.product(h)
    z_r = machine.gate(machine.total(part(p, 0, 2 * n), part(q, 0, 2 * n)))
    t = machine.mixed(a, (part(z_r, n, 2 * n), a, part(q, 2 * n, 3 * n), a))
    g = machine.activate(machine.total(part(p, 2 * n, 3 * n), t), a, a)
    return (_blend(machine, g, part(z_r, 0, n), h),)


def _gru_reset_before(machine: _Machine, p: Raw, state: State) -> State:
    (h,) = state
    n, a, r, part = machine.op.units, machine.op.accum, machine.op.result, machine.part
    z_r = machine.gate(machine.total(part(p, 0, 2 * n), machine.product(h)))
    kept = machine.mixed(r, (part(z_r, n, 2 * n), a, h, r))
    q = machine.product(kept, 1)
    g = machine.activate(machine.total(part(p, 2 * n, 3 * n), q), a, a)
    return (_blend(machine, g, part(z_r, 0, n), h),)


def _simple_rnn(machine: _Machine, p: Raw, state: State) -> State:
    (h,) = state
    total = machine.total(p, machine.product(h))
    return (machine.activate(total, machine.op.accum, machine.op.result),)


# ---- meanings on reals -------------------------------------------------------------------------

_REAL: dict[str, Callable[[Real], Real]] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(0.5 * x)),
}


def _recurrent_real(op: Recurrent, h: Real, first: int = 0, last: int | None = None) -> Real:
    return h @ op.recurrent_weight.value[:, first:last] + op.recurrent_bias.value[first:last]


def _lstm_real(op: Recurrent, p: Real, state: tuple[Real, ...]) -> tuple[Real, ...]:
    a, s = _REAL[op.activation], _REAL[op.recurrent_activation]
    h, c = state
    i, f, g, o = np.split(p + _recurrent_real(op, h), 4, axis=1)
    c = a(g) * s(i) + c * s(f)
    return s(o) * a(c), c


def _gru_real(op: Recurrent, p: Real, state: tuple[Real, ...]) -> tuple[Real, ...]:
    a, s = _REAL[op.activation], _REAL[op.recurrent_activation]
    (h,), n = state, op.units
    q = _recurrent_real(op, h)
    z, r = s(p[:, :n] + q[:, :n]), s(p[:, n : 2 * n] + q[:, n : 2 * n])
    if op.cell == "gru_reset_before":
        candidate = _recurrent_real(op, r * h, 2 * n)
    else:
        candidate = r * q[:, 2 * n :]
    return (a(p[:, 2 * n :] + candidate) * (1 - z) + h * z,)


def _simple_rnn_real(op: Recurrent, p: Real, state: tuple[Real, ...]) -> tuple[Real, ...]:
    return (_REAL[op.activation](p + _recurrent_real(op, state[0])),)


CELLS: dict[str, Cell] = {
    "lstm": Cell(
        "i, f, g, o = A(p + q); c' = cast(a(g) * s(i) + c * s(f)); h' = cast(s(o) * a(c'))",
        gates=4,
        states=2,
        step=_lstm,
        reference=_lstm_real,
        products=3,
    ),
    "gru": Cell(
        "z, r = s(A(p + q)); g = a(A(p + A(r * q))); h' = cast(g * (1 - z) + h * z)",
        gates=3,
        states=1,
        step=_gru,
        reference=_gru_real,
        products=3,
    ),
    "gru_reset_before": Cell(
        "z, r = s(A(p + q)); g = a(A(p + q of cast(r * h))); h' = cast(g * (1 - z) + h * z)",
        gates=3,
        states=1,
        step=_gru_reset_before,
        reference=_gru_real,
        products=3,
    ),
    "simple_rnn": Cell(
        "h' = cast(a(A(p + q))), the table's entry cast once",
        gates=1,
        states=1,
        step=_simple_rnn,
        reference=_simple_rnn_real,
        recurrent_activation=False,
    ),
}
