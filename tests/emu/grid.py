"""What the grids share: formats to sweep, operators from type texts, and the comparison.

Every format is given as text; ``fxp`` and the oracle read it each with their own parser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np

from emu.op import Constant, Op, Table, Value
from fxp import Format
from tests import oracle
from tests.emu.engine import every_path

LIMITS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM", "WRAP,1", "WRAP,2", "WRAP,5")
SIGN_MAGNITUDE = ("WRAP_SM", "WRAP_SM,1", "WRAP_SM,3")

INPUTS = (
    "fixed<8,4>",
    "ufixed<8,4>",
    "fixed<8,1,RND,SAT>",
    "fixed<7,0>",
    "fixed<6,-2>",
    "ufixed<6,-1>",
    "ufixed<5,0>",
    "fixed<8,8>",
    "fixed<5,9>",
    "ufixed<5,8>",
    "fixed<7,3,TRN,SAT_SYM>",
    "int<6>",
    "uint<5>",
    "fixed<1,1>",
    "ufixed<1,1>",
)
"""Input formats of at most 8 bits: both signs, no and negative integer bits, I > W, integers."""

RESULTS = (
    "fixed<16,6>",
    "fixed<5,2>",
    "ufixed<4,2>",
    "ufixed<5,0,RND,SAT>",
    "fixed<6,-1,RND_CONV,SAT>",
    "fixed<4,7>",
    "fixed<4,7,RND_INF,SAT>",
    "ufixed<3,5,RND,SAT>",
    "fixed<30,20>",
    "fixed<1,1,TRN,SAT_SYM>",
    "ufixed<1,1,RND,SAT>",
    "int<4>",
    "uint<3>",
    "int<2>",
    "uint<1>",
    "int<1>",
)
"""Result formats: narrower and wider than the inputs, beyond both ends of them, integers."""


def every_mode(shape: str, *, signed: bool = True) -> list[str]:
    """``[u]fixed<shape>`` with each rounding mode and each overflow mode it may have."""
    limits = LIMITS + SIGN_MAGNITUDE if signed else LIMITS
    width = int(shape.split(",")[0])
    return [
        f"{'' if signed else 'u'}fixed<{shape},{rounding},{limit}>"
        for rounding in oracle.ROUNDINGS
        for limit in limits
        if "," not in limit or int(limit.split(",")[1]) <= width
    ]


MODES = (*every_mode("5,2"), *every_mode("4,2", signed=False))


def codes(text: str) -> np.ndarray:
    """Every raw value of a format, least first."""
    return np.array(oracle.raws(oracle.read(text)), dtype=np.int64)


def corners(text: str, rng: np.random.Generator, count: int) -> np.ndarray:
    """Raw values of a wide format: its ends, its middle, powers of two and their neighbours."""
    t = oracle.read(text)
    ends = [t.low, t.low + 1, t.high, t.high - 1, 0, 1, 2, 3]
    powers = [s * 2**k + d for k in range(t.width) for s in (1, -1) for d in (-1, 0, 1)]
    uniform = [
        (t.low + int.from_bytes(rng.bytes(t.width // 8 + 1), "little") % (t.high - t.low + 1))
        >> int(rng.integers(0, t.width))
        for _ in range(count)
    ]
    return raw_array([r for r in ends + powers + uniform if t.low <= r <= t.high], text)


def raw_array(raw: Sequence[int] | np.ndarray | int, text: str) -> np.ndarray:
    """int64 up to 62 bits, Python integers above."""
    return np.array(raw, dtype=np.int64 if Format.parse(text).width <= 62 else object)


def values(raw: Iterable[int], text: str) -> list[Fraction]:
    t = oracle.read(text)
    return [oracle.value(int(r), t) for r in raw]


def constant(text: str, raw: Sequence[int] | np.ndarray | int) -> Constant:
    """Weights of these bits."""
    array = raw_array(raw, text)
    f = Format.parse(text)
    return Constant(array, f, np.ldexp(array.astype(np.float64), -f.frac))


def table(text: str, raw: Sequence[int]) -> Table:
    return Table(raw_array(raw, text), Format.parse(text), "grid")


def run(op: Op, raw: np.ndarray, text: str) -> np.ndarray:
    """What the emulator gives for raw inputs (N, ...) of the format ``text``."""
    return run_all(op, [raw], [text])


def agree(found: np.ndarray, expected: list, what: Callable[[], str]) -> int:
    """Compare raw integers exactly; the number of values compared."""
    wanted = np.array(expected, dtype=found.dtype)
    if found.shape != wanted.shape or not np.array_equal(found, wanted):
        np.testing.assert_array_equal(found, wanted, err_msg=what())
    return wanted.size


def run_all(op: Op, raws: Sequence[np.ndarray], texts: Sequence[str]) -> np.ndarray:
    """What the emulator gives for raw inputs (N, ...) of the formats ``texts``.

    As declared, and by every path that the engine proves exact: all must agree.
    """
    given = tuple(
        Value(f"x{k}", raw.shape[1:], Format.parse(text))
        for k, (raw, text) in enumerate(zip(raws, texts, strict=True))
    )
    op.check(*given)
    found = op.evaluate(*raws, values=given)
    assert found.dtype == (np.int64 if op.result.width <= 62 else object), op.result
    assert found.shape[1:] == op.shape(*(value.shape for value in given))
    for path, other in every_path(op, raws, given).items():
        assert np.array_equal(found, other), f"path {path} of {op}"
    return found


def pairs(left: str, right: str) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of codes of two formats, as two arrays of shape (1, pairs)."""
    a, b = np.meshgrid(codes(left), codes(right), indexing="ij")
    return a.reshape(1, -1), b.reshape(1, -1)
