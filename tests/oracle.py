"""An independent oracle of every operator: exact rationals, one element at a time, slow and plain.

Types are read from their C++ spelling; values are Fractions; nothing of fxp or emu is imported, so
that an agreement means two derivations of the same rule. Sources: UG1399 and AMD's ap_fixed headers
for the casts; for the operators the kernels of hls4ml 1.3.0 (nnet_activation.h, nnet_dense_*.h,
nnet_batchnorm.h, nnet_common.h), whose compiled C simulation ``tests/peer`` compares.
``expf``, ``tanhf`` and ``log`` are those of libm, called one float at a time.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_MIN_INF", "RND_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM", "WRAP_SM")


# ---- types ------------------------------------------------------------------------------------


class Type(NamedTuple):
    """``ap_[u]fixed<width,integer,rounding,overflow,sat_bits>``, or ``ap_[u]int<width>``."""

    width: int
    integer: int
    signed: bool = True
    rounding: str = "TRN"
    overflow: str = "WRAP"
    sat_bits: int = 0
    is_int: bool = False

    @property
    def frac(self) -> int:
        return self.width - self.integer

    @property
    def low(self) -> int:
        return -(2 ** (self.width - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        return 2 ** (self.width - 1) - 1 if self.signed else 2**self.width - 1


def read(text: str) -> Type:
    """``fixed<8,3,RND,SAT>``, ``ufixed<8,0>``, ``int<5>``, ``uint<1>``, with or without ``ap_``."""
    name, inside = re.fullmatch(r"(?:ap_)?(u?fixed|u?int)<([^>]*)>", text).groups()
    words = [word.strip().removeprefix("AP_") for word in inside.split(",")]
    signed = not name.startswith("u")
    if name.endswith("int"):
        return Type(int(words[0]), int(words[0]), signed, is_int=True)
    modes = {"rounding": words[2]} if len(words) > 2 else {}
    if len(words) > 3:
        modes["overflow"] = words[3]
    return Type(
        int(words[0]),
        int(words[1]),
        signed,
        **modes,
        sat_bits=int(words[4]) if len(words) > 4 else 0,
    )


def value(raw: int, t: Type) -> Fraction:
    """The number that these bits mean."""
    return Fraction(raw, 2**t.frac) if t.frac >= 0 else Fraction(raw * 2**-t.frac)


def raws(t: Type) -> range:
    """Every bit pattern, as raw integers."""
    return range(t.low, t.high + 1)


# ---- the cast ---------------------------------------------------------------------------------


def rounded(x: Fraction, mode: str) -> int:
    """The integer next to ``x``."""
    floor, rest = divmod(x.numerator, x.denominator)
    if mode == "TRN" or rest == 0:
        return floor
    if mode == "TRN_ZERO":
        return floor + 1 if floor < 0 else floor
    if 2 * rest != x.denominator:
        return floor + 1 if 2 * rest > x.denominator else floor
    up = {
        "RND": True,
        "RND_MIN_INF": False,
        "RND_ZERO": floor < 0,
        "RND_INF": floor >= 0,
        "RND_CONV": floor % 2 == 1,
    }
    return floor + 1 if up[mode] else floor


def from_bits(bits: list[int], signed: bool) -> int:
    """The integer of these bits, least significant first."""
    number = sum(bit << k for k, bit in enumerate(bits))
    return number - 2 ** len(bits) if signed and bits[-1] else number


def limited(r: int, before: Fraction, t: Type) -> int:
    """The raw integer that ``r`` becomes in ``t``; ``before`` is what was rounded to it."""
    low, high, width, n = t.low, t.high, t.width, t.sat_bits
    if t.overflow == "SAT_SYM" and t.signed and width > 1:
        low = -high
    if low <= r <= high:
        return r
    if t.overflow in ("SAT", "SAT_SYM"):
        return min(max(r, low), high)
    if t.overflow == "SAT_ZERO":
        return 0
    bits = [r >> k & 1 for k in range(width)]
    sign = int(r < 0)
    if t.overflow == "WRAP" and n:
        if not t.signed:
            bits[width - n :] = [1] * n
        else:
            bits[width - n :] = [1 - sign] * (n - 1) + [sign]
    elif t.overflow == "WRAP_SM" and n == 0:
        if before.numerator // before.denominator >> width & 1 != bits[-1]:
            bits = [1 - bit for bit in bits]
    elif t.overflow == "WRAP_SM" and n == 1:
        if bits[-1] != sign:
            bits = [1 - bit for bit in bits]
        bits[-1] = sign
    elif t.overflow == "WRAP_SM":
        if bits[width - n] == sign:
            bits = [1 - bit for bit in bits]
        bits[width - n :] = [1 - sign] * (n - 1) + [sign]
    return from_bits(bits, t.signed)


def cast_raw(x: Fraction | int, t: Type) -> int:
    """The bits of ``x`` assigned to a variable of type ``t``."""
    if t.is_int:
        whole = toward_zero(x)
        return from_bits([whole >> k & 1 for k in range(t.width)], t.signed)
    scaled = x * 2**t.frac if t.frac >= 0 else Fraction(x) / 2**-t.frac
    return limited(rounded(scaled, t.rounding), scaled, t)


def cast(x: Fraction | int, t: Type) -> Fraction:
    """``x`` after the assignment to a variable of type ``t``."""
    return value(cast_raw(x, t), t)


def product_type(a: Type, b: Type) -> Type:
    """The type of the expression ``a * b``."""
    return Type(a.width + b.width, a.integer + b.integer, a.signed or b.signed)


def sum_type(a: Type, b: Type) -> Type:
    """The type of the expression ``a + b``."""
    integer = 1 + max(
        a.integer + (b.signed and not a.signed), b.integer + (a.signed and not b.signed)
    )
    return Type(integer + max(a.frac, b.frac), integer, a.signed or b.signed)


# ---- C integers -------------------------------------------------------------------------------


def int32(n: int) -> int:
    """The low 32 bits of ``n`` as a C int."""
    return (n + 2**31) % 2**32 - 2**31


def toward_zero(x: Fraction | int) -> int:
    """``x`` without its fraction."""
    return -(-x.numerator // x.denominator) if x < 0 else x.numerator // x.denominator


def steps(x: Fraction, frac: int, size: int, span: int) -> int:
    """``int(x * size / span)`` in ap_fixed: the quotient keeps ``frac`` bits, then becomes an int.

    Both drop bits toward zero; the first one matters only where ``frac`` is negative.
    """
    quotient = toward_zero(x * size / span * Fraction(2) ** frac)
    return int32(toward_zero(quotient / Fraction(2) ** frac))


# ---- dense and batch normalisation ------------------------------------------------------------


def latency_terms(n_in: int, n_out: int) -> Iterator[tuple[int, int]]:
    """Pairs (input, output) in the order in which the latency kernel adds their products."""
    for i in range(n_in):
        for j in range(n_out):
            yield i, j


def resource_terms(n_in: int, n_out: int, reuse: int) -> Iterator[tuple[int, int]]:
    """Pairs (input, output) in the order of the resource kernels, for a legal reuse factor.

    The weights lie in one row per output; each of ``reuse`` passes takes every ``reuse``-th weight.
    """
    if (n_in * n_out) % reuse or (reuse % n_in if reuse > n_in else n_in % reuse):
        raise ValueError(f"reuse factor must be legal, not {reuse} for {n_in} x {n_out}")
    for start in range(reuse):
        for position in range(start, n_in * n_out, reuse):
            yield position % n_in, position // n_in


def dense(
    x: Sequence[Fraction],
    weight: Sequence[Sequence[Fraction]],
    bias: Sequence[Fraction],
    accum: Type,
    result: Type,
    terms: Iterator[tuple[int, int]],
) -> list[int]:
    """Raw outputs; ``weight[i][j]``, the products added in the order of ``terms``."""
    sums = [cast(b, accum) for b in bias]
    for i, j in terms:
        sums[j] = cast(sums[j] + cast(x[i] * weight[i][j], accum), accum)
    return [cast_raw(total, result) for total in sums]


def batch_normalization(x: Fraction, scale: Fraction, bias: Fraction, result: Type) -> int:
    return cast_raw(x * scale + bias, result)


# ---- tables -----------------------------------------------------------------------------------

_LIBM = ctypes.CDLL(ctypes.util.find_library("m"))
for _name in ("expf", "tanhf"):
    getattr(_LIBM, _name).argtypes = [ctypes.c_float]
    getattr(_LIBM, _name).restype = ctypes.c_float
_LIBM.log.argtypes = [ctypes.c_double]
_LIBM.log.restype = ctypes.c_double
_F = np.float32


def float_raw(x: float, t: Type) -> int:
    """The bits of a float; infinity is 2**1024 to the headers, whose exponent field it has."""
    number = float(x)
    if number in (float("inf"), float("-inf")):
        return cast_raw(Fraction(2) ** 1024 * (1 if number > 0 else -1), t)
    return cast_raw(Fraction(number), t)


def _expf(x: np.float32) -> np.float32:
    return _F(_LIBM.expf(float(x)))


def _entry(name: str, x: np.float32) -> np.float32:
    # Every step below has the C++ type of the original: float() widens, _F() narrows.
    if name == "sigmoid":
        with np.errstate(over="ignore"):
            return _F(1.0 / float(_F(1) + _expf(-x)))
    if name == "tanh":
        return _F(_LIBM.tanhf(float(x)))
    if name == "softplus":
        return _F(_LIBM.log(float(_expf(x)) + 1.0))
    if name == "softsign":
        return _F(float(x) / (float(abs(x)) + 1.0))
    if name == "elu":
        return _F(float(_expf(x)) - 1.0)
    if name == "selu":
        inner = 1.6732632423543772848170429916717 * (float(_expf(x)) - 1.0)
        return _F(1.0507009873554804934193349852946 * inner)
    raise KeyError(name)


def function_table(name: str, size: int, t: Type) -> list[int]:
    """Raw entries of an activation's table."""
    rows = []
    for i in range(size):
        if name in ("elu", "selu"):
            x = _F(-8.0 * i / float(size))
        else:
            half_span = 4.0 if name == "tanh" else 8.0
            x = _F(2 * half_span * (i - float(size) / 2.0) / float(size))
        rows.append(float_raw(_entry(name, x), t))
    return rows


