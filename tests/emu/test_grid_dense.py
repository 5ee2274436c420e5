"""Dense and batch normalisation on every small input, in every accumulator mode, exactly."""

import itertools

import numpy as np
import pytest

from emu.ops import BatchNormalization, Dense, Reshape
from fxp import Format
from tests import oracle
from tests.emu import grid

TIGHT = (*grid.every_mode("4,2"), *grid.every_mode("5,1"), *grid.every_mode("4,3", signed=False))


def vectors(text, n_in, limit=4096):
    """Every vector of a format's codes; where there are too many, an even choice of them."""
    codes = grid.codes(text)
    total = len(codes) ** n_in
    if total <= limit:
        return np.array(list(itertools.product(codes, repeat=n_in)), dtype=np.int64)
    rng = np.random.default_rng(total % 1000)
    some = rng.choice(codes, size=(max(limit - 2 * n_in - 2, 10), n_in))
    ends = np.array([[codes[0]] * n_in, [codes[-1]] * n_in])
    hot = [np.where(np.arange(n_in) == i, end, 0) for i in range(n_in) for end in codes[[0, -1]]]
    return np.concatenate([some, ends, hot]).astype(np.int64)


def check(
    x, accum, result, *, n_in, n_out=2, w="fixed<4,2>", b="fixed<5,2>", reuse=0, seed=0, limit=512
):
    """One dense layer with random weights; ``reuse`` 0 is the latency order."""
    rng = np.random.default_rng(seed)
    weight = rng.choice(grid.codes(w), size=(n_in, n_out)) if oracle.read(w).width < 20 else None
    if weight is None:
        weight = rng.choice(grid.corners(w, rng, 40), size=(n_in, n_out))
    bias = rng.choice(grid.corners(b, rng, 20), size=n_out)
    narrow = oracle.read(x).width < 12
    raw = (
        vectors(x, n_in, limit)
        if narrow
        else rng.choice(grid.corners(x, rng, 60), size=(limit, n_in))
    )
    op = Dense(
        result=Format.parse(result),
        weight=grid.constant(w, weight),
        bias=grid.constant(b, bias),
        accum=Format.parse(accum),
        interleave=reuse if 0 < reuse < n_in else 1,
    )
    order = list(
        oracle.resource_terms(n_in, n_out, reuse) if reuse else oracle.latency_terms(n_in, n_out)
    )
    exact = [grid.values(row, w) for row in weight]
    start, acc, out = grid.values(bias, b), oracle.read(accum), oracle.read(result)
    expected = [oracle.dense(grid.values(row, x), exact, start, acc, out, order) for row in raw]
    what = f"{x} * {w} + {b}, accum {accum}, {result}, reuse {reuse}"
    return grid.agree(grid.run(op, raw, x), expected, lambda: what)


@pytest.mark.parametrize("accum", TIGHT)
def test_every_mode_of_the_accumulator(accum):
    """Each product and each sum is cast to it: rounded, then saturated or wrapped."""
    seed = TIGHT.index(accum)
    x = ("fixed<3,2>", "ufixed<3,2>", "fixed<3,0>")[seed % 3]
    check(x, accum, "fixed<12,6>", n_in=3, seed=seed, limit=512)
    check("fixed<2,1>", accum, "fixed<5,2,RND,SAT>", n_in=4, n_out=1, seed=seed, w="fixed<5,1>")


@pytest.mark.parametrize("result", grid.MODES)
def test_every_mode_of_the_result(result):
    """The accumulator is cast once to the result."""
    check("fixed<3,2>", "fixed<9,4>", result, n_in=3, seed=len(result), limit=200)


@pytest.mark.parametrize("result", [*grid.RESULTS[:12], "int<4>", "uint<3>", "int<1>", "uint<1>"])
def test_every_kind_of_accumulator_and_result(result):
    """Integers, negative integer bits and I > W, on either side."""
    for k, accum in enumerate((*grid.RESULTS, "fixed<6,9>", "ufixed<40,20,RND,SAT>")):
        x = grid.INPUTS[k % len(grid.INPUTS)]
        check(
            x,
            accum,
            result,
            n_in=2,
            seed=k,
            limit=60,
            b=("fixed<5,2>", "int<4>", "ufixed<3,-1>")[k % 3],
        )


