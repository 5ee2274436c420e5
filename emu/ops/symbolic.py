"""Symbolic expressions: arithmetic on the elements of a vector, and functions by look-up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from fxp import Format, FxArray, cast, growth

from ..exact import int_steps
from ..expression import Expressions, fold
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value
from ..tables import LIBM, libm

__all__ = ["Symbolic"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class Symbolic(Op):
    """``y[i] = cast(expressions[i])``, every operation in the exact type that ap_fixed gives it.

    expressions: text over the elements x0, x1 ... of the input (n,) and c0, c1 ... of
    ``coefficients``, with ``+ - * /``, minus, parentheses and calls of ``look_ups``. Sums and
    products are exact; ``a / b`` truncates toward zero (``fxp.growth.divide``) and is 0 where b is.
    ``f(a) = samples[clamp(int((T(a) - start) * scale))]``, T the format of ``samples`` and
    ``starts``, which have one element for each look-up, as ``scales`` and ``functions`` have: what
    is sampled, a name of ``emu.tables.LIBM``. int truncates toward zero and keeps 32 bits.
    Raises ValueError for other text, and FormatError where a type exceeds 1024 bits.
    Source: hls4ml's expr_templates.py, and nnet_types.h, ``lookup_table``.
    """

    header: ClassVar[str] = "symbolic"
    expressions: tuple[str, ...]
    coefficients: Constant | None = None
    look_ups: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    samples: tuple[Table, ...] = ()
    starts: Constant | None = None
    scales: Constant | None = None

    def shape(self, *shapes: Shape) -> Shape:
        return (len(self.expressions),)

    def check(self, *inputs: Value) -> None:
        if len(inputs[0].shape) != 1:
            raise ValueError(f"input of expressions must be a vector, not {inputs[0].shape}")
        if not self.expressions:
            raise ValueError("expressions must be at least one, not ()")
        self._check_look_ups()
        for text in self.expressions:
            fold(text, _Formats(self, inputs[0]))

    def _check_look_ups(self) -> None:
        count = len(self.look_ups)
        given = [len(self.functions), len(self.samples)]
        given += [item.raw.size if item is not None else 0 for item in (self.starts, self.scales)]
        if given != [count] * 4:
            raise ValueError(
                f"functions, samples, starts and scales must be {count} each, one a look-up, not"
                f" {given}"
            )
        for name, function, table in zip(self.look_ups, self.functions, self.samples, strict=True):
            if not name.isidentifier() or re.fullmatch(r"[xc]\d+", name):
                raise ValueError(f"look-ups must have names of their own, not {name!r}")
            if function not in LIBM:
                raise ValueError(f"functions must be of {', '.join(LIBM)}, not {function!r}")
            if table.format != self._argument:
                raise ValueError(
                    f"samples of {name} must have the format of starts, {self._argument}, not"
                    f" {table.format}"
                )

    @property
    def _argument(self) -> Format:
        """The type T of a look-up's argument and samples."""
        assert self.starts is not None
        return self.starts.format

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        meaning = _Numbers(self, inputs[0], values[0].format)
        found = []
        for text in self.expressions:
            y = fold(text, meaning)
            raw = cast(y.raw, y.format, self.result)
            found.append(np.broadcast_to(raw.reshape(-1), (len(inputs[0]),)))
        return np.stack(found, axis=1)

    def addresses(self, *inputs: Value) -> tuple[Format, ...]:
        return tuple(item.format for item in (self.starts, self.scales) if item is not None)

    def reference(self, *inputs: Real) -> Real:
        meaning = _Reals(self, inputs[0])
        ones = np.ones(len(inputs[0]))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([fold(text, meaning) * ones for text in self.expressions], axis=1)

    def multiplications(self, *shapes: Shape) -> int:
        return sum(text.count("*") for text in self.expressions)

    def constants(self) -> dict[str, Constant]:
        found = {name: getattr(self, name) for name in ("coefficients", "starts", "scales")}
        return {name: item for name, item in found.items() if item is not None}

    def tables(self) -> dict[str, Table]:
        return {f"samples_{k}": table for k, table in enumerate(self.samples)}

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        fields: dict[str, Field] = {"n_in": inputs[0].size, "n_out": len(self.expressions)}
        fields |= self.constants()
        for name, table in self.tables().items():
            fields |= {f"{name}_size": table.size, name: table}
        return fields | {"expressions": Expressions(self.expressions, self.look_ups)}