def address_bits(size: int) -> int:
    bits = 1
    while size > 2:
        size, bits = (size + 1) // 2, bits + 1
    return bits


def address_value(i: int, address: Type, size: int) -> np.float32:
    """The float that ``address`` holds when its top bits are ``i`` and the others zero."""
    low = address.width - address_bits(size)
    bits = [0] * low + [i >> k & 1 for k in range(address_bits(size))]
    exact = value(from_bits(bits, address.signed), address)
    return _F(float(exact))


def exp_table(address: Type, size: int, t: Type, scale: float, negative: bool) -> list[int]:
    """Raw entries ``exp(x * scale)``, or ``exp(-x * scale)``."""
    rows = []
    for i in range(size):
        x = address_value(i, address, size) * _F(scale)
        rows.append(float_raw(_expf(-x if negative else x), t))
    return rows


def inverse_table(address: Type, size: int, t: Type) -> list[int]:
    """Raw entries ``1 / x``; 1 / 0 is infinity."""
    with np.errstate(divide="ignore"):
        return [float_raw(_F(1) / address_value(i, address, size), t) for i in range(size)]


def legacy_tables(exp_size: int, inverse_size: int, t: Type) -> tuple[list[int], list[int]]:
    exponential = []
    for i in range(exp_size):
        x = _F(2 * 8.0 * (i - float(exp_size) / 2.0) / float(exp_size))
        exponential.append(float_raw(_expf(x), t))
    inverse = []
    for i in range(inverse_size):
        x = _F(64.0 * i / float(inverse_size))
        inverse.append(float_raw(1.0 / float(x) if x > 0 else 0.0, t))
    return exponential, inverse


