"""Correctly rounded tables: every entry against the exact function value, in rationals."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from emu import rounded_tables, tables
from fxp import Format
from tests import oracle

FORMATS = (
    "fixed<18,8>",
    "fixed<5,2,RND_CONV,SAT>",
    "fixed<40,4,RND,SAT>",
    "ufixed<61,3,TRN_ZERO,SAT>",
    "fixed<80,6,RND_INF>",
    "fixed<9,-2,RND_ZERO,SAT_SYM>",
    "fixed<30,4,RND_MIN_INF,WRAP,2>",
    "fixed<126,6,RND>",
    "int<4>",
)
EXACT = Fraction(1, 2**200)


def exp(x):
    """``exp(x)`` to within 2**-200 of itself: Taylor's series, its rest less than twice a term."""
    if x < 0:
        low, high = exp(-x)
        return 1 / high, 1 / low
    total, term, n = Fraction(0), Fraction(1), 0
    while n < 2 * x + 2 or term > EXACT:
        total, n = total + term, n + 1
        term = term * x / n
    return total, total + 2 * term


def log(x):
    """``log(x)``: bits of 2 artanh((x - 1) / (x + 1)), after x is brought below 2 by e's powers."""
    count = 0
    while x > 2:
        x, count = x / exp(Fraction(1, 2))[0], count + 1
    z = (x - 1) / (x + 1)
    z = Fraction(round(z * 2**240), 2**240)
    total, power, n = Fraction(0), z, 1
    while power > EXACT**2:
        total, power, n = total + power / n, Fraction(round(power * z * z * 2**240), 2**240), n + 2
    return 2 * total + Fraction(count, 2)


def sigmoid(x):
    low, high = exp(-x)
    return 1 / (1 + high), 1 / (1 + low)


def tanh(x):
    low, high = exp(2 * x)
    return (low - 1) / (low + 1), (high - 1) / (high + 1)


def softplus(x):
    middle, away = log(1 + exp(x)[0]), Fraction(1, 2**180)
    return middle - away, middle + away


def softsign(x):
    return x / (1 + abs(x)), x / (1 + abs(x))


def elu(x):
    return tuple(end - 1 for end in exp(x))


def selu(x):
    alpha, scale = "1.6732632423543772848170429916717", "1.0507009873554804934193349852946"
    return tuple(Fraction(scale) * Fraction(alpha) * end for end in elu(x))


FUNCTIONS = {
    "sigmoid": (sigmoid, 16),
    "tanh": (tanh, 8),
    "softplus": (softplus, 16),
    "softsign": (softsign, 16),
    "elu": (elu, -8),
    "selu": (selu, -8),
}


def rounded(enclosure, text):
    """The raw value that both ends of an enclosure have; far less than a tie apart, or equal."""
    low, high = enclosure
    t = oracle.read(text)
    raw = oracle.cast_raw(low, t)
    assert raw == oracle.cast_raw(high, t)
    return raw


