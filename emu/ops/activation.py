"""Elementwise activations: one row each of ``FUNCTIONS``, with its formula and both meanings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fxp import Format, cast, from_fraction, growth

from ..exact import aligned, floor_multiple, int32, int_steps, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value

__all__ = ["FUNCTIONS", "Activation", "Function"]


@dataclass(frozen=True)
class Function:
    """One activation: formula, what it needs, its meaning on raw integers and on reals."""

    formula: str
    raw: Callable[[Activation, Raw, Format], Raw]
    reference: Callable[..., Real]
    parameters: tuple[str, ...] = ()
    table: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Op):
    """``y = f(x)`` elementwise; ``FUNCTIONS[name].formula`` states f bit for bit.

    name: a row of FUNCTIONS. parameters: one Constant per name in the row, scalar or one value per
    element. table: for the functions that look up. One cast to ``result``.
    Source: hls4ml's nnet_activation.h; the ``_stream`` rows its nnet_activation_stream.h.
    """

    header: ClassVar[str] = "activation"
    name: str
    parameters: tuple[Constant, ...] = ()
    table: Table | None = None

    @property
    def row(self) -> Function:
        """The row of FUNCTIONS."""
        return FUNCTIONS[self.name]

    @property
    def function(self) -> str:
        return self.name

    def check(self, *inputs: Value) -> None:
        if self.name not in FUNCTIONS:
            raise ValueError(f"activation must be one of {', '.join(FUNCTIONS)}, not {self.name!r}")
        if len(self.parameters) != len(self.row.parameters):
            raise ValueError(
                f"{self.name} must have parameters {self.row.parameters!r},"
                f" not {len(self.parameters)} values"
            )
        if (self.table is not None) != self.row.table:
            raise ValueError(f"{self.name} must have {'a' if self.row.table else 'no'} table")
        for name, constant in zip(self.row.parameters, self.parameters, strict=True):
            if constant.raw.size not in (1, inputs[0].size):
                raise ValueError(
                    f"{name} must have 1 or {inputs[0].size} values, not {constant.raw.size}"
                )
            growth.multiply(inputs[0].format, constant.format)  # raises where no format is so wide

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        found = self.row.raw(self, inputs[0], values[0].format)
        return roomy(found, self.result.width)  # type: ignore[no-any-return]

    @property
    def pointwise(self) -> bool:
        return all(constant.raw.size == 1 for constant in self.parameters) or self.name in (
            "thresholded_relu",
            "elu",
        )

    def clip(self, x: Format) -> tuple[int | None, int | None] | None:
        if self.name in ("linear", "relu"):
            return (None if self.name == "linear" else 0), None
        return None

    def reference(self, *inputs: Real) -> Real:
        return self.row.reference(inputs[0], *(constant.value for constant in self.parameters))

    def multiplications(self, *shapes: Shape) -> int:
        return int(np.prod(shapes[0])) if self.parameters else 0

    def constants(self) -> dict[str, Constant]:
        return dict(zip(self.row.parameters, self.parameters, strict=True))

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        fields: dict[str, Field] = {"n_in": inputs[0].size}
        fields |= self.constants()
        if self.table is not None:
            fields |= {"table_size": self.table.size, "table": self.table}
        return fields


_SPANS = {
    "sigmoid": 16,
    "tanh": 8,
    "softplus": 16,
    "softsign": 16,
    "elu": 8,
    "selu": 8,
    "selu_stream": 8,
}
"""Width of the input range that each table covers."""


# ---- shared steps ----------------------------------------------------------------------------


def _integer(op: Activation, value: int) -> int:
    """``cast(value)`` of a C integer."""
    return from_fraction(value, op.result)


def _scaled(op: Activation, x: Raw, f: Format, factor: Constant) -> Raw:
    """``cast(factor * x)``: exact product, one cast."""
    product = growth.multiply(factor.format, f)
    raw = factor.raw if factor.raw.size == 1 else factor.raw.reshape(x.shape[1:])
    return cast(roomy(x, product.width) * raw, product, op.result)  # type: ignore[no-any-return]


def _above(x: Raw, f: Format, limit: Fraction | int) -> npt.NDArray[np.bool_]:
    """``x > limit`` exactly, any signs and widths."""
    return x > floor_multiple(Fraction(limit).numerator, 0, f.frac) // Fraction(limit).denominator


# ---- meanings on raw integers ----------------------------------------------------------------


def _linear(op: Activation, x: Raw, f: Format) -> Raw:
    return cast(x, f, op.result)  # type: ignore[no-any-return]


def _relu(op: Activation, x: Raw, f: Format) -> Raw:
    return cast(np.maximum(x, 0), f, op.result)  # type: ignore[no-any-return]


def _relu_max(limit: int) -> Callable[[Activation, Raw, Format], Raw]:
    def raw(op: Activation, x: Raw, f: Format) -> Raw:
        kept = cast(np.maximum(x, 0), f, op.result)
        return np.where(_above(x, f, limit), _integer(op, limit), kept)

    return raw


def _leaky_relu(op: Activation, x: Raw, f: Format) -> Raw:
    return np.where(x > 0, cast(x, f, op.result), _scaled(op, x, f, op.parameters[0]))


def _thresholded_relu(op: Activation, x: Raw, f: Format) -> Raw:
    theta = op.parameters[0]
    limit = int(theta.raw.reshape(-1)[0]) * theta.format.lsb
    return np.where(_above(x, f, limit), cast(x, f, op.result), 0)


def _bounded_relu(op: Activation, x: Raw, f: Format) -> Raw:
    slope, theta, limit = op.parameters
    apart = growth.subtract(f, theta.format)
    full = growth.multiply(slope.format, apart)
    bound, least = (int(constant.raw.reshape(-1)[0]) for constant in (limit, theta))
    most = cast(np.array([bound]), limit.format, op.result)[0]
    above = np.where(_above(x, f, bound * limit.format.lsb), most, cast(x, f, op.result))
    moved = aligned(roomy(x, full.width), f, apart) - aligned(
        roomy(least, full.width), theta.format, apart
    )
    below = cast(moved * slope.raw.reshape(-1)[0], full, op.result)
    found: Raw = np.where(_above(x, f, least * theta.format.lsb), above, below)
    return found


def _elu_product(op: Activation) -> Format:
    assert op.table is not None
    return growth.multiply(op.parameters[0].format, op.table.format)


def _elu(op: Activation, x: Raw, f: Format) -> Raw:
    assert op.table is not None
    alpha = op.parameters[0]
    # hls4ml compares with the unsigned table size: a wrapped index counts as beyond the end.
    index = _negative_index(op, x, f, op.table.size - 1)
    product = growth.multiply(alpha.format, op.table.format)
    entries = roomy(op.table.raw, product.width) * alpha.raw.reshape(-1)[0]
    below: Raw = cast(entries, product, op.result)[index]
    return np.where(x >= 0, cast(x, f, op.result), below)


def _negative_index(op: Activation, x: Raw, f: Format, wrapped: int) -> Raw:
    """``int(-x * N / 8)`` clamped to the table; beyond 32 bits and below 0: ``wrapped``."""
    assert op.table is not None
    index = int_steps(-x, f, op.table.size, _SPANS[op.name])
    return np.where(index < 0, wrapped, np.minimum(index, op.table.size - 1))


def _selu(stream: bool) -> Callable[[Activation, Raw, Format], Raw]:
    def raw(op: Activation, x: Raw, f: Format) -> Raw:
        assert op.table is not None
        index = _negative_index(op, x, f, op.table.size - 1 if stream else 0)
        below = cast(op.table.raw, op.table.format, op.result)[index]
        return np.where(x >= 0, _scaled(op, x, f, op.parameters[0]), below)

    return raw


def _centred(op: Activation, x: Raw, f: Format) -> Raw:
    assert op.table is not None
    size = op.table.size
    index = int32(int_steps(x, f, size, _SPANS[op.name]) + size // 2)
    return cast(op.table.raw, op.table.format, op.result)[np.clip(index, 0, size - 1)]  # type: ignore[no-any-return]


def _hard_format(op: Activation, f: Format) -> Format:
    slope, shift = op.parameters
    return growth.add(growth.multiply(slope.format, f), shift.format)


def _hard_tanh_format(op: Activation, f: Format) -> Format:
    frac = max(_hard_format(op, f).frac, 0)
    return Format(frac + 2, 2)


def _clipped(op: Activation, x: Raw, f: Format) -> tuple[Raw, Format]:
    """``min(max(slope * x + shift, 0), 1)``, exact."""
    slope, shift = op.parameters
    full = _hard_format(op, f)
    product = roomy(x, full.width) * slope.raw
    line = aligned(product, growth.multiply(slope.format, f), full)
    line = line + aligned(shift.raw, shift.format, full)
    # Where the LSB is above 1, hls4ml's assignment of 1 to the expression's own type gives 0.
    one = floor_multiple(1, 0, full.frac)
    return np.clip(line, 0, min(one, full.raw_max)), full


def _hard_sigmoid(op: Activation, x: Raw, f: Format) -> Raw:
    clipped, full = _clipped(op, x, f)
    return cast(clipped, full, op.result)  # type: ignore[no-any-return]


def _hard_tanh(op: Activation, x: Raw, f: Format) -> Raw:
    clipped, _ = _clipped(op, x, f)
    wide = _hard_tanh_format(op, f)
    return cast(2 * clipped - (1 << wide.frac), wide, op.result)  # type: ignore[no-any-return]


def _binary_tanh(op: Activation, x: Raw, f: Format) -> Raw:
    one_bit = op.result.is_integer and op.result.width == 1 and not op.result.signed
    low = 0 if one_bit else _integer(op, -1)
    return np.where(x >= 0, _integer(op, 1), low)


def _ternary(op: Activation, x: Raw, f: Format) -> Raw:
    one = np.where(_above(x, f, 1), _integer(op, 1), 0)
    return np.where(_above(x, f, -1), one, _integer(op, -1))


def _ternary_tanh(op: Activation, x: Raw, f: Format) -> Raw:
    wide = Format(f.width + 1, f.integer + 1, f.signed)
    return _ternary(op, cast(2 * roomy(x, wide.width), wide, f), f)


# ---- meanings on reals -----------------------------------------------------------------------


def _elu_real(x: Real, alpha: Any) -> Real:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu_real(x: Real, scale: Real) -> Real:
    return 1.0507009873554805 * _elu_real(x, 1.6732632423543772)


def _sigmoid_real(x: Real) -> Real:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _ternary_real(x: Real) -> Real:
    return np.where(x > 0.5, 1.0, np.where(x > -0.5, 0.0, -1.0))


def _hard_real(x: Real, slope: Real, shift: Real) -> Real:
    return np.clip(slope * x + shift, 0, 1)


FUNCTIONS: dict[str, Function] = {
    "linear": Function("cast(x)", _linear, lambda x: x),
    "relu": Function("x > 0 ? cast(x) : 0", _relu, lambda x: np.maximum(x, 0)),
    "relu1": Function(
        "x < 0 ? 0 : x > 1 ? cast(1) : cast(x)", _relu_max(1), lambda x: np.clip(x, 0, 1)
    ),
    "relu6": Function(
        "x < 0 ? 0 : x > 6 ? cast(6) : cast(x)", _relu_max(6), lambda x: np.clip(x, 0, 6)
    ),
    "leaky_relu": Function(
        "x > 0 ? cast(x) : cast(alpha * x)",
        _leaky_relu,
        lambda x, alpha: np.where(x > 0, x, alpha * x),
        ("alpha",),
    ),
    "prelu": Function(
        "x > 0 ? cast(x) : cast(alpha[i] * x)",
        _leaky_relu,
        lambda x, alpha: np.where(x > 0, x, alpha.reshape(x.shape[1:]) * x),
        ("alpha",),
    ),
    "thresholded_relu": Function(
        "x > theta ? cast(x) : 0",
        _thresholded_relu,
        lambda x, theta: np.where(x > theta, x, 0),
        ("theta",),
    ),
    "elu": Function(
        "x >= 0 ? cast(x) : cast(alpha * table[min(int(-x * N / 8), N - 1)])",
        _elu,
        _elu_real,
        ("alpha",),
        table=True,
    ),
    "selu": Function(
        "x >= 0 ? cast(scale * x) : cast(table[min(int(-x * N / 8), N - 1)])",
        _selu(stream=False),
        _selu_real,
        ("scale",),
        table=True,
    ),
    "selu_stream": Function(
        "selu with an int(-x * N / 8) beyond 32 bits read at N - 1; scale has the input's format",
        _selu(stream=True),
        _selu_real,
        ("scale",),
        table=True,
    ),
    "sigmoid": Function(
        "cast(table[clamp(int(x * N / 16) + N / 2)])",
        _centred,
        _sigmoid_real,
        table=True,
    ),
    "tanh": Function(
        "cast(table[clamp(int(x * N / 8) + N / 2)])",
        _centred,
        np.tanh,
        table=True,
    ),
    "softplus": Function(
        "cast(table[clamp(int(x * N / 16) + N / 2)])",
        _centred,
        lambda x: np.logaddexp(x, 0),
        table=True,
    ),
    "softsign": Function(
        "cast(table[clamp(int(x * N / 16) + N / 2)])",
        _centred,
        lambda x: x / (1 + np.abs(x)),
        table=True,
    ),
    "hard_sigmoid": Function(
        "cast(min(max(slope * x + shift, 0), 1))",
        _hard_sigmoid,
        _hard_real,
        ("slope", "shift"),
    ),
    "hard_tanh": Function(
        "cast(2 * min(max(slope * x + shift, 0), 1) - 1)",
        _hard_tanh,
        lambda x, slope, shift: 2 * _hard_real(x, slope, shift) - 1,
        ("slope", "shift"),
    ),
    "binary_tanh": Function(
        "x >= 0 ? cast(1) : cast(-1), or 1 and 0 where the result is uint<1>",
        _binary_tanh,
        lambda x: np.where(x >= 0, 1.0, -1.0),
    ),
    "ternary_tanh": Function(
        "d = input_format(2 * x); d > 1 ? cast(1) : d > -1 ? 0 : cast(-1)",
        _ternary_tanh,
        _ternary_real,
    ),
    "ternary_tanh_stream": Function(
        "x > 1 ? cast(1) : x > -1 ? 0 : cast(-1); hls4ml's io_stream kernel does not double x",
        _ternary,
        _ternary_real,
    ),
    "bounded_relu": Function(
        "x > theta ? cast(x > limit ? limit : x) : cast(slope * (x - theta))",
        _bounded_relu,
        lambda x, slope, theta, limit: np.where(
            x > theta, np.minimum(x, limit), slope * (x - theta)
        ),
        ("slope", "theta", "limit"),
    ),
}
"""Every activation, by its hls4ml name; that of bounded_relu, Keras's ReLU, is ours."""
