"""Symbolic expressions, as hls4ml's ``convert_from_symbolic_expression`` takes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from fxp import Format, FxArray, from_fraction

from ..expression import fold
from ..graph import Graph, Node
from ..op import Constant, Table, storage
from ..ops import Input, Symbolic
from ..tables import LIBM, libm_version, sampled_table
from .config import Config, ConfigError, parse_type

__all__ = ["symbolic"]

_MOST_BITS = 1000
_MOST_POWER = 64
_SCALE = Format(20, 16)
_COUNT = Format(16, 16, signed=False, family="ap_int")
_KEYS = ("math_func", "range_start", "range_end", "table_size")


def symbolic(
    expr: Any,
    *,
    n_symbols: int | None = None,
    lut_functions: Mapping[str, Mapping[str, Any]] | None = None,
    use_built_in_lut_functions: bool = False,
    precision: str | Format = "ap_fixed<16,6>",
    config: Mapping[str, Any] | None = None,
) -> Graph:
    """``y[i] = expr[i](x0, x1, ...)`` as hls4ml 1.3.0 writes it in C++, after sympy simplified it.

    expr: text such as ``"2.5*x0**2 + sin_lut(x1)/x2"``, a sympy expression, or a list of them; text
    is parsed, never executed. n_symbols: length of x, default the highest number plus 1.
    precision: of x, of every number in the expression, of look-ups and of y.
    lut_functions: ``{"sin_lut": {"math_func": "sin", "range_start": -4, "range_end": 4,
    "table_size": 512}}``; a function is looked up, because the vendor's own (hls::sin) has no free
    simulation. Samples are libm's in double precision, rounded once. config: top level keys of an
    hls4ml configuration, ProjectName and IOType for example.
    Raises ImportError without sympy (the ``symbolic`` extra), and ConfigError, a ValueError.
    Source: converters/__init__.py, expr_templates.py, nnet_types.h.

    >>> graph = symbolic("1.5*x0 - x1**2", precision="ap_fixed<16,6>")  # doctest: +SKIP
    >>> graph.predict([[2.0, 0.5]])  # doctest: +SKIP
    array([[2.75]])
    """
    if use_built_in_lut_functions:
        raise ConfigError(
            "use_built_in_lut_functions must be False: hls4ml's sines by octants are not written"
            " here; give lut_functions with the math_func sin and cos"
        )
    parsed = _config(config)
    format = _format(precision)
    look_ups = [_look_up(name, given, format) for name, given in (lut_functions or {}).items()]
    names = tuple(item.name for item in look_ups)
    numbers = _Numbers(format)
    expressions = tuple(_printed(text, names, numbers) for text in _simplified(expr, names))
    used = [item for item in look_ups if any(f"{item.name}(" in text for text in expressions)]
    op = Symbolic(
        result=format,
        expressions=expressions,
        coefficients=numbers.constant() if numbers.known else None,
        look_ups=tuple(item.name for item in used),
        functions=tuple(item.function for item in used),
        samples=tuple(item.samples for item in used),
        starts=_joined([item.start for item in used]),
        scales=_joined([item.scale for item in used]),
    )
    x = Node("x", Input(result=format, dimensions=(_length(expressions, n_symbols),)))
    notes = [*parsed.notes, *numbers.notes(), *(note for item in used for note in item.notes)]
    if any("/" in text for text in expressions):
        notes.append(
            "a quotient by 0 is 0 here, where hls4ml's C simulation stops; the quotients that AMD's"
            " C simulation gets wrong are exact: the most negative value by -1 LSB, some above 64"
            " bits, and integers of mixed signs"
        )
    return Graph((x, Node("expr1", op, ("x",))), ("expr1",), tuple(notes), dict(parsed.top))


def _config(config: Mapping[str, Any] | None) -> Config:
    if config is not None and "HLSConfig" in config:
        raise ConfigError("config must not have HLSConfig: precision and lut_functions are given")
    return Config.parse(config)


def _format(precision: str | Format) -> Format:
    found = parse_type(precision)
    if found is None or found.family not in ("ap", "ap_int"):
        raise ConfigError(f"precision must be an ap_ type, not {precision!r}")
    return found


def _length(expressions: Sequence[str], n_symbols: int | None) -> int:
    numbers = (int(n) for text in expressions for n in re.findall(r"\bx(\d+)\b", text))
    least = max(numbers, default=0) + 1
    if n_symbols is None:
        return least
    if isinstance(n_symbols, bool) or not isinstance(n_symbols, int) or n_symbols < least:
        raise ConfigError(f"n_symbols must be a whole number from {least} up, not {n_symbols!r}")
    return n_symbols


# ---- look-ups ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _LookUp:
    """A row of ``lut_functions`` as hls4ml's ``lookup_table`` makes it, for one type T."""

    name: str
    function: str
    samples: Table
    start: FxArray
    scale: FxArray
    notes: tuple[str, ...]


