"""Look-up tables as raw integers, by hls4ml's recipe: libm's float functions, float32 steps.

``table[i] = cast(f(x_i))`` with x_i rounded to float32 and f evaluated by the C library's own
``expf``, ``tanhf`` and ``log``, called one value at a time: numpy's vector versions differ in the
last place. The entries decide output bits, so the libm that made them is named in each graph.
"""

from __future__ import annotations

import ctypes
import functools
import platform
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from fxp import Format, cast, from_float, from_fraction, growth

from .op import Table, storage

__all__ = [
    "LIBM",
    "RECIPES",
    "edge_table",
    "exp_table",
    "function_table",
    "inverse_root_table",
    "inverse_table",
    "legacy_tables",
    "libm",
    "libm_version",
    "sampled_table",
]

Single = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]


@functools.cache
def _libm() -> ctypes.CDLL:
    from ctypes.util import find_library  # slow to import: not before a table is made

    return ctypes.CDLL(find_library("m") or "libm.so.6")


@functools.cache
def libm_version() -> str:
    """Name and version of the C library whose float functions made the tables."""
    name, version = platform.libc_ver()
    return f"{name or 'unknown libc'} {version}".strip()


def _call(name: str, kind: Any, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    function = getattr(_libm(), name)
    function.restype, function.argtypes = kind, [kind]
    return np.array([function(value) for value in x.tolist()], dtype=x.dtype)


LIBM = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh"),
    *("atanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt"),
    *("erf", "erfc", "recip", "rsqrt"),
)
"""Functions of one double: libm's, ``recip = 1 / x`` and ``rsqrt = 1 / sqrt(x)``."""


def libm(name: str, x: Double) -> Double:
    """A function of LIBM in double precision, elementwise."""
    if name in ("recip", "rsqrt"):
        with np.errstate(divide="ignore"):
            return 1.0 / (libm("sqrt", x) if name == "rsqrt" else x)
    return _call(name, ctypes.c_double, x.reshape(-1)).reshape(x.shape)


def expf(x: Single) -> Single:
    """``expf`` of libm, elementwise."""
    return _call("expf", ctypes.c_float, x)


def _entries(values: npt.NDArray[Any], format: Format, recipe: str) -> Table:
    """Cast each value; infinities count as +-2**1024, as in ``ap_fixed(double)``."""
    raw = np.empty(values.size, dtype=storage(format))
    for i, value in enumerate(values.astype(np.float64).tolist()):
        exact = Fraction(value) if np.isfinite(value) else Fraction(int(np.sign(value)) << 1024)
        raw[i] = from_fraction(exact, format)
    return Table(raw=raw, format=format, recipe=recipe)


def _grid(size: int, low: float, span: float) -> Single:
    """``float(span * (i + low * N) / N)``: table positions, computed in double, kept in float."""
    i = np.arange(size, dtype=np.float64)
    return (span * (i + low * float(np.float32(size))) / float(np.float32(size))).astype(np.float32)


def _sigmoid(x: Single) -> Single:
    return (1.0 / (np.float32(1) + expf(-x)).astype(np.float64)).astype(np.float32)


def _tanh(x: Single) -> Single:
    return _call("tanhf", ctypes.c_float, x)


def _softplus(x: Single) -> Single:
    inner: Double = expf(x).astype(np.float64) + 1.0
    return _call("log", ctypes.c_double, inner).astype(np.float32)


def _softsign(x: Single) -> Single:
    return (x.astype(np.float64) / (np.abs(x).astype(np.float64) + 1.0)).astype(np.float32)


def _elu(x: Single) -> Single:
    return (expf(x).astype(np.float64) - 1.0).astype(np.float32)


def _selu(x: Single) -> Single:
    inner: Double = 1.6732632423543772848170429916717 * (expf(x).astype(np.float64) - 1.0)
    return (1.0507009873554804934193349852946 * inner).astype(np.float32)


RECIPES: dict[str, tuple[Callable[[Single], Single], float, float]] = {
    "sigmoid": (_sigmoid, -0.5, 16.0),
    "tanh": (_tanh, -0.5, 8.0),
    "softplus": (_softplus, -0.5, 16.0),
    "softsign": (_softsign, -0.5, 16.0),
    "elu": (_elu, 0.0, -8.0),
    "selu": (_selu, 0.0, -8.0),
}
"""Function, first position as a share of the span, span; hls4ml's nnet_activation.h."""