ORDERS = [
    (4, 2, 1),
    (4, 2, 2),
    (4, 2, 4),
    (4, 2, 8),
    (6, 3, 2),
    (6, 3, 3),
    (6, 3, 6),
    (6, 3, 18),
    (8, 1, 4),
]


@pytest.mark.parametrize(("n_in", "n_out", "reuse"), ORDERS)
def test_orders_of_accumulation(n_in, n_out, reuse):
    """A saturating sum depends on its order: hls4ml's resource kernels, pass by pass."""
    for k, accum in enumerate(
        (
            "fixed<5,2,TRN,SAT>",
            "fixed<6,3,RND,SAT_SYM>",
            "fixed<5,2,RND_CONV,SAT_ZERO>",
            "fixed<5,3,TRN,WRAP,1>",
            "ufixed<5,3,RND,SAT>",
        )
    ):
        for seed in range(3):
            check(
                "fixed<4,2>",
                accum,
                "fixed<8,4>",
                n_in=n_in,
                n_out=n_out,
                reuse=reuse,
                seed=10 * k + seed,
                limit=80,
                w="fixed<4,1>",
            )


def test_the_orders_differ():
    """Else the test above would prove nothing: the same layer, two orders, two answers."""
    x = oracle.read("fixed<4,2>")
    weight = [[oracle.Fraction(1)]] * 4
    acc = oracle.read("fixed<5,2,TRN,SAT>")
    sample = [oracle.value(r, x) for r in (7, 7, -8, -8)]
    orders = (oracle.latency_terms(4, 1), oracle.resource_terms(4, 1, 2))
    found = [
        oracle.dense(sample, weight, [oracle.Fraction(0)], acc, acc, order) for order in orders
    ]
    assert found[0] != found[1]


def test_wide_sums():
    """Products of 62 bits, sums beyond 2**53, accumulators up to 62 bits, shifts both ways."""
    cases = (
        ("fixed<31,10>", "fixed<31,5>", "fixed<62,20>"),
        ("fixed<31,10>", "fixed<31,5>", "fixed<62,14,RND,SAT>"),
        ("fixed<31,10>", "fixed<31,5>", "fixed<40,14,RND_CONV>"),
        ("fixed<31,10>", "fixed<31,5>", "ufixed<62,16,RND_INF,SAT>"),
        ("ufixed<30,2>", "fixed<32,2>", "fixed<62,0,TRN,SAT_SYM>"),
        ("fixed<16,6>", "fixed<18,2>", "fixed<60,40>"),
        ("fixed<16,6>", "fixed<18,2>", "fixed<62,-6,TRN,SAT>"),
        ("fixed<16,30>", "fixed<18,30>", "fixed<8,1,RND,SAT>"),
        ("fixed<16,-30>", "fixed<18,-30>", "fixed<8,1,RND_ZERO,SAT>"),
        ("fixed<16,-30>", "fixed<18,-30>", "fixed<62,1,TRN>"),
        ("fixed<30,30>", "fixed<32,32>", "fixed<62,62,TRN,WRAP,3>"),
        ("fixed<30,30>", "fixed<32,32>", "int<62>"),
        ("fixed<26,13>", "fixed<27,13>", "int<20>"),
        ("fixed<40,10>", "fixed<40,5>", "fixed<14,6,RND,SAT>"),  # on Python integers
    )
    for seed, (x, w, accum) in enumerate(cases):
        for n_in, reuse in ((1, 0), (5, 0), (6, 2)):
            sizes = {"n_in": n_in, "n_out": 3, "reuse": reuse, "seed": seed, "limit": 40}
            check(x, accum, accum, w=w, b="fixed<20,8>", **sizes)
            check(x, accum, "fixed<62,31,RND,SAT>", w=w, b="fixed<20,8>", **sizes)


