"""Every path of the engine at the edge of its condition: exact there, not offered one beyond.

The sums are compared with the declared order on int64 and with the same on Python integers.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from emu.engine.epilogue import Epilogue
from emu.engine.paths import admissible, halves, partial_bound, stays_inside
from emu.engine.plan import block_dtype, make_plan
from emu.graph import Graph, Node
from emu.linear import Linear
from emu.op import Op, Value
from emu.ops import Activation, Input
from fxp import Format, growth
from tests.emu.engine import by_name, run_plan


class Sums(Op):
    """A layer that is nothing but its Linear."""

    def __init__(self, linear):
        vars(self).update(linear_=linear, result=linear.result)

    header = "dense"

    def shape(self, *shapes):
        return (self.linear_.outputs,)

    def linear(self, *inputs):
        return self.linear_


def parse(text):
    return Format.parse(text)


def linear(x, w, accum, result, columns, start=0):
    """Dense sums of ``columns`` (one list of raw weights an output)."""
    f, g = parse(accum), parse(x)
    n = len(columns[0])
    matrix = np.array(columns, dtype=np.int64).T
    return Linear(
        pointer=np.arange(len(columns) + 1) * n,
        row=np.tile(np.arange(n), len(columns)),
        weight=np.array(columns, dtype=np.int64).reshape(-1),
        start=np.full(len(columns), start, dtype=np.int64),
        product=growth.multiply(g, parse(w)),
        accum=f,
        result=parse(result),
        matrix=matrix,
    )


def paths(one, x):
    f = parse(x)
    return {p.name for p in admissible(one, (f.raw_min, f.raw_max), block_dtype(f))}


def vectors(x, n, seed=0):
    """All sign patterns of the two extremes of up to 6 inputs, and random codes."""
    f = parse(x)
    ends = [f.raw_min, f.raw_max]
    edge = [
        [*pattern, *([f.raw_min] * (n - len(pattern)))]
        for pattern in itertools.product(ends, repeat=min(n, 6))
    ]
    rng = np.random.default_rng(seed)
    some = rng.integers(f.raw_min, f.raw_max, size=(200, n), endpoint=True)
    powers = 2 ** rng.integers(0, f.width, size=(200, n)) - rng.integers(0, 2, size=(200, n))
    signs = rng.choice([-1, 1] if f.signed else [1], size=(200, n))
    return np.concatenate([edge, some, np.clip(powers * signs, f.raw_min, f.raw_max)])


def check(one, x, raw=None):
    """Every admissible path equals the declared order on int64 and on Python integers."""
    raw = vectors(x, int(one.row.max()) + 1) if raw is None else raw
    expected = one.evaluate(raw)
    wide = one._evaluate_wide(raw.astype(object))
    np.testing.assert_array_equal(expected, np.array(wide, dtype=np.int64))
    graph = Graph(
        (
            Node("x", Input(result=parse(x), dimensions=(raw.shape[1],))),
            Node("y", Sums(one), ("x",)),
        ),
        ("y",),
    )
    names = paths(one, x)
    for name in names:
        plan = make_plan(graph, ("y",), by_name(name))
        found = run_plan(plan, {"x": raw})
        np.testing.assert_array_equal(found, expected, err_msg=f"{name}: {one.accum}")
    return names


WIDE = "fixed<60,50>"


class TestFloats:
    """Every partial sum an integer that the mantissa holds."""

    @pytest.mark.parametrize(
        ("path", "x", "w", "mantissa"),
        [("float32", "fixed<9,9>", "fixed<18,18>", 24), ("float64", "fixed<27,27>", "int<29>", 53)],
    )
    def test_largest_sum_that_fits_and_one_beyond(self, path, x, w, mantissa):
        peak = -parse(x).raw_min
        norm = (1 << mantissa) // peak
        halved = [norm // 2, -(norm - norm // 2 - 1), 1]
        assert sum(map(abs, halved)) * peak == 1 << mantissa
        accum = "fixed<60,60>"
        assert path in check(linear(x, w, accum, "fixed<60,60>", [halved, halved[::-1]]), x)
        beyond = [norm // 2, -(norm - norm // 2 - 1), 2]
        assert path not in check(linear(x, w, accum, "fixed<60,60>", [halved, beyond]), x)

    def test_appended_zeros(self):
        """A finer accumulator: the sum is shifted after it is formed."""
        assert "float32" in check(
            linear("fixed<6,6>", "fixed<6,6>", "fixed<40,30>", WIDE, [[3, -31, 7]]), "fixed<6,6>"
        )

    def test_dropped_bits_are_never_summed_in_floats(self):
        one = linear("fixed<6,4>", "fixed<6,4>", "fixed<12,10>", WIDE, [[3, -31, 7]])
        assert not {"float32", "float64"} & check(one, "fixed<6,4>")


class TestInt16:
    def test_any_weight_of_a_wrapping_accumulator(self):
        """Sums modulo 2**16: nothing to prove but the accumulator's width."""
        rng = np.random.default_rng(1)
        columns = rng.integers(-(1 << 15), 1 << 15, size=(5, 7)).tolist()
        for accum in ("fixed<16,6>", "ufixed<16,6>", "fixed<11,3>", "fixed<16,6,RND>"):
            one = linear("fixed<16,6>", "fixed<16,6>", accum, WIDE, columns, start=1)
            assert "int16" in check(one, "fixed<16,6>")
        one = linear("fixed<16,6>", "fixed<16,6>", "fixed<17,7>", WIDE, columns)
        assert "int16" not in check(one, "fixed<16,6>")

    @pytest.mark.parametrize("shift", range(-3, 18))
    @pytest.mark.parametrize("rounding", ["TRN", "RND"])
    def test_every_shift(self, shift, rounding):
        """Products by halves: from appended zeros to all 16 low bits dropped, not one more."""
        frac = 16 - shift
        accum = f"fixed<16,{16 - frac},{rounding}>"
        weights = [-(1 << 15), (1 << 15) - 1, -1, 1, (1 << 7) + 1, 0, 12345, -8191, 16384]
        one = linear("fixed<16,8>", "fixed<16,8>", accum, WIDE, [weights, weights[::-1]])
        alone = linear("fixed<16,8>", "fixed<16,8>", accum, WIDE, [weights])
        assert one.shift == shift
        for sums in (one, alone):  # two outputs a pass, and one
            assert ("int16" in check(sums, "fixed<16,8>")) == (shift <= 16)

    def test_sums_that_stay_inside_a_wider_accumulator(self):
        f = "fixed<8,8>"
        inside = linear(f, "fixed<9,9>", "fixed<30,30,TRN,SAT>", WIDE, [[255, 0]], start=127)
        assert partial_bound(inside, (-128, 127)) == (1 << 15) - 1
        assert "int16" in check(inside, f)
        beyond = linear(f, "fixed<9,9>", "fixed<30,30,TRN,SAT>", WIDE, [[255, 0]], start=128)
        assert "int16" not in check(beyond, f)

    @pytest.mark.parametrize("rounding", ["RND_MIN_INF", "RND_ZERO", "RND_CONV", "TRN_ZERO"])
    def test_other_roundings_are_not_offered(self, rounding):
        accum = f"fixed<16,6,{rounding}>"
        one = linear("fixed<16,6>", "fixed<16,6>", accum, WIDE, [[5000, -7001]])
        assert "int16" not in check(one, "fixed<16,6>")

    def test_a_row_that_an_output_reads_twice(self):
        """Each of its products is rounded on its own."""
        columns = [[33, 97, 11], [5, 71, 29]]
        one = linear("fixed<16,8>", "fixed<16,8>", "fixed<16,8>", WIDE, columns)
        twice = replace(one, row=np.array([0, 0, 1, 0, 0, 1]), matrix=None, memo={})
        assert "int16" in check(twice, "fixed<16,8>", vectors("fixed<16,8>", 2))

    def test_outputs_that_are_no_matrix(self):
        """Pairs found by their rows, as a convolution's are."""
        columns = [[330, -97, 11], [5, 710, -29], [7, 0, 9]]
        one = linear("fixed<16,8>", "fixed<16,8>", "fixed<16,8,RND>", WIDE, columns)
        apart = replace(one, matrix=None, memo={})
        assert "int16" in check(apart, "fixed<16,8>")

    def test_halves_are_the_weight(self):
        weight = np.arange(-(1 << 15), 1 << 15)
        for shift in range(1, 17):
            low, high = (part.astype(np.int64) for part in halves(weight, shift))
            assert np.array_equal((high << shift) + (low >> (16 - shift)), weight)


