"""Look-up tables without libm: ``table[i] = cast(f(x_i))``, f and x_i exact, rounded once.

Ziv's loop: f(x_i) is enclosed between two multiples of 2**-bits; where both give one raw value, so
does f(x_i), because a cast is monotone but for overflow, which treats values so near alike.
Otherwise the enclosure is made narrower. It ends: for rational x other than 0, exp(x) and what is
made of it here is transcendental (Lindemann), so never a grid point or a tie; all other values are
rational or roots of rationals: where they are grid points or ties, both ends meet them in the end.
A first enclosure in float64 decides most entries at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import isqrt, ldexp

import numpy as np

from fxp import Format, from_float, from_fraction

from .op import Table, storage

__all__ = [
    "edge_table",
    "exp_table",
    "function_table",
    "inverse_root_table",
    "inverse_table",
    "legacy_tables",
]

Enclosure = tuple[int, int]
Function = Callable[[Fraction, int], Enclosure]
"""``low <= f(x) * 2**bits <= high``."""

_FIRST_BITS = 80
_HUGE = 710
"""exp of it is beyond 2**1024."""
_SELU = Fraction("1.0507009873554804934193349852946") * Fraction(
    "1.6732632423543772848170429916717"
)


def _between(value: Fraction, bits: int) -> Enclosure:
    """Floor and ceiling of a rational."""
    scaled = value.numerator << bits
    return scaled // value.denominator, -(-scaled // value.denominator)


def _context(bits: int, x: float) -> Context:
    """Digits for an absolute error far below 2**-bits where values are at most exp(x)."""
    return Context(prec=int((bits + 1.5 * max(x, 0)) * 0.302) + 12, rounding=ROUND_HALF_EVEN)


def _floor(value: Decimal, bits: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    return (numerator << bits) // denominator


def _exp(x: Fraction, bits: int) -> Enclosure:
    """``exp(x)``; 2**1024 and more count as 2**1024, as in ``ap_fixed(double)``.

    decimal's ``exp`` is correctly rounded; x rounded to the same digits moves it by less than a
    thousand units of its last but three, all of which is less than 2**-bits.
    """
    infinity = 1 << (1024 + bits)
    if x == 0:
        return 1 << bits, 1 << bits
    if x > _HUGE:
        return infinity, infinity
    if x < -4 * _HUGE:  # below 2**-4096
        return 0, 1 << max(bits - 4096, 0)
    context = _context(bits, float(x))
    near = context.divide(Decimal(x.numerator), Decimal(x.denominator))
    middle = _floor(context.exp(near), bits)
    return min(max(middle - 1, 0), infinity), min(middle + 2, infinity)


def _sigmoid(x: Fraction, bits: int) -> Enclosure:
    low, high = _exp(-x, bits)
    one = 1 << bits
    return (one << bits) // (one + high), -(-(one << bits) // (one + low))


def _tanh(x: Fraction, bits: int) -> Enclosure:
    """``1 - 2 / (exp(2 x) + 1)``."""
    low, high = _exp(2 * x, bits)
    one = 1 << bits
    return one + -(2 * one * one) // (low + one), one - (2 * one * one) // (high + one)


def _softplus(x: Fraction, bits: int) -> Enclosure:
    """``log(1 + exp(x))``; decimal's ``ln`` is correctly rounded."""
    context, one = _context(bits, 0), 1 << bits
    low, high = (
        _floor(context.ln(context.divide(Decimal(one + end), Decimal(one))), bits)
        for end in _exp(x, bits)
    )
    return low - 1, high + 2


def _softsign(x: Fraction, bits: int) -> Enclosure:
    return _between(x / (1 + abs(x)), bits)


def _elu(x: Fraction, bits: int) -> Enclosure:
    low, high = _exp(x, bits)
    return low - (1 << bits), high - (1 << bits)


def _selu(x: Fraction, bits: int) -> Enclosure:
    low, high = _elu(x, bits)
    return _between(_SELU * low, 0)[0], _between(_SELU * high, 0)[1]


def _inverse(x: Fraction, bits: int) -> Enclosure:
    return _between(1 / x, bits)


def _inverse_root(x: Fraction, bits: int) -> Enclosure:
    """``1 / sqrt(x)``."""
    square = x.denominator << 2 * bits
    low = isqrt(square // x.numerator)
    return low, low + (low * low * x.numerator != square)


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
    bits = 2 * _FIRST_BITS
    while True:
        low, high = function(x, bits)
        raw = from_fraction(Fraction(low, 1 << bits), format)
        if low == high or raw == from_fraction(Fraction(high, 1 << bits), format):
            return raw
        bits *= 4


def _double(value: int) -> float:
    """The nearest double of ``value * 2**-_FIRST_BITS``."""
    return ldexp(float(value), -_FIRST_BITS)


def _entries(
    function: Function, positions: Sequence[Fraction], format: Format, recipe: str
) -> Table:
    ends = [function(x, _FIRST_BITS) for x in positions]
    known = [high < 1 << 1000 for _, high in ends]  # a double holds them
    low, high = (
        np.array([_double(end[k]) if own else 0.0 for end, own in zip(ends, known, strict=True)])
        for k in (0, 1)
    )
    # The nearest double may lie inside; one step outwards encloses again.
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
def edge_table(address: Format, format: Format) -> Table:
    """``table[i] = cast(exp(-d * d))``, i the bits of d; 1 at most the largest value."""
    x = [-value * value for value in _address_values(address, 1 << address.width)]
    table = _entries(_exp, x, format, f"exp(-{address}**2), correctly rounded")
    if format.raw_max * format.lsb < 1:
        table.raw[0] = format.raw_max
    return table


@functools.lru_cache(maxsize=64)
def inverse_root_table(size: int, epsilon: float, reach: Fraction, format: Format) -> Table:
    """``table[i] = cast(1 / sqrt(epsilon + i * reach / N))``, epsilon as its shortest decimal."""
    low = Fraction(repr(epsilon))
    x = [low + i * reach / size for i in range(size)]
    recipe = f"1/sqrt({epsilon!r},{reach},{size}), correctly rounded"
    return _entries(_inverse_root, x, format, recipe)
