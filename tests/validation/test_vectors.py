"""Stimuli are raw integers that the emulator reads back exactly; each group has its rows."""

import numpy as np
import pytest

from emu import Graph, Node
from emu.op import Constant
from emu.ops import Activation, Dense, Input
from fxp import Format, from_float
from validation import stimuli

SMALL = Format.parse("fixed<5,2>")


def one_input(text="fixed<5,2>", size=4):
    format = Format.parse(text)
    return Graph(
        (
            Node("x", Input(result=format, dimensions=(size,))),
            Node("y", Activation(name="relu", result=format), ("x",)),
        ),
        ("y",),
    )


def two_inputs():
    weight = Constant(np.ones((2, 1), np.int64), SMALL, np.full((2, 1), 0.125))
    bias = Constant(np.zeros(1, np.int64), SMALL, np.zeros(1))
    wide = Format.parse("ufixed<9,9>")
    return Graph(
        (
            Node("a", Input(result=SMALL, dimensions=(2,))),
            Node("b", Input(result=wide, dimensions=(3,))),
            Node("ya", Dense(weight=weight, bias=bias, accum=SMALL, result=SMALL), ("a",)),
            Node("yb", Activation(name="relu", result=wide), ("b",)),
        ),
        ("ya", "yb"),
    )


def rows(vectors, group, name="x"):
    return vectors.raw[name][vectors.rows()[group]]


def has(array, row):
    return bool((array == np.array(row)).all(axis=1).any())


def test_user_rows_come_first_and_are_cast_as_the_input_is():
    """The group ``user`` holds from_float(x), row by row."""
    x = np.random.default_rng(0).normal(0, 3, (7, 4))
    vectors = stimuli(one_input(), x, random=5)
    assert [name for name, _ in vectors.groups] == ["user", "corner", "random"]
    assert vectors.groups[0] == ("user", 7) and vectors.groups[2] == ("random", 5)
    np.testing.assert_array_equal(rows(vectors, "user"), from_float(x, SMALL))
    assert vectors.samples == len(vectors.raw["x"])


@pytest.mark.parametrize(
    "row",
    [
        [-16] * 4,
        [15] * 4,
        [0] * 4,
        [1] * 4,
        [-1] * 4,
        [15, -16, 15, -16],
        [-16, 15, -16, 15],
        [0, 0, 15, 0],
        [0, -16, 0, 0],
        [4] * 4,
        [-16, -6, 4, 15],
        [15, 4, -6, -16],
    ],
)
def test_corners(row):
    """Bounds, zero, one, minus one, turns, one-hot extremes, single bits, both ramps."""
    assert has(rows(stimuli(one_input(), random=0), "corner"), row)


def test_corners_of_an_unsigned_input_stay_in_it():
    """No code below zero: -1 becomes 0, and the top bit is an ordinary one."""
    corner = rows(stimuli(one_input("ufixed<4,4>"), random=0), "corner")
    assert corner.min() == 0 and corner.max() == 15
    assert has(corner, [8] * 4)


def test_every_element_of_several_inputs_takes_an_extreme_alone():
    """One-hot rows visit each element of each input once per extreme, the others being zero."""
    vectors = stimuli(two_inputs(), random=0)
    both = np.concatenate([vectors.raw["a"], vectors.raw["b"]], axis=1)
    for place, extreme in [(0, 15), (1, -16), (2, 511), (4, 511)]:
        row = np.zeros(5, dtype=np.int64)
        row[place] = extreme
        assert has(both, row)


def test_wide_inputs_get_a_bounded_number_of_one_hot_rows():
    """1000 elements: 64 places per extreme, first and last among them."""
    corner = rows(stimuli(one_input(size=1000), random=0), "corner")
    alone = corner[(corner != 0).sum(axis=1) == 1]
    assert len(alone) == 2 * 64
    assert {0, 999} <= set(np.nonzero(alone)[1].tolist())


def test_random_rows_follow_the_seed():
    """The same seed gives the same rows and hash; another gives others."""
    first, again, other = (stimuli(one_input(), random=50, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(first.raw["x"], again.raw["x"])
    assert first.sha256 == again.sha256 != other.sha256
    assert (rows(first, "random") != rows(other, "random")).any()


def test_random_rows_reach_both_bounds_and_small_values():
    """Half of the rows are uniform over all codes, the others over fewer bits."""
    random = rows(stimuli(one_input("fixed<16,6>"), random=2000), "random")
    assert random.min() < -32000 and random.max() > 32000
    assert (np.abs(random).max(axis=1) < 64).sum() > 100


def test_the_emulator_reads_back_every_raw_value():
    """reals() is exact: tracing it gives the raw values again."""
    for text in ("fixed<16,6>", "ufixed<8,-3>", "fixed<8,12>", "int<7>", "fixed<62,30>"):
        graph = one_input(text)
        vectors = stimuli(graph, random=100)
        np.testing.assert_array_equal(
            graph.trace(vectors.reals(graph), raw=True)["x"], vectors.raw["x"]
        )


def test_beyond_53_bits_the_vectors_say_what_they_lack():
    """A 60-bit input gets values of 53 significant bits, and a note."""
    vectors = stimuli(one_input("fixed<60,20>"), random=100)
    assert vectors.notes == (
        "input x is 60 bits wide: its vectors hold at most 53 significant bits,"
        " because the emulator reads float64",
    )
    flat = vectors.raw["x"].reshape(-1).tolist()
    assert all(int(float(raw)) == raw for raw in flat)
    assert max(abs(raw) for raw in flat) > 2**58
    assert not stimuli(one_input("fixed<53,20>"), random=1).notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"random": -1}, "random must be a number of vectors, 0 or more, not -1"),
        ({"random": True}, "random must be a number of vectors, 0 or more, not True"),
        ({"seed": -2}, "seed must be an integer, 0 or more, not -2"),
        (
            {"random": 0, "corners": False},
            "vectors must be at least one: give x, corners=True or random=1000",
        ),
    ],
)
def test_bad_options(options, message):
    """Every message."""
    with pytest.raises(ValueError) as error:
        stimuli(one_input(), **options)
    assert str(error.value) == message


def test_a_wrong_x_is_refused_as_predict_refuses_it():
    """The shape is checked by the same code."""
    with pytest.raises(ValueError, match=r"^input x must have shape \(N, 4\), not \(3, 5\)$"):
        stimuli(one_input(), np.zeros((3, 5)))