def function_table(name: str, size: int, format: Format) -> Table:
    """``table[i] = cast(f(span * (i / N + low)))`` for an activation of RECIPES."""
    function, low, span = RECIPES[name]
    return _entries(function(_grid(size, low, span)), format, f"{name}({size})")


def _address_values(format: Format, size: int) -> Single:
    """Value of ``format`` whose top ``log2 N`` bits are i and the rest 0, as float32."""
    code = np.arange(size, dtype=np.int64)
    if format.signed:
        code = np.where(code >= size // 2, code - size, code)
    bits = (size - 1).bit_length()
    return np.ldexp(code.astype(np.float32), format.integer - bits).astype(np.float32)


def exp_table(address: Format, size: int, format: Format, scale: float, *, negative: bool) -> Table:
    """``table[i] = cast(expf(+-scale * value(i)))``, i the top bits of an ``address`` value."""
    x = _address_values(address, size) * np.float32(scale)
    sign = "-" if negative else ""
    return _entries(expf(-x if negative else x), format, f"exp({sign}{scale!r}*{address},{size})")


def inverse_table(address: Format, size: int, format: Format) -> Table:
    """``table[i] = cast(1 / value(i))`` in float32; entry 0 is the cast of infinity."""
    with np.errstate(divide="ignore"):
        values = np.float32(1) / _address_values(address, size)
    return _entries(values, format, f"1/({address},{size})")


def legacy_tables(exp_size: int, inverse_size: int, format: Format) -> tuple[Table, Table]:
    """Tables of the legacy softmax: exp over [-8, 8), and 1/x over [0, 64) with 0 at 0."""
    exponential = _entries(expf(_grid(exp_size, -0.5, 16.0)), format, f"legacy exp({exp_size})")
    x = _grid(inverse_size, 0.0, 64.0).astype(np.float64)
    inverse = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0)
    return exponential, _entries(inverse, format, f"legacy 1/x({inverse_size})")


def inverse_root_table(size: int, power_of_10: int, power_of_2: int, format: Format) -> Table:
    """``table[i] = cast(1 / sqrtf(10**-power_of_10 + i * 2**-power_of_2 / N))``, float32 inside.

    hls4ml's nnet_layernorm.h, ``init_invert_sqr_table``: the quotient is a double.
    """
    low = np.float32(10.0**-power_of_10)
    step = np.float32(2.0**-power_of_2) / np.float32(size)
    x = low + step * np.arange(size).astype(np.float32)
    values = 1.0 / np.sqrt(x).astype(np.float64)
    return _entries(values, format, f"1/sqrt(1e-{power_of_10},{power_of_2},{size})")


def sampled_table(function: str, x: Double, format: Format) -> Table:
    """``table[i] = cast(f(x[i]))``, f of LIBM; raises ValueError where f is not defined."""
    values = libm(function, x)
    if np.isnan(values).any():
        undefined = float(x[np.isnan(values)][0])
        raise ValueError(f"range must lie where {function} is defined, not at {undefined!r}")
    size, ends = x.size, f"{float(x[0])!r}..{float(x[-1])!r}"
    return _entries(values, format, f"{function}({ends},{size})")


def edge_table(address: Format, format: Format) -> Table:
    """``table[i] = cast(exp(-d * d))``, i the bits of d; entry 0 is cast from 1 - 2**-width.

    The double is cast first to the type of ``-d * d``, of twice the fraction. hls4ml's
    nnet_garnet.h, ``initialize_edge_weights_table``.
    """
    code = np.arange(1 << address.width, dtype=np.int64)
    if address.signed:
        code = np.where(code >= code.size // 2, code - code.size, code)
    d = np.ldexp(code.astype(np.float64), -address.frac)
    square = growth.multiply(growth.negate(address), address)
    raw = cast(from_float(_call("exp", ctypes.c_double, -(d * d)), square), square, format)
    raw[0] = cast(np.array((1 << format.width) - 1), Format(format.width, 0, False), format)
    return Table(raw=raw, format=format, recipe=f"exp(-{address}**2)")