class TestInt32:
    def test_largest_product_that_fits_and_one_beyond(self):
        """A product that loses bits must fit 32 bits with its rounding constant."""
        x, accum = "fixed<17,9>", "fixed<32,20>"
        fits = linear(x, "fixed<17,9>", accum, WIDE, [[(1 << 15) - 1, -(1 << 15) + 1]])
        assert "int32" in check(fits, x)
        beyond = linear(x, "fixed<17,9>", accum, WIDE, [[1 << 15, -(1 << 15)]])
        assert "int32" not in check(beyond, x)
        rounds = linear(x, "fixed<17,9>", "fixed<32,20,RND>", WIDE, [[(1 << 15) - 1]])
        assert "int32" in check(rounds, x)

    def test_a_wrapping_accumulator_of_32_bits_and_of_33(self):
        columns = [[(1 << 30) - 1, -(1 << 30), 12345]]
        one = linear("fixed<16,16>", "int<31>", "fixed<32,32>", WIDE, columns)
        assert "int32" in check(one, "fixed<16,16>")
        unsigned = linear("fixed<16,16>", "int<31>", "ufixed<32,32>", WIDE, columns)
        assert "int32" in check(unsigned, "fixed<16,16>")
        one = linear("fixed<16,16>", "int<31>", "fixed<33,33>", WIDE, columns)
        assert "int32" not in check(one, "fixed<16,16>")

    def test_sums_that_stay_inside(self):
        x = "fixed<16,16>"
        fits = linear(
            x, "fixed<17,17>", "fixed<40,40,TRN,SAT>", WIDE, [[65535]], start=(1 << 15) - 1
        )
        assert partial_bound(fits, (-(1 << 15), (1 << 15) - 1)) == (1 << 31) - 1
        assert "int32" in check(fits, x)
        beyond = linear(x, "fixed<17,17>", "fixed<40,40,TRN,SAT>", WIDE, [[65535]], start=1 << 15)
        assert "int32" not in check(beyond, x)


