"""C++ of merges, dot products and concatenations gives the emulator's bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from emu.ops import MERGES, Concatenate, Dot, Merge
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_merge import PAIRS, SHAPES
from tests.generator import compiled, sweep

pytestmark = pytest.mark.cpp


def case(op, texts, raws):
    """One operator on raw inputs of these formats."""
    label = f"{op.function} {texts} {[raw.shape[1:] for raw in raws]} -> {op.result}"
    more = tuple(zip(texts[1:], raws[1:], strict=True))
    return sweep.Case(op, texts[0], raws[0], label, more=more)


def pairs(name, left, right, result, count=2):
    """One element a sample, every pair of codes."""
    raws = [raw.reshape(-1, 1) for raw in grid.pairs(left, right)]
    return case(Merge(result=Format.parse(result), name=name, count=count), (left, right), raws)


def kinds(step=1):
    """Every operator, pair of inputs and kind of result."""
    every = list(itertools.product(PAIRS, grid.RESULTS, MERGES))[::step]
    return [pairs(name, left, right, result) for (left, right), result, name in every]


def modes(step=1):
    """Each rounding with each overflow."""
    every = list(itertools.product(grid.MODES, MERGES))[::step]
    cases = [pairs(name, "fixed<4,2>", "ufixed<3,1>", result) for result, name in every]
    for k, result in enumerate(grid.MODES[:: 3 * step]):
        cases.append(pairs("average", "fixed<5,4>", "fixed<4,2>", result, (3, 4, 5, 7, 12)[k % 5]))
    return cases


def shapes():
    """Every way to broadcast; wide values; dot products; each axis of a concatenation."""
    rng = np.random.default_rng(1)
    texts, cases = ("fixed<6,2>", "fixed<5,3>"), []
    for k, (pair, cyclic) in enumerate(itertools.product(SHAPES, (False, True))):
        ordered = pair[:: 1 if k % 4 < 2 else -1]
        sizes = sorted(int(np.prod(shape)) for shape in ordered)
        if cyclic and sizes[1] % sizes[0]:
            continue
        raws = [
            rng.choice(grid.codes(text), size=(8, *shape))
            for text, shape in zip(texts, ordered, strict=True)
        ]
        op = Merge(result=Format(9, 5), name=list(MERGES)[k % 6], cyclic=cyclic)
        cases.append(case(op, texts, raws))
    wide = ("fixed<60,30>", "ufixed<55,12>")
    for name in MERGES:
        raws = [rng.choice(grid.corners(text, rng, 40), size=(60, 1)) for text in wide]
        op = Merge(result=Format.parse("fixed<62,20,RND_CONV,SAT>"), name=name)
        cases.append(case(op, wide, raws))
    for accum in grid.MODES[::7]:
        raws = [rng.choice(grid.codes(text), size=(60, 5)) for text in texts]
        op = Dot(result=Format.parse("fixed<7,3,RND,SAT>"), accum=Format.parse(accum))
        cases.append(case(op, texts, raws))
    for axis, base in itertools.product(range(3), ((4,), (2, 3), (2, 3, 4))):
        if axis < len(base):
            other = tuple(n + (k == axis) for k, n in enumerate(base))
            raws = [
                rng.choice(grid.codes(text), size=(8, *shape))
                for text, shape in zip(texts, (base, other), strict=True)
            ]
            op = Concatenate(result=Format.parse("ufixed<4,2,RND,SAT>"), axis=axis)
            cases.append(case(op, texts, raws))
    return cases


def rare():
    """Quotients just above a tie; the -2 of an int<2> that counts as ternary."""
    cases = []
    for count, rounding in ((3, "RND_ZERO"), (5, "RND_CONV"), (7, "RND_MIN_INF")):
        result = f"fixed<5,2,{rounding}>"
        cases.append(pairs("average", "fixed<5,4>", "fixed<4,2>", result, count))
    for ternary in (False, True):
        pair = ("fixed<4,2>", "int<2>")
        raws = [raw.reshape(-1, 4) for raw in grid.pairs(*pair)]
        op = Dot(result=Format(12, 6), accum=Format(9, 5), ternary=ternary)
        cases.append(case(op, pair, raws))
    return cases


@pytest.mark.long
@pytest.mark.parametrize("family", [kinds, modes, shapes, rare], ids=lambda family: family.__name__)
def test_the_whole_grid_of_merges_in_cpp(family, tmp_path, record_property):
    """Without leaving any out."""
    compiled.require()
    record_property("values_compared", sweep.agree(family(), tmp_path))