@pytest.mark.parametrize("reuse", [0, 2])
@pytest.mark.parametrize(
    ("x", "w", "accum"),
    [
        ("fixed<40,10>", "fixed<30,4>", "fixed<75,20>"),
        ("fixed<40,10>", "fixed<30,4>", "fixed<70,12,RND_CONV,SAT>"),
        ("fixed<70,30>", "fixed<8,2>", "fixed<90,34,RND_ZERO>"),
        ("ufixed<65,5>", "fixed<8,2>", "fixed<20,8,TRN_ZERO,SAT_SYM>"),
        ("fixed<10,4>", "fixed<8,2>", "fixed<66,30,RND,WRAP,2>"),
        ("fixed<10,4>", "fixed<70,2>", "fixed<24,6,TRN,SAT_ZERO>"),
    ],
)
def test_sums_beyond_62_bits(x, w, accum, reuse):
    """Inputs, weights, products and accumulators above 62 bits, in both orders."""
    for result in ("fixed<16,6,RND,SAT>", "fixed<100,40>"):
        check(x, accum, result, n_in=4, w=w, b="fixed<64,8>", reuse=reuse, limit=60)


def test_many_inputs():
    """Long sums, where no partial sum can leave the accumulator and where one can."""
    for accum in (
        "fixed<30,16,TRN,SAT>",
        "fixed<14,6,RND,SAT>",
        "fixed<16,6>",
        "fixed<12,6,RND_CONV>",
    ):
        check(
            "fixed<8,3>", accum, "fixed<16,6,RND,SAT>", n_in=100, n_out=4, w="fixed<8,1>", limit=20
        )


def test_rounding_alone_leaves_the_range():
    """Eight products of half an LSB, each rounded up: their exact sum would fit."""
    for accum, sign in (("fixed<4,3,RND,SAT>", 1), ("fixed<4,3,RND_INF,SAT>", -1)):
        raw = np.array([[1] * 8, [1] * 7 + [0], [1] * 4 + [0] * 4])
        weight, bias = np.full((8, 1), sign), [min(sign, 0)]
        op = Dense(
            result=Format.parse("fixed<8,5>"),
            weight=grid.constant("fixed<3,1>", weight),
            bias=grid.constant("fixed<4,3>", bias),
            accum=Format.parse(accum),
        )
        acc, out = oracle.read(accum), oracle.read("fixed<8,5>")
        exact = [grid.values(row, "fixed<3,1>") for row in weight]
        start, order = grid.values(bias, "fixed<4,3>"), list(oracle.latency_terms(8, 1))
        samples = [grid.values(row, "ufixed<1,1>") for row in raw]
        expected = [oracle.dense(x, exact, start, acc, out, order) for x in samples]
        assert expected[0] == ([28] if sign > 0 else [-32])
        grid.agree(grid.run(op, raw, "ufixed<1,1>"), expected, lambda accum=accum: accum)


SCALES = (
    ("fixed<8,3>", "fixed<8,3>"),
    ("ufixed<6,0>", "fixed<9,2>"),
    ("fixed<5,8>", "fixed<4,-3>"),
    ("fixed<6,-4>", "ufixed<3,6>"),
    ("int<4>", "uint<3>"),
    ("fixed<16,6>", "fixed<16,6>"),
)


def normalised(text, result, scale, bias, n=3, seed=0, raw=None):
    """One batch normalisation over every raw input, n channels with constants of their own."""
    rng = np.random.default_rng(seed)
    factors, offsets = (rng.choice(grid.corners(t, rng, 30), size=n) for t in (scale, bias))
    raw = grid.codes(text) if raw is None else raw
    raw = np.repeat(raw[:, None], n, axis=1)
    op = BatchNormalization(
        result=Format.parse(result),
        scale=grid.constant(scale, factors),
        bias=grid.constant(bias, offsets),
    )
    out = oracle.read(result)
    pairs = list(zip(grid.values(factors, scale), grid.values(offsets, bias), strict=True))
    expected = [
        [oracle.batch_normalization(x, a, b, out) for x, (a, b) in zip(row, pairs, strict=True)]
        for row in (grid.values(line, text) for line in raw)
    ]
    grid.agree(grid.run(op, raw, text), expected, lambda: f"{text} * {scale} + {bias} -> {result}")


