"""C++ of dense layers and batch normalisation gives the emulator's bits, mode by mode."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from emu.ops import BatchNormalization, Dense
from fxp import Format
from generator import LayerSchedule
from tests.emu import grid
from tests.emu.test_grid_dense import SCALES, TIGHT, vectors
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

ORDERS = (
    (4, 2, 1),
    (4, 2, 2),
    (4, 2, 4),
    (4, 2, 8),
    (6, 3, 2),
    (6, 3, 3),
    (6, 3, 6),
    (6, 3, 18),
    (6, 4, 12),
    (8, 1, 4),
)
"""n_in, n_out and a reuse factor that the resource kernels take."""

SATURATING = (
    "fixed<5,2,TRN,SAT>",
    "fixed<6,3,RND,SAT_SYM>",
    "fixed<5,2,RND_CONV,SAT_ZERO>",
    "fixed<5,3,TRN,WRAP,1>",
    "ufixed<5,3,RND,SAT>",
)


def dense(
    x,
    accum,
    result,
    n_in,
    *,
    n_out=2,
    w="fixed<4,2>",
    b="fixed<5,2>",
    reuse=1,
    strategy="latency",
    seed=0,
    limit=512,
):
    """A dense layer with random weights, on every vector of ``x`` or many of them."""
    rng = np.random.default_rng(seed)
    weight = rng.choice(grid.corners(w, rng, 40), size=(n_in, n_out))
    raw = (
        vectors(x, n_in, limit)
        if Format.parse(x).width < 12
        else rng.choice(grid.corners(x, rng, 60), size=(limit, n_in))
    )
    op = Dense(
        result=Format.parse(result),
        weight=grid.constant(w, weight),
        bias=grid.constant(b, rng.choice(grid.corners(b, rng, 20), size=n_out)),
        accum=Format.parse(accum),
        interleave=reuse if strategy != "latency" and reuse < n_in else 1,
    )
    label = f"{strategy} {reuse} {n_in} x {n_out}: {x} * {w} + {b}, accum {accum} -> {result}"
    return sweep.Case(op, x, raw, label, LayerSchedule(reuse, strategy))


def accumulators(step):
    """Every rounding with every overflow mode, as accumulator and as result."""
    cases = []
    for k, accum in enumerate(TIGHT):
        x = ("fixed<3,2>", "ufixed<3,2>", "fixed<3,0>")[k % 3]
        cases.append(dense(x, accum, "fixed<12,6>", 3, seed=k))
    for k, result in enumerate(grid.MODES):
        accum = ("fixed<9,4>", result)[k % 2]
        cases.append(dense("fixed<3,2>", accum, result, 3, seed=k, limit=200))
    return cases[::step]


def kinds(step):
    """Integers, negative integer bits and I > W as input, weight, bias, accumulator, result."""
    cases, k = [], 0
    for accum in (*grid.RESULTS, "fixed<6,9>", "ufixed<40,20,RND,SAT>"):
        for result in (*grid.RESULTS, accum):
            if k % step == 0:
                x, w = grid.INPUTS[k % 15], grid.INPUTS[k // 15 % 14]
                b = ("fixed<5,2>", "int<4>", "ufixed<3,-1>")[k % 3]
                cases.append(dense(x, accum, result, 2, w=w, b=b, seed=k, limit=200))
            k += 1
    return cases


def orders(seeds):
    """Saturating sums in each order: ascending, interleaved, output by output."""
    cases = []
    for n_in, n_out, reuse in ORDERS:
        for k, accum in enumerate(SATURATING):
            for seed in range(seeds):
                strategy = ("resource", "resource_unrolled")[(k + seed + reuse) % 2]
                cases.append(
                    dense(
                        "fixed<4,2>",
                        accum,
                        "fixed<8,4>",
                        n_in,
                        n_out=n_out,
                        w="fixed<4,3>",
                        reuse=reuse,
                        strategy=strategy,
                        seed=10 * k + seed,
                        limit=400,
                    )
                )
    return cases


def wide():
    """Products of 62 bits, accumulators up to 62 bits, shifts both ways."""
    return [
        dense(x, accum, result, 5, n_out=3, w=w, b="fixed<20,8>", limit=40, seed=k)
        for k, (x, w, accum, result) in enumerate(
            (
                ("fixed<31,10>", "fixed<31,5>", "fixed<62,20>", "fixed<62,31,RND,SAT>"),
                ("fixed<31,10>", "fixed<31,5>", "fixed<62,14,RND,SAT>", "fixed<16,6>"),
                ("fixed<31,10>", "fixed<31,5>", "ufixed<62,16,RND_INF,SAT>", "int<40>"),
                ("ufixed<30,2>", "fixed<32,2>", "fixed<62,0,TRN,SAT_SYM>", "int<9>"),
                ("fixed<16,6>", "fixed<18,2>", "fixed<62,-6,TRN,SAT>", "fixed<62,-6>"),
                ("fixed<16,30>", "fixed<18,30>", "fixed<8,1,RND,SAT>", "fixed<8,1>"),
                ("fixed<16,-30>", "fixed<18,-30>", "fixed<62,1,TRN>", "fixed<62,-20,RND>"),
                ("fixed<30,30>", "fixed<32,32>", "fixed<62,62,TRN,WRAP,3>", "fixed<62,62>"),
                ("fixed<30,30>", "fixed<32,32>", "int<62>", "int<20>"),
                ("int<30>", "uint<32>", "int<62>", "uint<7>"),
            )
        )
    ]


def batch_normalization(text, result, scale, bias, n=2, seed=0, raw=None):
    rng = np.random.default_rng(seed)
    raw = grid.codes(text) if raw is None else raw
    op = BatchNormalization(
        result=Format.parse(result),
        scale=grid.constant(scale, rng.choice(grid.corners(scale, rng, 30), size=n)),
        bias=grid.constant(bias, rng.choice(grid.corners(bias, rng, 30), size=n)),
    )
    label = f"batch normalisation {text} * {scale} + {bias} -> {result}"
    # Two positions of each channel: element i takes constant i % n.
    return sweep.Case(op, text, np.repeat(raw[:, None], 2 * n, axis=1), label)


def normalisations(step):
    cases = [
        batch_normalization(
            ("fixed<6,3>", "ufixed<6,2>")[k % 2], result, *SCALES[k % len(SCALES)], seed=k
        )
        for k, result in enumerate(grid.MODES)
    ]
    for text in grid.INPUTS:
        for k, (scale, bias) in enumerate(SCALES):
            cases += [
                batch_normalization(text, result, scale, bias, seed=k)
                for result in grid.RESULTS[k % 4 :: 4]
            ]
    rng = np.random.default_rng(5)
    for text, scale, bias in (
        ("fixed<31,10>", "fixed<30,5>", "fixed<30,14>"),
        ("ufixed<40,2>", "fixed<20,12>", "ufixed<40,0>"),
        ("fixed<20,-20>", "fixed<20,30>", "fixed<40,9>"),
    ):
        raw = grid.corners(text, rng, 60)
        for result in ("fixed<62,30,RND_CONV,SAT>", "ufixed<16,6,RND,SAT_ZERO>", "int<30>"):
            cases.append(batch_normalization(text, result, scale, bias, raw=raw))
    return cases[::step]


FAMILIES = {
    "accumulators": (lambda: accumulators(5), lambda: accumulators(1)),
    "kinds": (lambda: kinds(7) + wide(), lambda: kinds(1)),
    "orders": (lambda: orders(1), lambda: orders(4)),
    "batch_normalization": (lambda: normalisations(7), lambda: normalisations(1)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_sums_in_cpp(family, tmp_path, record_property):
    """Each product and sum cast, each order of additions, each kind of format."""
    compiled.require()
    count = sweep.agree(FAMILIES[family][0](), tmp_path)
    record_property("values_compared", count)
    assert count > 5000


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_the_whole_grid_of_sums_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(FAMILIES[family][1](), tmp_path))


def test_the_orders_of_the_grid_differ():
    """Else the grid of orders would prove nothing: another order mostly gives other bits."""
    differing = total = 0
    for case in orders(1):
        n_in = case.op.weight.shape[0]
        value = sweep.graph_of([case]).values["x0"]
        own = case.op.evaluate(case.raw, values=(value,))
        for other in range(1, n_in):
            if n_in % other == 0 and other != case.op.interleave:
                changed = dataclasses.replace(case.op, interleave=other)
                differing += not np.array_equal(own, changed.evaluate(case.raw, values=(value,)))
                total += 1
    assert differing >= 50, f"{differing} of {total}"
