"""Look-up tables without libm: ``table[i] = cast(f(x_i))``, f and x_i exact, rounded once.

Ziv's loop: f(x_i) is enclosed between two rationals; where both give one raw value, so does f(x_i),
because a cast is monotone but for overflow, which treats values so near alike. Otherwise the
enclosure is made ten times as many digits narrow. It ends: for rational x other than 0, exp(x) and
what is made of it here is transcendental (Lindemann), so never a tie or a grid point; at 0, and for
functions that are rational, the enclosure is one point; a root is one where it is rational.
A first enclosure in float64 decides most entries at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import isqrt

import numpy as np

from fxp import Format, from_float, from_fraction

from .op import Table, storage

__all__ = [
    "exp_table",
    "function_table",
    "inverse_root_table",
    "inverse_table",
    "legacy_tables",
]

Enclosure = tuple[Fraction, Fraction]
Function = Callable[[Fraction, int], Enclosure]
"""``low <= f(x) <= high``, about ``digits`` digits apart."""

_FIRST_DIGITS = 20
_INFINITY, _HUGE = Fraction(2) ** 1024, Fraction(710)
_SELU_ALPHA = Fraction("1.6732632423543772848170429916717")
_SELU_SCALE = Fraction("1.0507009873554804934193349852946")


def _exp(x: Fraction, digits: int) -> Enclosure:
    """``exp(x)``: decimal's ``exp`` is correctly rounded, and x is known to ``digits`` + 10.

    2**1024 and more count as 2**1024, as in ``ap_fixed(double)``.
    """
    if x == 0:
        return Fraction(1), Fraction(1)
    if x > _HUGE:
        return _INFINITY, _INFINITY
    if x < -4 * _HUGE:
        return Fraction(0), Fraction(1, 2**4096)
    context = Context(prec=digits + 10, rounding=ROUND_HALF_EVEN)
    near = context.divide(Decimal(x.numerator), Decimal(x.denominator))
    found = Fraction(context.exp(near))
    # |x - near| <= |x| * 10**-(digits + 9), and exp moves by less than twice that share of itself.
    if found > _INFINITY:
        return _INFINITY, _INFINITY
    away = found * (2 * abs(x) + 1) / 10 ** (digits + 8)
    return found - away, found + away


def _log(x: Enclosure, digits: int) -> Enclosure:
    """``log`` of both ends, each rounded outwards."""
    context = Context(prec=digits + 10, rounding=ROUND_HALF_EVEN)
    ends = []
    for end in x:
        near = context.divide(Decimal(end.numerator), Decimal(end.denominator))
        ends.append(Fraction(context.ln(near)))
    away = Fraction(1, 10**digits)  # ln(end) - ln(near) and the last digit are far smaller
    return ends[0] - away, ends[1] + away


def _sigmoid(x: Fraction, digits: int) -> Enclosure:
    low, high = _exp(-x, digits)
    return 1 / (1 + high), 1 / (1 + low)


def _tanh(x: Fraction, digits: int) -> Enclosure:
    low, high = _exp(2 * x, digits)
    return 1 - 2 / (low + 1), 1 - 2 / (high + 1)


def _softplus(x: Fraction, digits: int) -> Enclosure:
    low, high = _exp(x, digits)
    return _log((1 + low, 1 + high), digits)


def _softsign(x: Fraction, digits: int) -> Enclosure:
    value = x / (1 + abs(x))
    return value, value


def _elu(x: Fraction, digits: int) -> Enclosure:
    low, high = _exp(x, digits)
    return low - 1, high - 1


def _selu(x: Fraction, digits: int) -> Enclosure:
    low, high = _elu(x, digits)
    return _SELU_SCALE * _SELU_ALPHA * low, _SELU_SCALE * _SELU_ALPHA * high


def _inverse_root(x: Fraction, digits: int) -> Enclosure:
    """``1 / sqrt(x)``."""
    square = 1 / x
    whole = square.numerator * square.denominator
    root = isqrt(whole)
    if root * root == whole:
        return Fraction(root, square.denominator), Fraction(root, square.denominator)
    finer = 10**digits
    root = isqrt(whole * finer**2)
    scale = square.denominator * finer
    return Fraction(root, scale), Fraction(root + 1, scale)


_FUNCTIONS: dict[str, tuple[Function, Fraction, int]] = {
    "sigmoid": (_sigmoid, Fraction(-1, 2), 16),
    "tanh": (_tanh, Fraction(-1, 2), 8),
    "softplus": (_softplus, Fraction(-1, 2), 16),
    "softsign": (_softsign, Fraction(-1, 2), 16),
    "elu": (_elu, Fraction(0), -8),
    "selu": (_selu, Fraction(0), -8),
}
"""Function, first position as a share of the span, span: as in ``emu.tables.RECIPES``."""


def _rounded(function: Function, x: Fraction, format: Format) -> int:
    """``cast(function(x))`` by Ziv's loop."""
    digits = _FIRST_DIGITS
    while True:
        low, high = function(x, digits)
        raw = from_fraction(low, format)
        if low == high or raw == from_fraction(high, format):
            return raw
        digits *= 10