def positions(name, size):
    span = FUNCTIONS[name][1]
    start = 0 if span < 0 else -span // 2
    return [start + Fraction(span * i, size) for i in range(size)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    """Every entry, in formats from 4 to 80 bits and every rounding; sizes that are no power of 2."""
    for k, text in enumerate(FORMATS):
        size = (12, 7)[k % 2]
        found = rounded_tables.function_table(name, size, Format.parse(text))
        expected = [rounded(FUNCTIONS[name][0](x), text) for x in positions(name, size)]
        np.testing.assert_array_equal(found.raw, np.array(expected, dtype=found.raw.dtype))
        assert "correctly rounded" in found.recipe


def test_exponentials_of_codes():
    """Top bits of signed and unsigned addresses, scaled, of both signs."""
    for address, scale, negative in (
        ("ufixed<9,4>", 1.0, True),
        ("fixed<8,3>", 0.3535533905932738, False),
    ):
        t = oracle.read(address)
        for text in FORMATS:
            table = rounded_tables.exp_table(
                Format.parse(address), 16, Format.parse(text), scale, negative=negative
            )
            expected = []
            for i in range(16):
                code = i << (t.width - 4)
                x = oracle.value(code - (t.signed and i >= 8) * 2**t.width, t)
                factor = Fraction(scale) * (-1 if negative else 1)
                expected.append(rounded(exp(factor * x), text))
            np.testing.assert_array_equal(table.raw, np.array(expected, dtype=table.raw.dtype))


def test_edges_of_a_garnet():
    """exp(-d * d) of every code; 1 is the largest value where the type has no room for it."""
    for text in ("ufixed<10,0>", "fixed<30,2,RND>"):
        t, format = oracle.read(text), Format.parse(text)
        for address in ("fixed<6,3>", "ufixed<5,1>"):
            own = oracle.read(address)
            codes = [oracle.from_bits([i >> k & 1 for k in range(own.width)], own.signed)
                     for i in range(2**own.width)]  # fmt: skip
            d = [oracle.value(code, own) for code in codes]
            expected = [rounded(exp(-v * v), text) if v else min(2**t.frac, t.high) for v in d]
            table = rounded_tables.edge_table(Format.parse(address), format)
            assert table.raw.tolist() == expected


def test_inverses():
    """Exact quotients; the entry of what is below one step is the largest value."""
    for text in FORMATS:
        t, format = oracle.read(text), Format.parse(text)
        table = rounded_tables.inverse_table(Format.parse("fixed<8,5>"), 32, format)
        steps = [i if i < 16 else i - 32 for i in range(1, 32)]
        expected = [t.high, *(oracle.cast_raw(Fraction(1, n), t) for n in steps)]
        np.testing.assert_array_equal(table.raw, np.array(expected, dtype=table.raw.dtype))
        exponential, inverse = rounded_tables.legacy_tables(8, 12, format)
        found = [0, *(oracle.cast_raw(Fraction(12, 64 * i), t) for i in range(1, 12))]
        np.testing.assert_array_equal(inverse.raw, np.array(found, dtype=inverse.raw.dtype))
        found = [rounded(exp(Fraction(2 * i - 8)), text) for i in range(8)]
        np.testing.assert_array_equal(exponential.raw, np.array(found, dtype=inverse.raw.dtype))


@pytest.mark.parametrize("epsilon", [0.001, 0.25, 2e-05, 1.0])
def test_inverse_roots(epsilon):
    """``k * lsb / 2 <= 1 / sqrt(x)`` is ``x * (k * lsb / 2)**2 <= 1``; rational roots too."""
    low = Fraction(repr(epsilon))
    for text in FORMATS:
        t = oracle.read(text)
        table = rounded_tables.inverse_root_table(8, epsilon, Fraction(2), Format.parse(text))
        for i, raw in enumerate(table.raw.tolist()):
            x = low + Fraction(2 * i, 8)
            half = Fraction(2) ** -(t.frac + 1)
            square = 1 / (x * half * half)
            k = isqrt(square.numerator // square.denominator)
            tie = k * k == square
            value = k * half if tie else (k + Fraction(1, 2)) * half
            assert raw == oracle.cast_raw(value, t), (text, i)


def test_values_beyond_a_double():
    """2**1024 and more count as 2**1024; what is far below every LSB rounds as a tiny number."""
    saturating, wrapping = Format.parse("fixed<18,8,RND,SAT>"), Format.parse("fixed<18,8>")
    address = Format.parse("fixed<16,16>")
    for format, most in ((saturating, saturating.raw_max), (wrapping, 0)):
        table = rounded_tables.exp_table(address, 4, format, 1.0, negative=False)
        assert table.raw.tolist() == [1024, most, 0, 0]


def test_a_hair_beside_a_grid_point():
    """exp(2**-200) and exp(-2**-200): the enclosure must become narrow enough to tell."""
    address, format = Format.parse("ufixed<4,4>"), Format.parse("fixed<18,8>")
    for negative, beside in ((False, 1024), (True, 1023)):
        table = rounded_tables.exp_table(address, 4, format, 2.0**-200, negative=negative)
        assert table.raw.tolist() == [1024, beside, beside, beside]


def test_libm_is_not_exact():
    """What the defect is: float32 tables differ in their last bits where the type shows them."""
    format = Format.parse("fixed<30,4>")
    copied = tables.function_table("sigmoid", 1024, format)
    exact = rounded_tables.function_table("sigmoid", 1024, format)
    apart = np.abs(copied.raw - exact.raw)
    assert np.count_nonzero(apart) > 500 and apart.max() < 8
