"""Softmax in its four implementations, on every vector of small formats, exactly."""

import itertools

import numpy as np
import pytest

from emu.ops import Softmax
from fxp import Format
from tests import oracle
from tests.emu import grid
from tests.emu.test_grid_dense import vectors

ACCUMS = (
    "fixed<18,8,RND,SAT>",
    "fixed<8,4,TRN,SAT>",
    "fixed<6,3>",
    "ufixed<7,2,RND_CONV,SAT>",
    "fixed<5,2,RND,SAT_SYM>",
    "fixed<6,2,RND_INF,SAT_ZERO>",
    "fixed<7,9,RND,SAT>",
    "fixed<6,3,RND_ZERO,WRAP,1>",
    "int<5>",
)


def tables(size, text, seed):
    """Distinct scrambled entries: a wrong address gives a wrong output."""
    t = oracle.read(text)
    rng = np.random.default_rng(seed)
    if t.width > 62:
        return [int(r) for r in rng.choice(grid.corners(text, rng, 4 * size), size)]
    return [int(r) for r in rng.integers(t.low, t.high, size, endpoint=True)]


def check(
    kind,
    text,
    result,
    *,
    n=3,
    sizes=(8, 16),
    accum=ACCUMS[0],
    inverse_input="fixed<8,5,RND,SAT>",
    difference="ufixed<5,3>",
    table="fixed<9,3>",
    inverse_table=None,
    seed=0,
    raw=None,
    limit=400,
):
    """One softmax over vectors of ``text``; tables are scrambled, the sums are what is tested."""
    raw = vectors(text, n, limit) if raw is None else raw
    inverse_table = inverse_table or table
    looks, folds = kind != "argmax", kind in ("latency", "stable")
    e, r = tables(sizes[0], table, seed), tables(sizes[1], inverse_table, seed + 1)
    op = Softmax(
        result=Format.parse(result),
        implementation=kind,
        n_slice=n,
        accum=Format.parse(accum) if folds else None,
        inverse_input=Format.parse(inverse_input) if folds else None,
        difference=Format.parse(difference) if kind == "stable" else None,
        exponential=grid.table(table, e) if looks else None,
        inverse=grid.table(inverse_table, r) if looks else None,
    )
    types = oracle.SoftmaxTypes(
        *(oracle.read(t) for t in (text, result, accum, inverse_input, difference, table))
    )
    e, r = grid.values(e, table), grid.values(r, inverse_table)
    expected = [oracle.softmax(kind, grid.values(row, text), types, e, r) for row in raw]
    what = f"{kind} {text} n {n} -> {result}, {accum} {inverse_input} {difference} {table} {sizes}"
    return grid.agree(grid.run(op, raw, text), expected, lambda: what)


SHORT = (
    "fixed<4,2>",
    "ufixed<4,3>",
    "fixed<3,-1>",
    "fixed<4,6>",
    "ufixed<3,0>",
    "int<4>",
    "uint<3>",
)


@pytest.mark.parametrize("text", SHORT)
@pytest.mark.parametrize("kind", ["latency", "stable", "legacy", "argmax"])
def test_every_vector(kind, text):
    """Every vector of two elements, every or many of three; all kinds of formats."""
    difference = ("ufixed<4,3>", "ufixed<5,3,RND,SAT>", "fixed<5,4>", "uint<3>")
    for k, accum in enumerate(ACCUMS):
        result = grid.RESULTS[k % len(grid.RESULTS)]
        common = {"accum": accum, "difference": difference[k % 4], "seed": k}
        check(kind, text, result, n=2, sizes=(8, 16), **common)
        check(kind, text, "fixed<16,4>", n=3, sizes=(4, 64), inverse_input="ufixed<7,3>", **common)


@pytest.mark.parametrize("kind", ["latency", "stable", "legacy", "argmax"])
def test_every_mode_of_the_result(kind):
    """The product, or the table entry, is cast once."""
    for k, result in enumerate(grid.MODES):
        check(kind, "fixed<3,2>", result, n=2, sizes=(8, 32), seed=k)


@pytest.mark.parametrize("accum", [*grid.every_mode("5,2"), *grid.every_mode("4,2", signed=False)])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7])
def test_every_node_of_the_tree_is_cast(accum, n):
    """The left part of each sum is the largest power of two: order and casts show in the bits."""
    for kind in ("latency", "stable") if n == 5 else ("latency",):
        check(
            kind,
            "fixed<3,3>",
            "fixed<12,5>",
            n=n,
            sizes=(8, 32),
            accum=accum,
            table="fixed<6,3>",
            inverse_input="fixed<5,2>",
            seed=n,
            limit=40,
        )


@pytest.mark.parametrize("mode", grid.every_mode("5,3"))
def test_every_mode_of_the_inverse_input(mode):
    """The sum is cast to the type that addresses the inverse table."""
    check("latency", "fixed<3,2>", "fixed<12,5>", n=3, sizes=(8, 32), inverse_input=mode, limit=80)
    check(
        "stable",
        "fixed<3,2>",
        "fixed<12,5>",
        n=3,
        sizes=(8, 8),
        inverse_input=mode,
        difference=mode,
        limit=80,
    )


@pytest.mark.parametrize(
    "table",
    [
        "fixed<9,4>",
        "fixed<18,8>",
        *grid.every_mode("6,4")[::2],
        "ufixed<7,3,RND,SAT>",
        "int<6>",
        "fixed<6,8,RND,SAT>",
    ],
)
def test_legacy_sums_in_the_type_of_its_table(table):
    """1 for itself and the others' entries, cast at every addition; sizes of any kind."""
    for sizes in ((64, 64), (7, 100), (33, 5), (1024, 1024)):
        for n in (1, 2, 4):
            check("legacy", "fixed<5,3>", "fixed<14,6>", n=n, sizes=sizes, table=table, limit=40)