@pytest.mark.parametrize("result", grid.MODES)
def test_batch_normalization_in_every_mode(result):
    """Exact product and sum, one cast."""
    k = grid.MODES.index(result)
    normalised(("fixed<6,3>", "ufixed<6,2>")[k % 2], result, *SCALES[k % len(SCALES)], seed=k)


@pytest.mark.parametrize("text", grid.INPUTS)
def test_batch_normalization_of_every_format(text):
    """Signs, points and integers of all three operands."""
    for k, (scale, bias) in enumerate(SCALES):
        for result in grid.RESULTS[k % 4 :: 4]:
            normalised(text, result, scale, bias, n=2, seed=k)


def test_wide_batch_normalization():
    """Sums of up to 62 bits."""
    rng = np.random.default_rng(5)
    for text, scale, bias in (
        ("fixed<31,10>", "fixed<30,5>", "fixed<30,14>"),
        ("ufixed<40,2>", "fixed<20,12>", "ufixed<40,0>"),
        ("fixed<20,-20>", "fixed<20,30>", "fixed<40,9>"),
    ):
        raw = grid.corners(text, rng, 60)
        for result in (
            "fixed<62,30,RND_CONV,SAT>",
            "fixed<40,20>",
            "ufixed<16,6,RND,SAT_ZERO>",
            "int<30>",
        ):
            normalised(text, result, scale, bias, raw=raw)


@pytest.mark.parametrize(
    ("text", "scale", "bias"),
    [
        ("fixed<70,30>", "fixed<16,4>", "fixed<16,8>"),
        ("ufixed<63,5>", "fixed<8,2>", "fixed<64,2>"),
        ("fixed<16,6>", "fixed<80,2>", "fixed<10,4>"),
        ("fixed<40,10>", "fixed<30,10>", "fixed<30,14>"),
        ("fixed<16,6>", "fixed<16,6>", "fixed<40,38>"),
    ],
)
def test_batch_normalization_beyond_62_bits(text, scale, bias):
    """Operands, product or sum alone above 62 bits."""
    raw = grid.corners(text, np.random.default_rng(6), 40)
    for result in ("fixed<16,6,RND,SAT>", "fixed<100,40,RND_CONV>", "ufixed<70,20,TRN,SAT>"):
        normalised(text, result, scale, bias, raw=raw)


def test_batch_normalization_repeats_its_channels():
    """Element i takes constant ``i % n``: the last axis, or the whole tensor."""
    raw = np.arange(-12, 12).reshape(2, 2, 2, 3)
    text = "fixed<6,3>"
    for n in (1, 3, 6, 12):
        factors, offsets = np.arange(1, n + 1), np.arange(n) - 5
        op = BatchNormalization(
            result=Format.parse("fixed<16,8>"),
            scale=grid.constant(text, factors),
            bias=grid.constant(text, offsets),
        )
        flat = raw.reshape(2, -1)
        expected = [
            [
                oracle.batch_normalization(
                    grid.values([x], text)[0],
                    grid.values([factors[i % n]], text)[0],
                    grid.values([offsets[i % n]], text)[0],
                    oracle.read("fixed<16,8>"),
                )
                for i, x in enumerate(row)
            ]
            for row in flat
        ]
        grid.agree(grid.run(op, raw, text).reshape(2, -1), expected, lambda n=n: f"{n} channels")


def test_reshape_keeps_bits_and_order():
    """Row-major, no cast."""
    raw = np.arange(-12, 12).reshape(2, 3, 4)
    op = Reshape(result=Format.parse("fixed<6,3>"), target=(2, 6))
    grid.agree(grid.run(op, raw, "fixed<6,3>"), raw.reshape(2, 2, 6).tolist(), lambda: "reshape")