def _look_up(name: str, given: Mapping[str, Any], format: Format) -> _LookUp:
    """``step = T((end - start) / N)``, ``samples[i] = T(f(T(start + i * step)))``, ``scale``:
    ``ap_fixed<20,16>(N / T(end - start))``."""
    sympy = _sympy()
    if not re.fullmatch(r"[A-Za-z_]\w*", name) or re.fullmatch(r"[xc]\d+", name):
        raise ConfigError(f"lut_functions must have identifiers as names, not {name!r}")
    if hasattr(sympy, name):
        raise ConfigError(
            f"lut_functions must have names of their own, not sympy's {name!r}: hls4ml would call"
            f" the vendor's function; {name}_lut is one"
        )
    if sorted(given) != sorted(_KEYS):
        raise ConfigError(f"{name} must have {', '.join(_KEYS)}, not {', '.join(given)}")
    function, low, high, size = (given[key] for key in _KEYS)
    if function not in LIBM:
        raise ConfigError(f"math_func of {name} must be of {', '.join(LIBM)}, not {function!r}")
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size < 1 << _COUNT.width:
        raise ConfigError(f"table_size of {name} must be from 1 to 65535, not {size!r}")
    start, end = _bound(name, "range_start", low, format), _bound(name, "range_end", high, format)
    count = FxArray.from_raw([size], _COUNT)
    span = (end - start).cast(format)
    if low >= high or not span.raw[0]:
        raise ConfigError(
            f"range of {name} must have a length that {format} holds, not {low!r} to {high!r}"
        )
    step, scale = ((end - start) / count).cast(format), (count / span).cast(_SCALE)
    x = (start + FxArray.from_raw(np.arange(size), _COUNT) * step).cast(format)
    try:
        samples = sampled_table(function, x.to_float(), format)
    except ValueError as error:
        raise ConfigError(f"look-up {name}: {error}") from None
    notes = [
        f"look-up {name}: its samples are {function} of {libm_version()} in double precision,"
        f" rounded once to {format}; hls4ml takes the vendor's, which may differ in the last bits"
    ]
    length = Fraction(high) - Fraction(low)
    exact = {"step": (step, length / size), "scale": (scale, size / length)}
    notes += [
        f"look-up {name}: its {what} is {float(_value(found))!r} in {found.format}, not"
        f" {float(wanted)!r}, as in hls4ml: entries are read beside their place"
        for what, (found, wanted) in exact.items()
        if _value(found) != wanted
    ]
    return _LookUp(name, function, samples, start, scale, tuple(notes))


def _bound(name: str, key: str, value: Any, format: Format) -> FxArray:
    try:
        return FxArray.from_raw([from_fraction(Fraction(value), format)], format)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"{key} of {name} must be a finite number, not {value!r}") from None


def _value(x: FxArray) -> Fraction:
    return int(x.raw[0]) * x.format.lsb


def _joined(parts: Sequence[FxArray]) -> Constant | None:
    """One element of each part."""
    if not parts:
        return None
    raw = np.concatenate([part.raw for part in parts])
    return Constant(raw, parts[0].format, np.concatenate([part.to_float() for part in parts]))


# ---- sympy -------------------------------------------------------------------------------------


@cache
def _sympy() -> Any:
    try:
        import sympy
    except ImportError:
        raise ImportError(
            "emu.symbolic needs sympy, which simplifies expressions before hls4ml writes them:"
            " pip install 'bitwright[symbolic]'"
        ) from None
    return sympy


def _simplified(expr: Any, look_ups: tuple[str, ...]) -> list[Any]:
    """sympy's expressions, through text and back as hls4ml hands them on."""
    given = list(expr) if isinstance(expr, (list, tuple)) else [expr]
    if not given:
        raise ConfigError("expr must be an expression or a list of them, not []")
    meaning, found = _Parsed(look_ups), []
    for one in given:
        if not isinstance(one, (str, _sympy().Expr)):
            raise ConfigError(f"expr must be text or a sympy expression, not {one!r}")
        try:
            parsed = fold(one, meaning) if isinstance(one, str) else one
            _require_real(parsed)
            found.append(fold(str(parsed), meaning))
        except ValueError as error:
            raise ConfigError(f"expr {_short(one)}: {error}") from None
    return found


def _require_real(expr: Any) -> None:
    sympy = _sympy()
    for bad in (sympy.zoo, sympy.oo, -sympy.oo, sympy.nan, sympy.I):
        if expr.has(bad):
            raise ValueError(f"numbers must be finite and real, not {bad} in {_short(expr)}")


