"""fxp.cast, and the cast of the caller's numbers at a graph's input, against the oracle."""

from fractions import Fraction

import numpy as np
import pytest

from emu import Graph, Node
from emu.ops import Input
from fxp import Format, cast, from_fraction
from tests import oracle
from tests.emu import grid

SHAPES = ("5,2", "4,7", "6,-3", "1,1", "2,1", "3,0")


@pytest.mark.parametrize(
    "source", ["fixed<8,4>", "ufixed<8,4>", "fixed<7,-2>", "fixed<6,9>", "int<7>"]
)
def test_every_raw_value_into_every_mode(source):
    """A cast is round(x), then overflow, whatever the two formats are."""
    raw = grid.codes(source)
    x = grid.values(raw, source)
    targets = [
        text
        for shape in SHAPES
        for signed in (True, False)
        for text in grid.every_mode(shape, signed=signed)
    ]
    for text in (*targets, *(f"{sign}int<{width}>" for sign in ("", "u") for width in (1, 3, 9))):
        t = oracle.read(text)
        found = cast(raw, Format.parse(source), Format.parse(text))
        grid.agree(
            found, [oracle.cast_raw(v, t) for v in x], lambda text=text: f"{source} -> {text}"
        )


def graph_input(text, size):
    return Graph((Node("x", Input(result=Format.parse(text), dimensions=(size,))),), ("x",))


def near_zero():
    """Floats at and beside every tie and bound of the small formats, with both zeros."""
    halves = [k / 64 for k in range(-700, 700, 3)] + [k / 16 for k in range(-170, 170)]
    beside = [np.nextafter(k / 16, side) for k in range(-40, 41) for side in (-np.inf, np.inf)]
    tiny = [0.0, -0.0, 5e-324, -5e-324, 2.2e-308, -2.2e-308, 0.49999999999999994]
    return np.array([*halves, *beside, *tiny])


def far_away():
    """Floats up to the end of float64, some of them odd in their last bit."""
    odd = [s * (2.0**k + 2.0 ** (k - 52)) for k in (5, 40, 51, 52, 53, 60, 63, 64) for s in (1, -1)]
    return np.array([*odd, 2.0**62, -(2.0**62), -(2.0**63), 1e300, -1e300, 1.7976931348623157e308])


WIDE = (
    "fixed<62,2>",
    "fixed<62,60,RND,SAT>",
    "ufixed<61,30>",
    "fixed<3,-40>",
    "fixed<62,-5,RND_ZERO>",
)


@pytest.mark.parametrize("points", [near_zero, far_away])
def test_input_casts_the_exact_double(points):
    """Ties, -0.0, subnormals and values far outside are cast as the number they are."""
    x = points()
    exact = [Fraction(float(v)) for v in x]
    for text in (*grid.MODES, *grid.RESULTS, *WIDE):
        t = oracle.read(text)
        expected = [oracle.cast_raw(v, t) for v in exact]
        found = graph_input(text, x.size).predict(x[None, :], raw=True)
        grid.agree(found[0], expected, lambda text=text: text)
        each = np.array([from_fraction(v, Format.parse(text)) for v in exact])
        grid.agree(each, expected, lambda text=text: f"from_fraction {text}")


@pytest.mark.parametrize("text", ["fixed<4,1,RND_CONV,SAT>", "fixed<8,3>"])
def test_input_casts_single_precision_and_integers_as_they_are(text):
    """float32 and integer arrays widen exactly before the cast."""
    t = oracle.read(text)
    single = np.array([0.1, -0.1, 3.7, 1e-45, -7.0625], dtype=np.float32)
    found = graph_input(text, single.size).predict(single[None, :], raw=True)
    grid.agree(found[0], [oracle.cast_raw(Fraction(float(v)), t) for v in single], lambda: text)
    whole = np.array([-9, -1, 0, 1, 3, 4, 100], dtype=np.int32)
    found = graph_input(text, whole.size).predict(whole[None, :], raw=True)
    grid.agree(found[0], [oracle.cast_raw(int(v), t) for v in whole], lambda: text)


def test_from_fraction_agrees_on_thirds_and_ties():
    """A rational that no float holds is rounded once."""
    points = [Fraction(n, d) for d in (1, 3, 7, 8, 16, 1000) for n in range(-90, 91, 2)]
    for text in (*grid.MODES, *grid.RESULTS):
        t, f = oracle.read(text), Format.parse(text)
        found = np.array([from_fraction(p, f) for p in points])
        grid.agree(found, [oracle.cast_raw(p, t) for p in points], lambda text=text: text)


@pytest.mark.parametrize("seed", range(4))
def test_wide_casts(seed):
    """Random formats up to 62 bits, raw values at their ends and around powers of two."""
    rng = np.random.default_rng(seed)
    for _ in range(60):
        width, target_width = (int(rng.integers(1, 63)) for _ in range(2))
        integer = int(rng.integers(-20, width + 20))
        sign, target_sign = ("" if rng.random() < 0.7 else "u" for _ in range(2))
        source = f"{sign}fixed<{width},{integer}>"
        limits = grid.LIMITS + grid.SIGN_MAGNITUDE if not target_sign else grid.LIMITS
        limit = str(rng.choice([m for m in limits if "," not in m or target_width >= 5]))
        target_integer = integer + int(rng.integers(-12, 13))
        rounding = rng.choice(oracle.ROUNDINGS)
        text = f"{target_sign}fixed<{target_width},{target_integer},{rounding},{limit}>"
        raw = grid.corners(source, rng, 40)
        t = oracle.read(text)
        found = cast(raw, Format.parse(source), Format.parse(text))
        expected = [oracle.cast_raw(v, t) for v in grid.values(raw, source)]
        grid.agree(found, expected, lambda s=source, text=text: f"{s} -> {text}")
