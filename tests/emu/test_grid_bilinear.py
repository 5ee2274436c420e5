"""Bilinear up-sampling: the exact sum of the four pixels around, cast once, against rationals."""

import itertools

import numpy as np
import pytest

from emu.op import Constant, Value
from emu.ops import Bilinear
from fxp import Format
from tests import oracle, oracle_layers
from tests.emu import grid

CASES = (
    ((2, 2, 1), (2, 2), "ufixed<3,1>"),
    ((3, 2, 2), (2, 2), "ufixed<3,1>"),
    ((1, 3, 2), (4, 2), "fixed<8,4>"),
    ((2, 3, 1), (3, 2), "ufixed<9,1,RND>"),
    ((3, 1, 1), (1, 5), "ufixed<4,0>"),
    ((2, 2, 1), (1, 1), "ufixed<2,1>"),
    ((2, 2, 3), (3, 4), "uint<1>"),
    ((2, 3, 1), (8, 3), "ufixed<18,1,RND>"),
)
"""Shapes, factors, types of the coefficients: exact ones, rounded ones, of 0 and 1 only."""


def coefficients(factor, text):
    """The exact ones, cast by the oracle."""
    t = oracle.read(text)
    raw = [oracle.cast_raw(oracle_layers.share_of_second(i, factor), t) for i in range(factor)]
    return grid.constant(text, raw)


def operator(factors, weight, result):
    rows, columns = (coefficients(factor, weight) for factor in factors)
    return Bilinear(result=Format.parse(result), rows=rows, columns=columns)


def check(shape, factors, weight, text, result, raw):
    """Every output pixel."""
    op, t = operator(factors, weight, result), oracle.read(result)
    found = grid.run_all(op, [raw], [text])
    shares = tuple(grid.values(item.raw, weight) for item in (op.rows, op.columns))
    expected = np.zeros(found.shape, dtype=object)
    height, _, channels = shape
    for n, c in itertools.product(range(len(raw)), range(channels)):
        picture = [grid.values(raw[n, row, :, c], text) for row in range(height)]
        for i, j in np.ndindex(found.shape[1:3]):
            expected[n, i, j, c] = oracle_layers.bilinear(picture, (i, j), shares, t)
    what = f"{shape} {factors} {weight} {text} {result}"
    return grid.agree(found, expected.tolist(), lambda: what)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("fixed<2,2>", "fixed<4,2,RND>"),
        ("ufixed<2,1>", "ufixed<2,1,RND_CONV>"),
        pytest.param("fixed<3,2>", "fixed<4,2,RND_INF>", marks=pytest.mark.long),
    ],
)
def test_every_picture_of_few_bits(text, result):
    """All of 2 x 2 pixels."""
    codes = grid.codes(text)
    raw = np.array(list(itertools.product(codes, repeat=4))).reshape(-1, 2, 2, 1)
    count = check((2, 2, 1), (2, 2), "ufixed<3,1>", text, result, raw)
    assert count == len(codes) ** 4 * 16


@pytest.mark.parametrize(("shape", "factors", "weight"), CASES, ids=str)
def test_every_geometry(shape, factors, weight):
    """Edges, lines of one pixel, coefficients of any type; above 62 bits too."""
    rng = np.random.default_rng(len(weight))
    for text, result in (
        ("fixed<6,3>", "fixed<6,3>"),
        ("ufixed<5,7>", "fixed<30,9>"),
        ("int<7>", "ufixed<5,4,RND,SAT>"),
        ("fixed<61,30>", "fixed<61,25,RND_CONV,SAT>"),
        ("ufixed<70,1>", "fixed<66,3>"),
    ):
        raw = rng.choice(grid.corners(text, rng, 60), size=(3, *shape))
        check(shape, factors, weight, text, result, raw)


def test_every_mode():
    """Each rounding with each overflow."""
    rng = np.random.default_rng(1)
    raw = rng.choice(grid.codes("fixed<7,4>"), size=(2, 2, 2, 1))
    for result in (*grid.MODES, *grid.RESULTS):
        check((2, 2, 1), (2, 1), "ufixed<3,1>", "fixed<7,4>", result, raw)


def test_a_plain_picture_stays_plain():
    """Whatever the coefficients were rounded to: they add up to 1."""
    op = operator((3, 7), "ufixed<4,1>", "fixed<8,4>")
    raw = np.array([-128, -1, 1, 127]).reshape(4, 1, 1, 1).repeat(2, 1).repeat(3, 2)
    found = grid.run_all(op, [raw], ["fixed<8,4>"])
    assert found.shape == (4, 6, 21, 1)
    np.testing.assert_array_equal(found, np.broadcast_to(raw[:, :1, :1], found.shape))


@pytest.mark.parametrize(("shape", "factors", "weight"), CASES[:3], ids=str)
def test_the_real_meaning(shape, factors, weight):
    """In float64 the same, where the coefficients are exact and the result is wide."""
    raw = np.random.default_rng(1).integers(-20, 20, size=(2, *shape))
    op = operator(factors, weight, "fixed<30,10>")
    found = grid.run_all(op, [raw], ["fixed<10,6>"])
    np.testing.assert_array_equal(found / 2**20, op.reference(raw / 16))


def test_what_is_refused():
    """A tensor that is no picture, and coefficients that are no shares."""
    good, plain = coefficients(2, "ufixed<3,1>"), Format(8, 4)
    op = Bilinear(result=plain, rows=good, columns=good)
    with pytest.raises(
        ValueError, match=r"^input must have the axes height, width, channels, not shape \(2, 3\)$"
    ):
        op.check(Value("x", (2, 3), plain))
    for text, raw in (("fixed<4,2>", [1, 5]), ("fixed<4,2>", [-1, 0]), ("uint<2>", [2])):
        wrong = Constant(np.array(raw), Format.parse(text), np.zeros(len(raw)))
        with pytest.raises(
            ValueError, match=rf"^columns must be coefficients from 0 to 1, not raw \[{raw[0]}"
        ):
            Bilinear(result=plain, rows=good, columns=wrong).check(Value("x", (2, 3, 1), plain))