def _short(expr: Any) -> str:
    text = str(expr)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Parsed:
    """The parts of text as sympy's objects; numbers stay small, so that nothing takes long."""

    def __init__(self, look_ups: tuple[str, ...]) -> None:
        self.look_ups = look_ups

    def name(self, name: str) -> Any:
        if not re.fullmatch(r"x(0|[1-9]\d{0,5})", name):
            raise ValueError(
                f"variables must be x0, x1 ..., not {name!r}; a constant must be a number, which"
                " expr.evalf() gives"
            )
        return _sympy().Symbol(name)

    def number(self, text: str) -> Any:
        plain = text.replace("_", "")
        if len(plain) > 100:
            raise ValueError(f"numbers must have at most 100 digits, not {len(plain)}")
        if re.fullmatch(r"\d+", plain):
            return _sympy().Integer(plain)
        return _sympy().Float(plain)

    def call(self, function: str, argument: Any) -> Any:
        if function not in self.look_ups:
            raise ValueError(
                f"functions must be of lut_functions ({', '.join(self.look_ups) or 'none given'}),"
                f" not {function!r}: the vendor's own have no free simulation; give {function}_lut"
                f" with math_func {function!r}"
            )
        return _sympy().Function(function)(argument)

    def negate(self, a: Any) -> Any:
        return -a

    def operate(self, symbol: str, a: Any, b: Any) -> Any:
        if symbol == "**":
            whole = b.is_Integer and abs(b) <= _MOST_POWER
            if not (whole or (a.is_Number and b.is_Number and abs(b) <= _MOST_POWER)):
                raise ValueError(
                    f"powers must be whole, from -{_MOST_POWER} to {_MOST_POWER}, not {b};"
                    " a look-up gives others"
                )
            found = a**b
        else:
            found = {"+": a + b, "-": a - b, "*": a * b}[symbol] if symbol != "/" else a / b
        if found.is_Rational and max(abs(found.p), found.q).bit_length() > _MOST_BITS:
            raise ValueError(f"numbers must have at most {_MOST_BITS} bits in an expression")
        return found


class _Numbers:
    """The numbers of all expressions, once each, as elements c0, c1 ... of one format."""

    def __init__(self, format: Format) -> None:
        self.format = format
        self.known: dict[Fraction, str] = {}

    def name(self, value: Fraction) -> str:
        return self.known.setdefault(value, f"c{len(self.known)}")

    def raws(self) -> list[int]:
        return [int(from_fraction(value, self.format)) for value in self.known]

    def constant(self) -> Constant:
        raw = np.array(self.raws(), dtype=storage(self.format))
        return Constant(raw, self.format, np.array([float(value) for value in self.known]))

    def notes(self) -> list[str]:
        """A note for each number that is far from what its type makes of it."""
        lsb = self.format.lsb
        return [
            f"number {float(value)!r} is {float(raw * lsb)!r} in {self.format}"
            for value, raw in zip(self.known, self.raws(), strict=True)
            if abs(raw * lsb - value) >= lsb
        ]


def _printed(expr: Any, look_ups: tuple[str, ...], numbers: _Numbers) -> str:
    """What sympy's C++ printer writes, the text of ``Symbolic.expressions``."""
    try:
        return str(_printer()(look_ups, numbers).doprint(expr))
    except _Unprinted as error:
        raise ConfigError(f"expr {_short(expr)}: {error}") from None


class _Unprinted(Exception):
    """A part that hls4ml hands to the vendor's functions."""


@cache
def _printer() -> Any:
    """sympy's printer of C++, with hls4ml's forms of numbers, variables and powers."""
    from sympy.printing.cxx import CXX11CodePrinter

    class Printer(CXX11CodePrinter):  # type: ignore[misc]
        def __init__(self, look_ups: tuple[str, ...], numbers: _Numbers) -> None:
            super().__init__({"user_functions": {name: name for name in look_ups}})
            self.numbers = numbers

        def _print_Integer(self, number: Any) -> str:
            return self.numbers.name(Fraction(int(number)))

        def _print_Rational(self, number: Any) -> str:
            return self.numbers.name(Fraction(float(int(number.p)) / float(int(number.q))))

        def _print_Float(self, number: Any) -> str:
            literal = float(super()._print_Float(number))
            if not math.isfinite(literal):
                raise _Unprinted(f"numbers must be finite doubles, not {number}")
            return self.numbers.name(Fraction(literal))

        def _print_Pow(self, power: Any) -> str:
            count = power.exp
            if not count.is_Integer or not 1 < count <= _MOST_POWER:
                raise _Unprinted(
                    f"{power} must be a look-up or a quotient: hls4ml calls a function of the"
                    " vendor's for it, which has no free simulation; 1.0/x0 divides"
                )
            base = self._print(power.base)
            base = f"({base})" if len(power.base.args) > 1 else base
            return f"({'*'.join([base] * int(count))})"

    return Printer
