"""C++ of the four softmax implementations gives the emulator's bits on every small vector."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from emu.ops import Softmax
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_dense import vectors
from tests.emu.test_grid_softmax import ACCUMS, SHORT, tables
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp

KINDS = ("latency", "stable", "legacy", "argmax")


def softmax(
    kind,
    text,
    result,
    *,
    n=3,
    outer=1,
    inner=1,
    sizes=(8, 16),
    accum=ACCUMS[0],
    inverse_input="fixed<8,5,RND,SAT>",
    difference="ufixed<5,3>",
    table="fixed<9,3>",
    seed=0,
    raw=None,
    limit=400,
):
    looks, folds = kind != "argmax", kind in ("latency", "stable")
    op = Softmax(
        result=Format.parse(result),
        implementation=kind,
        n_outer=outer,
        n_slice=n,
        n_inner=inner,
        accum=Format.parse(accum) if folds else None,
        inverse_input=Format.parse(inverse_input) if folds else None,
        difference=Format.parse(difference) if kind == "stable" else None,
        exponential=grid.table(table, tables(sizes[0], table, seed)) if looks else None,
        inverse=grid.table(table, tables(sizes[1], table, seed + 1)) if looks else None,
    )
    raw = vectors(text, outer * n * inner, limit) if raw is None else raw
    label = (
        f"{kind} {text} {outer} x {n} x {inner} -> {result},"
        f" {accum} {inverse_input} {difference} {table} {sizes}"
    )
    return sweep.Case(op, text, raw, label)


def kinds(step):
    """Every kind of input, accumulator, difference and result."""
    difference = ("ufixed<4,3>", "ufixed<5,3,RND,SAT>", "fixed<5,4>", "uint<3>")
    cases = []
    for k, (text, accum, kind) in enumerate(itertools.product(SHORT, ACCUMS, KINDS)):
        common = {"accum": accum, "difference": difference[k // 4 % 4], "seed": k}
        if k % step == 0:
            result = grid.RESULTS[k // step % len(grid.RESULTS)]
            cases.append(softmax(kind, text, result, n=2, **common))
            cases.append(
                softmax(
                    kind, text, "fixed<16,4>", sizes=(4, 64), inverse_input="ufixed<7,3>", **common
                )
            )
    return cases


def modes(step):
    """Each rounding and overflow of result, accumulator, inverse input, difference, table."""
    cases = []
    for k, result in enumerate(grid.MODES):
        cases.append(softmax(KINDS[k % 4], "fixed<3,2>", result, n=2, sizes=(8, 32), seed=k))
    for k, accum in enumerate(grid.MODES):
        cases.append(
            softmax(
                KINDS[k % 2],
                "fixed<3,3>",
                "fixed<12,5>",
                n=(3, 5, 6, 7, 11)[k % 5],
                sizes=(8, 32),
                accum=accum,
                table="fixed<6,3>",
                inverse_input="fixed<5,2>",
                seed=k,
                limit=60,
            )
        )
    for k, mode in enumerate(grid.every_mode("5,3")):
        cases.append(
            softmax(
                KINDS[k % 2],
                "fixed<3,2>",
                "fixed<12,5>",
                sizes=(8, 8),
                inverse_input=mode,
                difference=mode,
            )
        )
    for k, table in enumerate((*grid.every_mode("6,4"), "int<6>", "fixed<6,8,RND,SAT>")):
        sizes = ((64, 64), (7, 100), (33, 5), (1024, 1024))[k % 4]
        cases.append(
            softmax("legacy", "fixed<5,3>", "fixed<14,6>", n=1 + k % 4, sizes=sizes, table=table)
        )
    return cases[::step]


def shapes():
    """Axes before and behind the normalised one; wide inputs; indices that wrap a C int."""
    cases = [
        softmax(kind, "fixed<4,2>", "fixed<10,4>", n=n, outer=outer, inner=inner, limit=60)
        for kind in KINDS
        for outer, n, inner in ((2, 3, 4), (1, 1, 1), (3, 2, 1), (1, 4, 2), (1, 16, 1))
    ]
    rng = np.random.default_rng(9)
    for text in ("fixed<32,16>", "ufixed<40,38>", "fixed<20,36>", "fixed<61,20>"):
        raw = rng.choice(grid.corners(text, rng, 40), size=(60, 3))
        cases += [
            softmax(
                kind,
                text,
                "fixed<40,10,RND,SAT>",
                sizes=(16, 64),
                raw=raw,
                difference="ufixed<50,40,RND,SAT>",
            )
            for kind in KINDS
            if kind != "legacy" or text != "fixed<61,20>"
        ]
    far = [2**31 + k for k in (-9, -8, -7, -2, -1, 0, 1, 9)]
    raw = np.array([[s * x, y, 0] for x in far for s in (1, -1) for y in (0, 3, -5, 2**31 - 1)])
    cases.append(softmax("legacy", "fixed<34,34>", "fixed<12,5>", sizes=(16, 64), raw=raw))
    return cases


def test_softmax_in_cpp(tmp_path, record_property):
    """A share of every sweep, and all of the shapes."""
    compiled.require()
    count = sweep.agree(kinds(13) + modes(6) + shapes(), tmp_path)
    record_property("values_compared", count)
    assert count > 20_000


@pytest.mark.long
@pytest.mark.parametrize("family", [kinds, modes], ids=lambda family: family.__name__)
def test_the_whole_grid_of_softmax_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(1), tmp_path))