@pytest.mark.parametrize("kind", ["latency", "stable", "legacy", "argmax"])
def test_real_tables(kind):
    """With hls4ml's own tables and default types: the values of a real network."""
    text, default = "fixed<16,6>", "fixed<18,8,RND,SAT>"
    rng = np.random.default_rng(3)
    raw = rng.choice(grid.corners(text, rng, 60), size=(60, 5))
    data, t, difference = oracle.read(text), oracle.read(default), oracle.read("ufixed<15,5>")
    if kind == "legacy":
        t = oracle.read("fixed<18,8>")
        e, r = oracle.legacy_tables(1024, 1024, t)
    else:
        e = oracle.exp_table(
            difference if kind == "stable" else data, 1024, t, 1.0, kind == "stable"
        )
        r = oracle.inverse_table(t, 1024, t)
    table = "fixed<18,8>" if kind == "legacy" else default
    folds = kind in ("latency", "stable")
    op = Softmax(
        result=Format.parse(text),
        implementation=kind,
        n_slice=5,
        accum=Format.parse(default) if folds else None,
        inverse_input=Format.parse(default) if folds else None,
        difference=Format.parse("ufixed<15,5>") if kind == "stable" else None,
        exponential=grid.table(table, e) if kind != "argmax" else None,
        inverse=grid.table(table, r) if kind != "argmax" else None,
    )
    types = oracle.SoftmaxTypes(data, data, t, t, difference, t)
    e, r = grid.values(e, table), grid.values(r, table)
    expected = [oracle.softmax(kind, grid.values(row, text), types, e, r) for row in raw]
    grid.agree(grid.run(op, raw, text), expected, lambda: kind)


@pytest.mark.parametrize("kind", ["latency", "stable", "legacy", "argmax"])
def test_wide_inputs(kind):
    """Top bits of wide values; legacy indices that wrap a C int."""
    rng = np.random.default_rng(9)
    for text in ("fixed<32,16>", "fixed<45,40>", "ufixed<40,38>", "fixed<20,36>", "fixed<61,20>"):
        if kind == "legacy" and text == "fixed<61,20>":
            continue
        raw = rng.choice(grid.corners(text, rng, 40), size=(60, 3))
        check(
            kind,
            text,
            "fixed<40,10,RND,SAT>",
            sizes=(16, 64),
            raw=raw,
            difference="ufixed<50,40,RND,SAT>",
        )


@pytest.mark.parametrize("kind", ["latency", "stable", "legacy", "argmax"])
@pytest.mark.parametrize("text", ["fixed<70,30>", "ufixed<63,20>", "fixed<16,6>"])
def test_beyond_62_bits(kind, text):
    """Inputs, sums, tables and results above 62 bits, together and apart."""
    rng = np.random.default_rng(11)
    raw = rng.choice(grid.corners(text, rng, 40), size=(40, 3))
    for result in ("fixed<16,6,RND,SAT>", "fixed<80,10,RND_CONV,SAT>", "fixed<70,2>"):
        for accum, table in (
            ("fixed<18,8,RND,SAT>", "fixed<18,8,RND,SAT>"),
            ("fixed<75,20,RND,SAT>", "fixed<66,8>"),
            ("fixed<62,20,TRN,SAT>", "fixed<62,10>"),
        ):
            types = {"accum": accum, "table": table, "inverse_input": "fixed<64,30,RND,SAT>"}
            check(kind, text, result, raw=raw, sizes=(16, 64), difference="ufixed<66,30>", **types)


def test_legacy_indices_at_the_end_of_a_c_int():
    """Half a table beyond 2**31 - 1 is negative, hence the first entry."""
    far = [2**31 + k for k in (-9, -8, -7, -2, -1, 0, 1, 9)]
    raw = np.array([[s * x, y, 0] for x in far for s in (1, -1) for y in (0, 3, -5, 2**31 - 1)])
    check("legacy", "fixed<34,34>", "fixed<12,5>", sizes=(16, 64), raw=raw)


def test_argmax_takes_the_first_of_equals():
    """Strictly greater moves the maximum."""
    raw = np.array(list(itertools.product((-2, 0, 3), repeat=4)))
    check("argmax", "fixed<4,2>", "fixed<6,2,RND,SAT>", n=4, raw=raw)


def test_inner_and_outer_axes():
    """Each vector along the middle axis is normalised on its own."""
    rng = np.random.default_rng(4)
    raw = rng.integers(-8, 8, size=(20, 2, 3, 4))
    e, r = tables(8, "fixed<9,3>", 0), tables(16, "fixed<9,3>", 1)
    text, accum, folded, out = "fixed<4,2>", "fixed<8,4,RND,SAT>", "fixed<6,4>", "fixed<10,4>"
    op = Softmax(
        result=Format.parse(out),
        implementation="latency",
        n_outer=2,
        n_slice=3,
        n_inner=4,
        accum=Format.parse(accum),
        inverse_input=Format.parse(folded),
        exponential=grid.table("fixed<9,3>", e),
        inverse=grid.table("fixed<9,3>", r),
    )
    types = oracle.SoftmaxTypes(*(oracle.read(t) for t in (text, out, accum, folded)))
    e, r = grid.values(e, "fixed<9,3>"), grid.values(r, "fixed<9,3>")
    expected = np.zeros(raw.shape, dtype=int)
    for k, outer, inner in itertools.product(range(20), range(2), range(4)):
        row = grid.values(raw[k, outer, :, inner], text)
        expected[k, outer, :, inner] = oracle.softmax("latency", row, types, e, r)
    grid.agree(grid.run(op, raw, text), expected.tolist(), lambda: "inner and outer axes")