# ---- what the parts of an expression are -------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """What every meaning refuses, and how it finds a variable's and a look-up's number."""

    op: Symbolic
    x: Any

    def place(self, name: str, x_size: int) -> tuple[str, int]:
        """``("x" or "c", its number)``."""
        op = self.op
        sizes = {"x": x_size, "c": op.coefficients.raw.size if op.coefficients else 0}
        found = re.fullmatch(r"([xc])(0|[1-9]\d*)", name)
        if found is None or int(found[2]) >= sizes[found[1]]:
            known = " and ".join(f"{kind}0 to {kind}{n - 1}" for kind, n in sizes.items() if n)
            raise ValueError(f"expression must be of {known}, not {name!r}")
        return found[1], int(found[2])

    def look_up(self, function: str) -> int:
        """The number of a look-up."""
        if function not in self.op.look_ups:
            known = ", ".join(self.op.look_ups) or "none"
            raise ValueError(f"functions of an expression must be look-ups ({known}): {function!r}")
        return self.op.look_ups.index(function)

    def number(self, text: str) -> Any:
        """Refused: a number has a format only among the coefficients."""
        raise ValueError(f"numbers of an expression must be coefficients c0, c1 ..., not {text}")

    def power(self) -> ValueError:
        """Refused: products say in which types they are."""
        return ValueError("powers in an expression must be written as products, not with **")


class _Formats(_Parts):
    """The exact format of every part; ``x`` is the input's Value."""

    def name(self, name: str) -> Format:
        kind, _ = self.place(name, self.x.size)
        if kind == "x":
            return self.x.format  # type: ignore[no-any-return]
        assert self.op.coefficients is not None
        return self.op.coefficients.format

    def call(self, function: str, argument: Format) -> Format:
        self.look_up(function)
        assert self.op.starts is not None and self.op.scales is not None
        apart = growth.subtract(self.op.starts.format, self.op.starts.format)
        growth.multiply(apart, self.op.scales.format)  # raises where no format is so wide
        return self.op.starts.format

    def negate(self, a: Format) -> Format:
        return growth.negate(a)

    def operate(self, symbol: str, a: Format, b: Format) -> Format:
        rules = {"+": growth.add, "-": growth.subtract, "*": growth.multiply, "/": growth.divide}
        if symbol not in rules:
            raise self.power()
        return rules[symbol](a, b)


@dataclass(frozen=True)
class _Numbers(_Parts):
    """Raw integers in their formats; ``x`` is the raw input (N, n)."""

    format: Format

    def name(self, name: str) -> FxArray:
        kind, at = self.place(name, self.x.shape[1])
        if kind == "x":
            return FxArray.from_raw(self.x[:, at], self.format)
        assert self.op.coefficients is not None
        return FxArray.from_raw(
            self.op.coefficients.raw.reshape(-1)[at : at + 1], self.op.coefficients.format
        )

    def call(self, function: str, argument: FxArray) -> FxArray:
        op, k = self.op, self.look_up(function)
        assert op.starts is not None and op.scales is not None
        start = FxArray.from_raw(op.starts.raw.reshape(-1)[k : k + 1], op.starts.format)
        scale = FxArray.from_raw(op.scales.raw.reshape(-1)[k : k + 1], op.scales.format)
        steps = (argument.cast(start.format) - start) * scale
        index = int_steps(steps.raw, steps.format, 1, 1)
        table = op.samples[k]
        return FxArray.from_raw(table.raw[np.clip(index, 0, table.size - 1)], table.format)

    def negate(self, a: FxArray) -> FxArray:
        return -a

    def operate(self, symbol: str, a: FxArray, b: FxArray) -> FxArray:
        if symbol == "/":
            zero = b.raw == 0
            found = a / FxArray.from_raw(np.where(zero, 1, b.raw), b.format)
            return FxArray.from_raw(np.where(zero, 0, found.raw), found.format)
        return _operated(symbol, a, b)


class _Reals(_Parts):
    """float64; ``x`` is the input (N, n)."""

    def name(self, name: str) -> Real:
        kind, at = self.place(name, self.x.shape[1])
        if kind == "x":
            return self.x[:, at]  # type: ignore[no-any-return]
        assert self.op.coefficients is not None
        return self.op.coefficients.value.reshape(-1)[at : at + 1]

    def call(self, function: str, argument: Real) -> Real:
        return libm(self.op.functions[self.look_up(function)], argument)

    def negate(self, a: Real) -> Real:
        return -a

    def operate(self, symbol: str, a: Real, b: Real) -> Real:
        return a / b if symbol == "/" else _operated(symbol, a, b)


def _operated(symbol: str, a: T, b: T) -> T:
    """``a symbol b`` of exact operators."""
    left: Any = a
    if symbol == "+":
        return left + b  # type: ignore[no-any-return]
    return left - b if symbol == "-" else left * b  # type: ignore[no-any-return]