# ---- activations ------------------------------------------------------------------------------


def _centred(x: Fraction, t: Type, size: int, span: int) -> int:
    index = int32(steps(x, t.frac, size, span) + span // 2 * size // span)
    return min(max(index, 0), size - 1)


def _clipped(x: Fraction, t: Type, parameters: Sequence[tuple[Fraction, Type]]) -> Fraction:
    (slope, slope_type), (shift, shift_type) = parameters
    # 1 and 0 are assigned to a variable of the expression's own type.
    own = sum_type(product_type(slope_type, t), shift_type)
    y = slope * x + shift
    if y > 1:
        return cast(1, own)
    return cast(0, own) if y < 0 else y


def activation(
    name: str,
    x: Fraction,
    t: Type,
    result: Type,
    parameters: Sequence[tuple[Fraction, Type]] = (),
    table: Sequence[Fraction] = (),
) -> int:
    """Raw output for an input ``x`` of type ``t``; parameters are (value, type); table: values."""
    size = len(table)
    if name == "linear":
        return cast_raw(x, result)
    if name == "relu":
        return cast_raw(x, result) if x > 0 else cast_raw(0, result)
    if name in ("relu1", "relu6"):
        most = int(name[-1])
        return cast_raw(0 if x < 0 else most if x > most else x, result)
    if name in ("leaky_relu", "prelu"):
        return cast_raw(x if x > 0 else parameters[0][0] * x, result)
    if name == "thresholded_relu":
        return cast_raw(x if x > parameters[0][0] else 0, result)
    if name == "bounded_relu":
        slope, theta, limit = (number for number, _ in parameters)
        return cast_raw(min(x, limit) if x > theta else slope * (x - theta), result)
    if name == "elu":
        if x >= 0:
            return cast_raw(x, result)
        index = steps(x, t.frac, size, -8) % 2**32  # compared with an unsigned size
        return cast_raw(parameters[0][0] * table[min(index, size - 1)], result)
    if name in ("selu", "selu_stream"):
        if x >= 0:
            return cast_raw(parameters[0][0] * x, result)
        index = steps(x, t.frac, size, -8)
        index = max(index, 0) if name == "selu" else index % 2**32
        return cast_raw(table[min(index, size - 1)], result)
    if name in ("sigmoid", "softplus", "softsign"):
        return cast_raw(table[_centred(x, t, size, 16)], result)
    if name == "tanh":
        return cast_raw(table[_centred(x, t, size, 8)], result)
    if name == "hard_sigmoid":
        return cast_raw(_clipped(x, t, parameters), result)
    if name == "hard_tanh":
        return cast_raw(2 * _clipped(x, t, parameters) - 1, result)
    if name == "binary_tanh":
        if result.is_int and not result.signed and result.width == 1:
            return int(x >= 0)
        return cast_raw(1 if x >= 0 else -1, result)
    if name in ("ternary_tanh", "ternary_tanh_stream"):
        d = cast(2 * x, t) if name == "ternary_tanh" else x
        return cast_raw(1 if d > 1 else 0 if d > -1 else -1, result)
    raise KeyError(name)


# ---- softmax ----------------------------------------------------------------------------------


def top_bits(x: Fraction, t: Type, size: int) -> int:
    """The most significant bits of ``x``, as many as address a table of ``size``."""
    raw = x * Fraction(2) ** t.frac
    return (int(raw) % 2**t.width) >> (t.width - address_bits(size))


def tree_sum(e: Sequence[Fraction], accum: Type) -> Fraction:
    """The left part is the largest power of two below the length; every node is cast."""
    if len(e) == 1:
        return e[0]
    left = 1
    while 2 * left < len(e):
        left *= 2
    return cast(tree_sum(e[:left], accum) + tree_sum(e[left:], accum), accum)


class SoftmaxTypes(NamedTuple):
    """What the kernels are configured with; tables hold values."""

    data: Type
    result: Type
    accum: Type | None = None
    inverse_input: Type | None = None
    difference: Type | None = None
    table: Type | None = None


def softmax(
    implementation: str,
    x: Sequence[Fraction],
    types: SoftmaxTypes,
    exponential: Sequence[Fraction] = (),
    inverse: Sequence[Fraction] = (),
) -> list[int]:
    """Raw outputs of one vector."""
    if implementation == "argmax":
        best = 0
        for i in range(1, len(x)):
            if x[i] > x[best]:
                best = i
        return [cast_raw(int(i == best), types.result) for i in range(len(x))]
    if implementation == "legacy":
        return _legacy(x, types, exponential, inverse)
    if implementation == "stable":
        address = types.difference
        points = [cast(max(x) - element, address) for element in x]
    else:
        address, points = types.data, list(x)
    e = [
        cast(exponential[top_bits(point, address, len(exponential))], types.accum)
        for point in points
    ]
    total = cast(tree_sum(e, types.accum), types.inverse_input)
    r = inverse[top_bits(total, types.inverse_input, len(inverse))]
    return [cast_raw(element * r, types.result) for element in e]


def _legacy(
    x: Sequence[Fraction],
    types: SoftmaxTypes,
    exponential: Sequence[Fraction],
    inverse: Sequence[Fraction],
) -> list[int]:
    out = []
    for i in range(len(x)):
        total = Fraction(0)
        for j in range(len(x)):
            term = cast(1, types.table)
            if j != i:
                size = len(exponential)
                index = int32(steps(x[j] - x[i], types.data.frac, size, 16) + 8 * size // 16)
                term = exponential[min(max(index, 0), size - 1)]
            total = cast(total + term, types.table)
        index = steps(total, types.table.frac, len(inverse), 64)
        out.append(cast_raw(inverse[min(max(index, 0), len(inverse) - 1)], types.result))
    return out