class TestSaturation:
    @pytest.mark.parametrize("overflow", ["SAT", "SAT_SYM", "SAT_ZERO", "WRAP,1", "WRAP_SM"])
    def test_just_inside_any_order_just_outside_in_order(self, overflow):
        """The bound itself stays inside; one more and the order is kept."""
        x, accum = "fixed<4,4>", f"fixed<8,8,TRN,{overflow}>"
        inside = linear(x, "fixed<4,4>", accum, "fixed<12,12>", [[7, -7, 1], [1, 1, 1]], start=7)
        assert stays_inside(inside, (-8, 7))
        assert "int64" in check(inside, x)
        outside = linear(x, "fixed<4,4>", accum, "fixed<12,12>", [[7, -7, 1], [1, 1, 1]], start=8)
        assert not stays_inside(outside, (-8, 7))
        names = check(outside, x)
        assert "ordered64" in names
        assert "int64" not in names

    @pytest.mark.parametrize("overflow", ["SAT", "SAT_SYM", "SAT_ZERO", "WRAP,2", "WRAP_SM"])
    @pytest.mark.parametrize("rounding", ["TRN", "RND_CONV"])
    def test_far_outside(self, overflow, rounding):
        """Products and sums several times the range: every bit above it counts."""
        x, columns = "fixed<4,2>", [[7, -8, 7, 5, -3], [-8, -8, 7, 6, 1], [3, 7, 7, -8, -8]]
        for integer in (2, 3, 5):
            accum = f"fixed<5,{integer},{rounding},{overflow}>"
            one = linear(x, "fixed<4,2>", accum, "fixed<12,8>", columns, start=3)
            assert "ordered64" in check(one, x)

    @pytest.mark.parametrize("width", [2, 5, 12, 15, 16])
    @pytest.mark.parametrize("mode", ["TRN,SAT", "RND,SAT", "RND,SAT_SYM", "TRN,SAT_SYM"])
    def test_sixteen_bits_clamped_at_every_step(self, width, mode):
        """Products that leave 16 bits, that just fit and that are small, in one sum."""
        rng = np.random.default_rng(width)
        weights = [-(1 << 15), (1 << 15) - 1, 1023, -1024, 1025, 1, -1, 0]
        columns = [rng.permutation(weights).tolist() for _ in range(6)]
        for integer in (width, width - 6, width - 14, width + 3):
            accum = f"fixed<{width},{integer},{mode}>"
            one = linear("fixed<16,6>", "fixed<16,6>", accum, WIDE, columns)
            names = check(one, "fixed<16,6>")
            assert ("ordered16" in names) == (one.shift <= 16 and -one.shift <= 0), accum

    def test_largest_product_on_32_bits(self):
        x, accum = "fixed<17,9>", "fixed<20,12,TRN,SAT>"
        fits = linear(x, "fixed<17,9>", accum, WIDE, [[(1 << 15) - 1, -(1 << 15) + 1, 99]])
        assert "ordered32" in check(fits, x)
        beyond = linear(x, "fixed<17,9>", accum, WIDE, [[1 << 15, -(1 << 15), 99]])
        assert "ordered32" not in check(beyond, x)

    def test_unsigned_accumulators_keep_their_order(self):
        """Zero is a bound of theirs."""
        one = linear("fixed<4,4>", "fixed<4,4>", "ufixed<30,30,TRN,SAT>", WIDE, [[1, -1, 1]])
        assert "int64" not in check(one, "fixed<4,4>")