def _entries(
    function: Function, positions: Sequence[Fraction], format: Format, recipe: str
) -> Table:
    ends = [function(x, _FIRST_DIGITS) for x in positions]
    known = [abs(end[1]) < 2**1000 for end in ends]  # a double holds them
    low, high = (
        np.array([float(end[k]) if own else 0.0 for end, own in zip(ends, known, strict=True)])
        for k in (0, 1)
    )
    # float() rounds to nearest; one step outwards encloses again.
    low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    raw = np.array(from_float(low, format), dtype=storage(format))
    decided = (raw == from_float(high, format)) & np.array(known)
    for i in np.flatnonzero(~decided).tolist():
        raw[i] = _rounded(function, positions[i], format)
    return Table(raw=raw, format=format, recipe=recipe)


def _positions(size: int, low: Fraction, span: int) -> list[Fraction]:
    return [span * (Fraction(i, size) + low) for i in range(size)]


@functools.lru_cache(maxsize=256)
def function_table(name: str, size: int, format: Format) -> Table:
    """``table[i] = cast(f(span * (i / N + low)))``, the positions of ``emu.tables``."""
    function, low, span = _FUNCTIONS[name]
    recipe = f"{name}({size}), correctly rounded"
    return _entries(function, _positions(size, low, span), format, recipe)


def _address_values(format: Format, size: int) -> list[Fraction]:
    """Values of ``format`` whose top ``log2 N`` bits are i and the rest 0."""
    codes = [i - size if format.signed and i >= size // 2 else i for i in range(size)]
    lsb = Fraction(2) ** (format.integer - (size - 1).bit_length())
    return [code * lsb for code in codes]


@functools.lru_cache(maxsize=256)
def exp_table(address: Format, size: int, format: Format, scale: float, *, negative: bool) -> Table:
    """``table[i] = cast(exp(+-scale * value(i)))``, i the top bits of an ``address`` value."""
    factor = Fraction(scale) * (-1 if negative else 1)
    x = [factor * value for value in _address_values(address, size)]
    sign = "-" if negative else ""
    recipe = f"exp({sign}{scale!r}*{address},{size}), correctly rounded"
    return _entries(_exp, x, format, recipe)


def _inverse(x: Fraction, digits: int) -> Enclosure:
    return 1 / x, 1 / x


@functools.lru_cache(maxsize=256)
def inverse_table(address: Format, size: int, format: Format) -> Table:
    """``table[i] = cast(1 / value(i))``; entry 0, of what is below one step, the largest value."""
    recipe = f"1/({address},{size}), correctly rounded"
    rest = _entries(_inverse, _address_values(address, size)[1:], format, recipe)
    raw = np.concatenate([np.array([format.raw_max], dtype=rest.raw.dtype), rest.raw])
    return Table(raw=raw, format=format, recipe=recipe)


@functools.lru_cache(maxsize=64)
def legacy_tables(exp_size: int, inverse_size: int, format: Format) -> tuple[Table, Table]:
    """Tables of the legacy softmax: exp over [-8, 8), and 1/x over [0, 64) with 0 at 0."""
    x = _positions(exp_size, Fraction(-1, 2), 16)
    exponential = _entries(_exp, x, format, f"legacy exp({exp_size}), correctly rounded")
    recipe = f"legacy 1/x({inverse_size}), correctly rounded"
    rest = _entries(_inverse, _positions(inverse_size, Fraction(0), 64)[1:], format, recipe)
    raw = np.concatenate([np.zeros(1, dtype=rest.raw.dtype), rest.raw])
    return exponential, Table(raw=raw, format=format, recipe=recipe)


@functools.lru_cache(maxsize=64)
def inverse_root_table(size: int, epsilon: float, reach: Fraction, format: Format) -> Table:
    """``table[i] = cast(1 / sqrt(epsilon + i * reach / N))``, epsilon as its shortest decimal."""
    low = Fraction(repr(epsilon))
    x = [low + i * reach / size for i in range(size)]
    recipe = f"1/sqrt({epsilon!r},{reach},{size}), correctly rounded"
    return _entries(_inverse_root, x, format, recipe)