def test_roundings_count_in_the_bound():
    """200 products of a half, each rounded up to 1: twice what their exact sum is."""
    x, accum = "ufixed<1,1>", "fixed<8,8,RND,SAT>"
    one = linear(x, "fixed<4,3>", accum, "fixed<12,12>", [[1] * 200])
    assert not stays_inside(one, (0, 1))
    check(one, x, np.array([[1] * 200, [0] * 200, [1, 0] * 100]))


class TestEpilogues:
    """What follows the sums: casts on int32 and int64, clamps and tables, at their ends."""

    @pytest.mark.parametrize(
        "result",
        [
            "fixed<16,6>",
            "fixed<31,15,RND,SAT>",
            "fixed<14,2,RND,SAT>",
            "fixed<32,16>",
            "fixed<33,17,RND_CONV,SAT>",
            "ufixed<31,15>",
            "ufixed<32,16,RND,SAT>",
            "fixed<8,20>",
            "fixed<62,20>",
            "fixed<3,-9>",
            "fixed<9,3,RND_ZERO,SAT_ZERO>",
            "fixed<9,3,TRN_ZERO,WRAP_SM,2>",
            "int<7>",
        ],
    )
    @pytest.mark.parametrize("activation", ["relu", "linear", "ternary_tanh"])
    def test_after_sums_of_each_size(self, result, activation):
        for accum in ("fixed<16,6>", "fixed<31,12>", "fixed<45,30>"):
            one = linear("fixed<16,6>", "fixed<9,3>", accum, accum, [[200, -255, 7], [1, 0, -1]])
            raw = vectors("fixed<16,6>", 3)
            sums = one.evaluate(raw)
            follows = Activation(result=parse(result), name=activation)
            expected = follows.evaluate(sums, values=(Value("s", (2,), parse(accum)),))
            graph = Graph(
                (
                    Node("x", Input(result=parse("fixed<16,6>"), dimensions=(3,))),
                    Node("s", Sums(one), ("x",)),
                    Node("y", follows, ("s",)),
                ),
                ("y",),
            )
            for name in paths(one, "fixed<16,6>"):
                found = run_plan(make_plan(graph, ("y",), by_name(name)), {"x": raw})
                np.testing.assert_array_equal(found, expected, err_msg=f"{name} {accum} {result}")
            apart = make_plan(graph, ("s", "y"))
            assert [planned.nodes for planned in apart.steps[1:]] == [("s",), ("y",)]
            x = np.ldexp(raw, -parse("fixed<16,6>").frac)
            found = graph.trace(x, raw=True)
            np.testing.assert_array_equal(found["s"], sums)
            np.testing.assert_array_equal(found["y"], expected)

    @pytest.mark.parametrize(
        ("result", "narrow"),
        [
            ("fixed<32,16>", True),
            ("fixed<33,17>", False),
            ("ufixed<31,15>", True),
            ("ufixed<32,16>", False),
        ],
    )
    def test_which_casts_run_on_int32(self, result, narrow):
        """The largest code of the result must fit, 2**32 - 1 does not."""
        assert Epilogue().cast(parse("fixed<48,30>"), parse(result)).narrow == narrow

    def test_ends_that_wrap_say_nothing_of_what_lies_between(self):
        """-128 and 127 become 0 and -1, those between all the others: what follows saturates."""
        x, middle = "fixed<8,8>", "fixed<4,4>"
        one = linear(middle, middle, "fixed<6,6,TRN,SAT>", "fixed<6,6>", [[7, -7, 7], [1, 1, 1]])
        nodes = (
            Node("x", Input(result=parse(x), dimensions=(3,))),
            Node("cut", Activation(result=parse(middle), name="linear"), ("x",)),
            Node("y", Sums(one), ("cut",)),
        )
        raw = np.random.default_rng(2).integers(-128, 128, size=(300, 3))
        expected = one.evaluate((raw + 8) % 16 - 8)
        found = Graph(nodes, ("y",)).predict(raw.astype(np.float64), raw=True)
        np.testing.assert_array_equal(found, expected)

    def test_a_rounding_constant_beyond_32_bits(self):
        """Sums next to 2**31 plus half a step: int64 stages."""
        x, accum, result = "fixed<16,16>", "fixed<32,32>", "fixed<24,30,RND,SAT>"
        one = linear(x, "fixed<2,2>", accum, result, [[1]], start=(1 << 31) - 20000)
        raw = np.arange(-(1 << 15), 1 << 15, 7).reshape(-1, 1)
        assert "int32" in check(one, x, raw)
